"""docs/formats/events.md is true: a decoder written from the page reads its example and a file that Cadent wrote."""

import contextlib
import re
import sqlite3
import struct
from pathlib import Path

import pytest
from cadent.schema.event import Event
from cadent.stores.events import EventsFile

PAGE = (Path(__file__).parents[2] / "docs/formats/events.md").read_text()


def example():
    lines = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ){1,16})", PAGE, re.MULTILINE)
    return bytes.fromhex("".join(lines))


def format_of(header):
    """The decoder of the page."""
    assert header[:16] == b"SQLite format 3\0"
    assert header[68:72] == b"CDNT"
    return struct.unpack(">L", header[60:64])[0]


@pytest.fixture
def written(tmp_path):
    file = EventsFile(tmp_path)
    file.add(Event.new(1_700_000_000, "deploy", ["web", "v7", "web"], "by hand"))
    file.add(Event.new(1_600_000_000, "none"))
    return file.path


def test_the_example_and_a_file_have_the_pages_header(written):
    assert format_of(example()) == format_of(written.read_bytes()) == 1


def test_a_file_has_the_pages_tables(written):
    (shown,) = re.findall(r"```sql\n(.*?)\n```", PAGE, re.DOTALL)
    with contextlib.closing(sqlite3.connect(written)) as db:
        tables = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")]
    assert [line.rstrip(";") for line in shown.split("\n")] == tables


def test_rows_are_as_the_page_says(written):
    with contextlib.closing(sqlite3.connect(written)) as db:
        events = db.execute("SELECT id, time, what, tags, data FROM event ORDER BY id").fetchall()
        tags = db.execute("SELECT name, time, event FROM tag ORDER BY name").fetchall()
    assert events == [(1, 1_700_000_000, "deploy", "web v7 web", "by hand"), (2, 1_600_000_000, "none", "", "")]
    assert tags == [("v7", 1_700_000_000, 1), ("web", 1_700_000_000, 1)]

"""The tree of paths in a keyspace of rows follows the names logs of its writers: real files, a real server."""

import sys
from pathlib import Path

import numpy as np
import pytest
from cadent.index.names import NamesLog
from cadent.index.source import LocalNames
from cadent.schema.errors import Unavailable
from cadent.schema.protocols import NewNames

pytest.importorskip("cassandra", reason="Cassandra's driver is missing: pip install cassandra-driver")

from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.link import Request
from cadent.stores.cassandra.path_table import PathTables
from cadent.stores.cassandra.settings import ClusterSettings

sys.path.append(str(Path(__file__).parent))

from faults import FaultyLink


@pytest.fixture
def tables(link, cassandra, keyspace):
    create(link, ClusterSettings.of_address(cassandra.store(keyspace), layout="rows"), {})
    return FaultyLink(link)


class Writer:
    """Its names log, and what brings it to the tables."""

    def __init__(self, tables, folder, name):
        folder.mkdir()
        self.log = NamesLog.open(folder)
        self.paths = PathTables(tables, LocalNames(name, folder))

    def add(self, first, *paths):
        names = [path.encode() for path in paths]
        ids = np.arange(first, first + len(paths), dtype=np.uint32)
        self.log.append(NewNames("default", 19_675, ids, np.array(list(map(len, names)), np.uint16), b"".join(names)))

    def step(self):
        self.paths.step()


@pytest.fixture
def new_writer(tables, tmp_path):
    writers = []

    def new(name):
        writers.append(Writer(tables, tmp_path / name.replace("/", "-"), name))
        return writers[-1]

    yield new
    for writer in writers:
        writer.log.close()


@pytest.fixture
def writer(new_writer):
    return new_writer("main/1")


def rows(tables):
    found = tables.read(Request("SELECT pos, segment, path, has_data, length, ids FROM path"))
    return sorted((pos, segment, path, has_data, length, dict(ids or {})) for pos, segment, path, has_data, length, ids in found)


def leaves(tables):
    """{path: its ids by writer} below the first segments."""
    return {path: ids for pos, _, path, has_data, _, ids in rows(tables) if pos == 0 and has_data}


def segments(tables):
    return sorted(tables.read(Request("SELECT pos, segment FROM segment")))


def test_a_path_is_below_each_of_its_beginnings(writer, tables):
    writer.add(5, "a.b.c")
    writer.step()
    assert segments(tables) == [(0, "a"), (1, "a.b"), (2, "a.b.c")]
    assert rows(tables) == [
        (0, "a", "a.b", False, 1, {}),
        (0, "a", "a.b.c", True, 2, {"main/1": 5}),
        (1, "a.b", "a.b.c", False, 2, {}),
        (1, "a.b", "a.b.c", True, 2, {"main/1": 5}),
        (2, "a.b.c", "a.b.c", True, 2, {"main/1": 5}),
    ]


def test_dots_in_tags_part_no_segments(writer, tables):
    writer.add(0, "a.b;host=x.y")
    writer.step()
    assert segments(tables) == [(0, "a"), (1, "a.b;host=x.y")]


def test_what_comes_later_is_there_after_the_next_step(writer, tables):
    writer.add(0, "a.b")
    writer.step()
    writer.add(1, *(f"a.x{number:03}" for number in range(250)))
    writer.step()
    want = {"a.b": {"main/1": 0}} | {f"a.x{number:03}": {"main/1": number + 1} for number in range(250)}
    assert leaves(tables) == want


def test_a_path_has_the_ids_of_all_writers_that_have_it(writer, new_writer, tables):
    other = new_writer("main/2")
    writer.add(0, "a", "b")
    other.add(7, "b", "c")
    for one in (writer, other):
        one.step()
    assert leaves(tables) == {"a": {"main/1": 0}, "b": {"main/1": 1, "main/2": 7}, "c": {"main/2": 8}}


def test_a_path_that_is_gone_or_renamed_has_no_id_of_that_writer(writer, tables):
    writer.add(0, "a", "b", "c")
    writer.step()
    writer.log.delete(np.array([0], np.uint32))
    writer.log.rename(np.array([1], np.uint32), ["d"])
    writer.step()
    assert leaves(tables) == {"a": {}, "b": {}, "c": {"main/1": 2}, "d": {"main/1": 1}}


def test_a_step_that_fails_is_made_up_for_by_the_next(writer, tables):
    writer.add(0, "a.b", "c.d")
    tables.lose(1)
    with pytest.raises(Unavailable):
        writer.step()
    tables.heal()
    writer.step()
    assert leaves(tables) == {"a.b": {"main/1": 0}, "c.d": {"main/1": 1}}


def test_what_was_lost_with_a_connection_is_written_again(writer, tables):
    writer.add(0, "a.b")
    writer.step()
    tables.write(Request("TRUNCATE path"))
    writer.step()
    assert leaves(tables) == {}
    tables.interruptions += 1
    writer.step()
    assert leaves(tables) == {"a.b": {"main/1": 0}}

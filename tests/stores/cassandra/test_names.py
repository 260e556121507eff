"""Names logs go to Cassandra as they are written, and come back whole: by readers that follow, and into a lost folder."""

import shutil

import numpy as np
import pytest
from cadent.index.frames import FILE_HEADER_SIZE
from cadent.index.names import NamesLog
from cadent.index.tail import log_path
from cadent.index.union import UnionIndex
from cadent.schema.errors import Damaged, StoreError, Unavailable
from cadent.schema.protocols import NewNames

pytest.importorskip("cassandra", reason="Cassandra's driver is missing: pip install cassandra-driver")

from cadent.stores.cassandra import names_table
from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.link import Link
from cadent.stores.cassandra.names import NamesDownload, NamesUpload, restore
from cadent.stores.cassandra.names_table import read_names_head
from cadent.stores.cassandra.settings import ClusterSettings

LIMIT = 1_000_000
PERIOD_S = 10.0


class Line:
    """A link that can be told to fail, to have been interrupted, and to lose what it acknowledges, as nodes that crash do."""

    def __init__(self, link):
        self.link = link
        self.interruptions = 0
        self.left = None  # how many writes go through
        self.loses = None  # writes with this text in their statement
        self.sent = []

    def __getattr__(self, name):
        return getattr(self.link, name)

    def write(self, request):
        self.write_many([request])

    def write_many(self, requests):
        for request in requests:
            if self.left == 0:
                raise Unavailable("the line was cut")
            self.left = self.left and self.left - 1
            self.sent.append(request)
            if self.loses is None or self.loses not in request.statement:
                self.link.write(request)


@pytest.fixture
def link(cassandra, keyspace):
    settings = ClusterSettings.of_address(cassandra.store(keyspace), request_timeout_s=60.0)
    link = Link.open(settings)
    create(link, settings, {})
    yield Line(link)
    link.close()


@pytest.fixture
def rows(cql, keyspace):
    """rows(): (nonce, start) of every row of names."""
    return lambda: sorted((row.nonce, row.start) for row in cql.execute(f"SELECT nonce, start FROM {keyspace}.names"))


@pytest.fixture
def small_rows(monkeypatch):
    """Logs of a few hundred bytes are of many rows and buckets."""
    monkeypatch.setattr(names_table, "BLOB_BYTES", 64)
    monkeypatch.setattr(names_table, "_BUCKET_BITS", 8)
    monkeypatch.setattr(names_table, "_BUCKET_BYTES", 256)


@pytest.fixture
def log(tmp_path):
    log = NamesLog.open(tmp_path / "a")
    yield log
    log.close()


@pytest.fixture
def upload(link, tmp_path, log):
    return NamesUpload(link, "main/1", tmp_path / "a", PERIOD_S)


def names(first_id, *paths):
    encoded = [path.encode() for path in paths]
    ids = np.arange(first_id, first_id + len(paths), dtype=np.uint32)
    return NewNames("default", 20_000, ids, [len(path) for path in encoded], b"".join(encoded))


def ids(*numbers):
    return np.array(numbers, np.uint32)


def reader(link):
    return UnionIndex([NamesDownload(link).source("main/1")])


def found(index):
    """{path: id at the writer} after a look"""
    index._union.look()
    matches = index.find("*", LIMIT)
    numbers = index.ids_of("main/1", ids(*(match.id for match in matches))).tolist()
    return {match.path: number for match, number in zip(matches, numbers, strict=True)}


def test_nothing_is_there_before_the_first_upload(link, upload):
    assert NamesDownload(link).writers() == []
    assert found(reader(link)) == {}
    upload.step(0)
    assert NamesDownload(link).writers() == ["main/1"]
    assert found(reader(link)) == {}


def test_readers_follow_what_is_appended(link, upload, log, small_rows):
    index, want = reader(link), {}
    for number in range(30):
        log.append(names(number, f"path-{number}" * (number + 1)))
        want[f"path-{number}" * (number + 1)] = number
        upload.step(number)
        if number % 4 == 0:
            assert found(index) == want
    assert found(index) == want
    assert found(reader(link)) == want


def test_a_frame_longer_than_a_bucket_arrives_whole(link, upload, log, small_rows, rows):
    paths = [f"path-{number}" for number in range(500)]
    log.append(names(0, *paths))
    upload.step(0)
    assert len(rows()) > 100
    assert found(reader(link)) == {path: number for number, path in enumerate(paths)}


def test_a_step_without_news_writes_nothing(link, upload, log):
    log.append(names(0, "a"))
    upload.step(0)
    link.left = 0
    upload.step(1)
    upload.step(100)


def test_a_torn_frame_is_not_uploaded(link, upload, log, tmp_path):
    log.append(names(0, "a"))
    whole = log_path(tmp_path / "a").stat().st_size
    log.append(names(1, "b"))
    with log_path(tmp_path / "a").open("r+b") as file:
        file.truncate(whole + 10)
    upload.step(0)
    assert read_names_head(link, "main/1").end == whole
    assert found(reader(link)) == {"a": 0}


@pytest.mark.parametrize("writes", range(5))
def test_an_upload_that_is_cut_anywhere_is_seen_when_it_is_done(link, upload, log, small_rows, tmp_path, writes):
    log.append(names(0, "a"))
    upload.step(0)
    index = reader(link)
    assert found(index) == {"a": 0}
    log.append(names(1, *"bcdefghijklmnopqrstuvwxyz"))
    link.left = writes
    with pytest.raises(Unavailable):
        upload.step(1)
    assert found(index) == found(reader(link)) == {"a": 0}
    link.left = None
    again = NamesUpload(link, "main/1", tmp_path / "a", PERIOD_S) if writes % 2 else upload
    again.step(2)
    assert len(found(index)) == len(found(reader(link))) == 26


def test_after_a_compaction_readers_begin_anew_and_the_old_rows_go_when_the_new_ones_last(
    link, upload, log, small_rows, rows, tmp_path
):
    log.append(names(0, *"abcdefghijklmnopqrstuvwxyz"))
    upload.step(0)
    index, before = reader(link), rows()
    assert len(found(index)) == 26
    log.delete(ids(*range(1, 26)))
    log.compact()
    upload.step(20)
    assert set(before) < set(rows())
    assert found(index) == {"a": 0}
    log.append(names(26, "new"))
    upload.step(29)
    assert set(before) < set(rows())
    upload.step(31)
    assert set(before).isdisjoint(rows())
    assert found(index) == found(reader(link)) == {"a": 0, "new": 26}


@pytest.mark.parametrize("writes", [*range(12), None])
def test_a_restart_while_a_compacted_log_is_uploaded_leaves_nothing_behind(link, upload, log, small_rows, rows, tmp_path, writes):
    log.append(names(0, *"abcdefghijklmnopqrstuvwxyz"))
    upload.step(0)
    before = rows()
    log.delete(ids(*range(1, 26)))
    log.compact()
    log.append(names(26, *"ABCDEFGHI"))
    link.left = writes
    try:
        upload.step(20)
        upload.step(31)
    except Unavailable:
        pass
    link.left = None
    log.compact()
    again = NamesUpload(link, "main/1", tmp_path / "a", PERIOD_S)
    again.check()
    again.step(40)
    again.step(51)
    assert set(before).isdisjoint(rows())
    assert len({nonce for nonce, _ in rows()}) == 1
    assert found(reader(link)) == {"a": 0} | {path: 26 + number for number, path in enumerate("ABCDEFGHI")}


@pytest.mark.parametrize("lost", ["INTO names", "UPDATE writer", ""])
def test_what_an_interruption_may_have_taken_is_uploaded_again(link, upload, log, small_rows, lost):
    want = {}
    for number in range(7):
        log.append(names(number, f"path-{number}"))
        want[f"path-{number}"] = number
        link.loses = lost if number > 4 else None
        upload.step(number * 5.0)
    link.loses = None
    index = reader(link)
    if lost == "INTO names":
        with pytest.raises(Unavailable, match="has to upload it again"):
            found(index)
    else:
        assert len(found(index)) == 5
    link.interruptions += 1
    link.sent.clear()
    upload.step(31.0)
    assert found(index) == found(reader(link)) == want
    # What was uploaded up to 20 is not sent again: at 30, ten seconds later, nothing was interrupted yet.
    assert min(request.values[3] for request in link.sent if "INTO names" in request.statement) > 128
    link.sent.clear()
    upload.step(32.0)
    assert link.sent == []


def test_after_an_interruption_soon_after_the_start_all_is_uploaded_again(link, upload, log):
    log.append(names(0, "a"))
    link.loses = ""
    upload.step(0)
    log.append(names(1, "b"))
    upload.step(5)
    link.loses = None
    link.interruptions += 1
    upload.step(6)
    assert found(reader(link)) == {"a": 0, "b": 1}


def test_another_data_folder_with_this_writers_name_is_refused(link, upload, log, tmp_path):
    upload.step(0)
    NamesLog.open(tmp_path / "b").close()
    other = NamesUpload(link, "main/1", tmp_path / "b", PERIOD_S)
    for refused in (other.check, lambda: other.step(0)):
        with pytest.raises(StoreError, match=r"main/1.*another data folder uses this writer's name"):
            refused()
    NamesUpload(link, "main/2", tmp_path / "b", PERIOD_S).step(0)
    assert NamesDownload(link).writers() == ["main/1", "main/2"]


def test_an_older_copy_of_the_data_folder_is_refused(link, upload, log, tmp_path):
    log.append(names(0, "a"))
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    log.append(names(1, "b"))
    upload.step(0)
    with pytest.raises(StoreError, match="older copy"):
        NamesUpload(link, "main/1", tmp_path / "copy", PERIOD_S).check()


def test_a_lost_folder_gets_its_names_back_and_ids_go_on(link, upload, log, small_rows, tmp_path, rows):
    log.append(names(0, "a", "b", "c", "d"))
    log.delete(ids(3))
    log.compact()  # after which the header alone says that 3 was given
    log.append(names(4, "e"))
    upload.step(0)
    lost = tmp_path / "lost"
    (tmp_path / "a").rename(lost)
    (tmp_path / "a").mkdir()
    assert restore(link, "main/1", tmp_path / "a")
    restored = NamesLog.open(tmp_path / "a")
    assert restored.next_id == 5
    frames = log_path(tmp_path / "a").read_bytes()[FILE_HEADER_SIZE:]
    assert frames == log_path(lost).read_bytes()[FILE_HEADER_SIZE:]
    restored.append(names(5, "f"))
    again = NamesUpload(link, "main/1", tmp_path / "a", PERIOD_S)
    again.step(0)
    again.step(11)
    assert found(reader(link)) == {"a": 0, "b": 1, "c": 2, "e": 4, "f": 5}
    assert len({nonce for nonce, _ in rows()}) == 1
    restored.close()
    with pytest.raises(StoreError, match="another data folder"):
        NamesUpload(link, "main/1", lost, PERIOD_S).check()


def test_no_id_that_has_points_is_given_again(link, upload, log, tmp_path):
    log.append(names(0, "a"))
    upload.step(0)
    (tmp_path / "b").mkdir()
    assert restore(link, "main/1", tmp_path / "b", used=7)
    with_names = NamesLog.open(tmp_path / "b", used=7)
    assert with_names.next_id == 7
    with_names.close()


def test_nothing_is_restored_over_a_log_nor_from_nothing(link, upload, log, tmp_path):
    (tmp_path / "b").mkdir()
    assert not restore(link, "main/1", tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []
    upload.step(0)
    before = log_path(tmp_path / "a").read_bytes()
    assert not restore(link, "main/1", tmp_path / "a")
    assert log_path(tmp_path / "a").read_bytes() == before


def test_changed_bytes_are_damage_and_nothing_is_restored(link, upload, log, tmp_path, cql, keyspace):
    log.append(names(0, "a", "b"))
    upload.step(0)
    (row,) = cql.execute(f"SELECT * FROM {keyspace}.names")
    harmed = bytearray(row.value)
    harmed[-20] ^= 1
    cql.execute(
        f"UPDATE {keyspace}.names SET value = %s WHERE writer = %s AND nonce = %s AND bucket = %s AND start = %s",
        (bytes(harmed), row.writer, row.nonce, row.bucket, row.start),
    )
    with pytest.raises(Damaged, match=f"main/1 in keyspace {keyspace} is damaged at byte 32"):
        found(reader(link))
    (tmp_path / "b").mkdir()
    with pytest.raises(Damaged):
        restore(link, "main/1", tmp_path / "b")
    assert not log_path(tmp_path / "b").exists()


def test_a_record_that_makes_no_sense_is_damage(link, upload, log, tmp_path):
    upload.step(0)
    (tmp_path / "a" / "names" / "uploaded").write_text("what\n")
    with pytest.raises(Damaged, match="uploaded"):
        NamesUpload(link, "main/1", tmp_path / "a", PERIOD_S).check()

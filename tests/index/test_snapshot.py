"""The snapshot is a way to start sooner and never a way to be wrong."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cadent.index import frames, snapshot, source
from cadent.index.follower import Follower
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.index.snapshot import Snapshot, SnapshotFile
from cadent.index.tail import Place, log_path
from cadent.schema.errors import Unavailable

LIMIT = 1_000_000
PATHS = ["a.b", "a.c", "b", "d.é.f", "x;t=1"]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """A snapshot is due from the first byte on."""
    monkeypatch.setattr(snapshot, "LEAST_GROWTH", 1)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "names" / "trie"


@pytest.fixture
def snapped(names, log, tmp_path, file):
    """The bytes of the snapshot of PATHS."""
    log.append(names(0, PATHS, "slow"))
    log.seen(20_001, np.array([1, 4], np.uint32))
    reader = Follower(tmp_path)
    reader.trie()
    reader.renew_snapshot()
    return file.read_bytes()


def found(folder):
    """All that an index lists that begins with the snapshot."""
    index = TrieIndex(folder)
    index._follower.load()
    patterns = ("*", "*.*", "*.*.*", "x;t=1")
    return [index.find(pattern, LIMIT, seen) for seen in (None, (20_000, 20_000), (20_001, 20_009)) for pattern in patterns]


def is_used(folder):
    return SnapshotFile(folder).read() is not None


def test_an_index_that_begins_with_it_finds_what_one_from_the_log_finds(snapped, tmp_path, file):
    assert is_used(tmp_path)
    from_snapshot = found(tmp_path)
    file.unlink()
    assert from_snapshot == found(tmp_path)
    assert [match.path for match in from_snapshot[1]] == ["a.b", "a.c", "d.é"]
    assert [[match.path for match in matches] for matches in from_snapshot[8:]] == [["a"], ["a.c"], [], ["x;t=1"]]


def test_what_the_log_got_since_is_read_from_the_log_alone(names, snapped, log, tmp_path, monkeypatch):
    log.append(names(5, ["a.d"]))
    log.delete(np.array([0], np.uint32))
    begun, pieces = [], source.pieces
    monkeypatch.setattr(source, "pieces", lambda file, begin: begun.append(begin) or pieces(file, begin))
    assert [match.path for match in found(tmp_path)[1]] == ["a.c", "a.d", "d.é"]
    assert begun == [Snapshot.decode(snapped).place.offset]


def test_encoding_and_decoding_are_inverse(snapped):
    assert Snapshot.decode(snapped).encode() == snapped


def test_a_snapshot_changed_in_any_byte_is_not_used(snapped, tmp_path, file):
    want = found(tmp_path)
    for at in range(len(snapped)):
        for bit in (1, 0x40):
            file.write_bytes(snapped[:at] + bytes([snapped[at] ^ bit]) + snapped[at + 1 :])
            assert not is_used(tmp_path)
            assert found(tmp_path) == want


def test_a_snapshot_cut_or_lengthened_is_not_used(snapped, tmp_path, file):
    want = found(tmp_path)
    for data in [*(snapped[:size] for size in range(len(snapped))), snapped + b"\0" * 8]:
        file.write_bytes(data)
        assert not is_used(tmp_path)
        assert found(tmp_path) == want


def test_a_snapshot_whose_checksum_is_right_and_columns_are_wrong_is_not_used(snapped, tmp_path, file):
    whole = Snapshot.decode(snapped)
    want = found(tmp_path)
    for columns in (whole.columns | {"parents": b"\xff" * len(whole.columns["parents"])}, whole.columns | {"text": b""}):
        file.write_bytes(Snapshot(whole.place, columns).encode())
        assert found(tmp_path) == want


def test_a_snapshot_of_a_newer_cadent_is_not_used(snapped, tmp_path, file, monkeypatch):
    want = found(tmp_path)
    monkeypatch.setattr(snapshot, "VERSION", 2)
    newer = Snapshot.decode(snapped).encode()
    monkeypatch.setattr(snapshot, "VERSION", 1)
    file.write_bytes(newer)
    assert not is_used(tmp_path)
    assert found(tmp_path) == want


def test_a_snapshot_that_cannot_be_read_is_not_used(snapped, tmp_path, file):
    want = found(tmp_path)
    file.unlink()
    file.mkdir()
    assert not is_used(tmp_path)
    assert found(tmp_path) == want


def test_a_snapshot_of_another_log_is_not_used(names, snapped, log, tmp_path):
    log.path.unlink()
    other = NamesLog.open(tmp_path)
    other.append(names(0, ["q.r", *(f"filler-{number}" for number in range(100))]))
    other.close()
    assert [match.path for match in found(tmp_path)[1]] == ["q.r"]


def test_a_snapshot_of_a_log_that_lost_its_end_is_not_used(names, log, tmp_path):
    """As after a power cut: other names have come into the place of those that the snapshot holds."""
    log.append(names(0, ["a.b"]))
    end = log.path.stat().st_size
    log.append(names(1, ["a.c"]))
    reader = Follower(tmp_path)
    reader.trie()
    reader.renew_snapshot()
    os.truncate(log.path, end)
    assert [match.path for match in found(tmp_path)[1]] == ["a.b"]
    with log.path.open("ab") as file:
        file.write(frames.encode_add("default", 1, np.array([1], np.uint32), np.array([3], np.uint16), b"a.x"))
    assert [match.path for match in found(tmp_path)[1]] == ["a.b", "a.x"]


# -- when it is written --------------------------------------------------------------------------------------------------


def test_it_is_due_when_the_log_has_grown_by_a_tenth(snapped, tmp_path):
    snapshots = SnapshotFile(tmp_path)
    place = snapshots.read().place
    tenth = place.offset // 10
    assert not snapshots.is_due(place)
    assert not snapshots.is_due(place._replace(offset=place.offset + tenth - 1))
    assert snapshots.is_due(place._replace(offset=place.offset + tenth))
    assert snapshots.is_due(Place(place.nonce + 1))


def test_a_small_log_gets_none(names, log, tmp_path, file, monkeypatch):
    monkeypatch.undo()
    log.append(names(0, PATHS))
    reader = Follower(tmp_path)
    reader.trie()
    reader.renew_snapshot()
    assert not file.exists()


def test_it_is_written_again_only_after_growth(names, snapped, log, tmp_path, file):
    reader = Follower(tmp_path)
    reader.load()
    before = file.stat().st_mtime_ns, file.stat().st_ino
    reader.trie()
    reader.renew_snapshot()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before
    log.append(names(5, ["g.h", "g.i", "g.j"]))
    reader.trie()
    reader.renew_snapshot()
    assert Snapshot.decode(file.read_bytes()).place.offset == log.path.stat().st_size


def test_a_damaged_one_is_replaced(snapped, tmp_path, file):
    file.write_bytes(snapped[:-1] + b"?")
    reader = Follower(tmp_path)
    reader.load()
    reader.trie()
    reader.renew_snapshot()
    assert file.read_bytes() == snapped


def test_nobody_writes_while_another_process_does(names, log, tmp_path, file):
    log.append(names(0, PATHS))
    reader = Follower(tmp_path)
    reader.trie()
    lock = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    reader.renew_snapshot()
    assert not file.exists()
    os.close(lock)
    reader.renew_snapshot()
    assert file.exists()


def test_one_that_another_process_has_renewed_is_left_alone(names, snapped, log, tmp_path, file, monkeypatch):
    first, second = Follower(tmp_path), Follower(tmp_path)
    for reader in (first, second):
        reader.load()
    log.append(names(5, ["g.h", "g.i", "g.j"]))
    for reader in (first, second):
        reader.trie()
    first.renew_snapshot()
    written = file.stat().st_ino
    monkeypatch.setattr(second, "_take", lambda: pytest.fail("written a second time"))
    second.renew_snapshot()
    assert file.stat().st_ino == written


def test_a_disk_that_refuses_leaves_the_old_one_and_is_asked_again_only_after_growth(
    names, snapped, log, tmp_path, file, monkeypatch
):
    reader = Follower(tmp_path)
    reader.load()
    log.append(names(5, ["g.h", "g.i", "g.j"]))
    reader.trie()

    def refuse(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(Unavailable, match="No space left"):
        reader.renew_snapshot()
    reader.renew_snapshot()
    monkeypatch.undo()
    assert file.read_bytes() == snapped


def test_a_lock_that_cannot_be_opened_is_told_once_a_growth(names, log, tmp_path, file):
    log.append(names(0, PATHS))
    file.with_suffix(".lock").mkdir()
    reader = Follower(tmp_path)
    reader.trie()
    with pytest.raises(Unavailable, match="trie"):
        reader.renew_snapshot()
    reader.renew_snapshot()
    assert not file.exists()


RACER = """
import sys
from pathlib import Path
from cadent.index import snapshot
from cadent.index.follower import Follower

snapshot.LEAST_GROWTH = 1
taken = []
follower = Follower(Path(sys.argv[1]))
take = follower._take
follower._take = lambda: taken.append(1) or take()
print("ready", flush=True)
for line in sys.stdin:
    follower.trie()
    follower.renew_snapshot()
    print(len(taken), flush=True)
"""


def test_two_processes_that_race_write_each_snapshot_once(names, log, tmp_path, file):
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        for racer in racers:
            assert racer.stdout.readline() == "ready\n"
        for turn in range(1, 11):
            log.append(names(log.next_id, [f"turn-{turn}.{number}" for number in range(200 * turn)]))
            for racer in racers:
                racer.stdin.write("go\n")
                racer.stdin.flush()
            taken = [int(racer.stdout.readline()) for racer in racers]
            assert sum(taken) == turn
            assert Snapshot.decode(file.read_bytes()).place.offset == log.path.stat().st_size
    finally:
        for racer in racers:
            racer.communicate()
    assert len(found(tmp_path)[1]) == log.next_id
    assert sorted(path.name for path in log_path(tmp_path).parent.iterdir()) == ["names.log", "trie", "trie.lock"]

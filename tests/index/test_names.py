"""The names log keeps what it was given through torn tails, full disks and kill -9, and says so where bytes were changed."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from cadent.index import frames
from cadent.index.frames import FRAME_NAMES
from cadent.index.living import read_living
from cadent.index.names import NamesLog
from cadent.index.tail import log_path
from cadent.schema.errors import Damaged, StoreError, Unavailable
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = st.lists(st.text("abé-", min_size=1, max_size=2), min_size=1, max_size=3).map(".".join)
PATHS = st.lists(PATH, min_size=1, max_size=5, unique=True)
BATCHES = st.lists(st.tuples(PATHS, st.sampled_from(["default", "slow"]), st.integers(0, 2)), max_size=5)


def living(folder):
    """{id: (path, policy, day)} as a writer reads it when it starts."""
    entries = {}
    for batch in read_living(folder).names():
        ends = np.cumsum(batch.lengths).tolist()
        for number, length, end in zip(batch.ids.tolist(), batch.lengths, ends, strict=True):
            assert number not in entries
            entries[number] = batch.paths[end - length : end].decode(), batch.policy, batch.day
    return entries


def paths_in(folder):
    return [path for _, (path, _, _) in sorted(living(folder).items())]


def ids(*numbers):
    return np.array(numbers, np.uint32)


@settings(deadline=None, max_examples=50)
@given(BATCHES, st.integers(0, 5))
def test_what_was_appended_is_read_again(names, batches, reopened_at):
    want, next_id = {}, 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = NamesLog.open(folder)
        for number, (paths, policy, day) in enumerate(batches):
            if number == reopened_at:
                log.close()
                log = NamesLog.open(folder)
            assert log.next_id == next_id
            # A path belongs to the id that got it last.
            want = {number: entry for number, entry in want.items() if entry[0] not in paths}
            want |= {next_id + i: (path, policy, day) for i, path in enumerate(paths)}
            next_id += len(paths)
            log.append(names(log.next_id, paths, policy, day))
        log.close()
        assert living(folder) == want


def test_a_folder_without_a_log_has_no_names(tmp_path):
    assert living(tmp_path) == {}
    assert len(read_living(tmp_path)) == 0


def test_more_names_than_a_frame_holds_are_one_batch(names, log, tmp_path):
    paths = [f"p{number}" for number in range(2 * FRAME_NAMES + 1)]
    log.append(names(0, paths))
    table, _ = frames.scan(log.path.read_bytes(), frames.FILE_HEADER_SIZE)
    assert table["count"].tolist() == [FRAME_NAMES, FRAME_NAMES, 1]
    assert paths_in(tmp_path) == paths


def test_readers_see_an_append_before_it_is_synced(names, log, tmp_path):
    log.append(names(0, ["a.b"]))
    assert paths_in(tmp_path) == ["a.b"]


def test_nothing_is_written_for_no_names(names, log):
    before = log.path.stat().st_size
    log.append(names(0, []))
    log.delete(ids())
    log.seen(1, ids())
    assert log.path.stat().st_size == before


@pytest.mark.parametrize("lengths", [[3], [1, 3], [2, 0], [1, 65_536]])
def test_lengths_that_do_not_fit_are_our_own_mistake(names, log, lengths):
    batch = names(0, ["a", "b"])
    with pytest.raises(ValueError, match="lengths"):
        log.append(type(batch)(batch.policy, batch.day, batch.ids, lengths, batch.paths))


# -- deleting, renaming, days --------------------------------------------------------------------------------------------


def test_a_deleted_path_is_gone_and_its_id_is_not_used_again(names, log, tmp_path):
    log.append(names(0, ["a", "b", "c"]))
    log.delete(ids(2))
    log.seen(1, ids(0))
    assert paths_in(tmp_path) == ["a", "b"]
    assert log.next_id == 3
    log.close()
    again = NamesLog.open(tmp_path)
    assert again.next_id == 3
    again.close()


def test_ids_that_only_other_frames_name_are_taken_too(log, tmp_path):
    log.seen(1, ids(7))
    log.delete(ids(3))
    log.close()
    again = NamesLog.open(tmp_path)
    assert again.next_id == 8
    again.close()


def test_ids_below_the_header_are_taken(tmp_path):
    """So that a log can be written anew without its deleted names."""
    log_path(tmp_path).parent.mkdir()
    log_path(tmp_path).write_bytes(frames.encode_file_header(50, 1))
    log = NamesLog.open(tmp_path)
    assert log.next_id == 50
    log.close()


def test_a_renamed_path_keeps_id_policy_and_day(names, log, tmp_path):
    log.append(names(0, ["a", "b"], "slow", 5))
    log.rename(ids(1), ["x.é"])
    log.rename(ids(1), ["y.é"])
    assert living(tmp_path) == {0: ("a", "slow", 5), 1: ("y.é", "slow", 5)}


def test_a_path_renamed_and_deleted_is_gone(names, log, tmp_path):
    log.append(names(0, ["a", "b"]))
    log.rename(ids(1), ["c"])
    log.delete(ids(1))
    assert paths_in(tmp_path) == ["a"]


def test_days_are_the_first_and_the_last(names, log, tmp_path):
    log.append(names(0, ["a", "b"], day=10))
    log.append(names(2, ["c", "d"], day=12))
    log.seen(15, ids(0, 2))
    log.seen(13, ids(0))
    log.delete(ids(3))
    days = read_living(tmp_path)
    assert (days.ids.tolist(), days.first.tolist(), days.last.tolist()) == ([0, 1, 2], [10, 10, 12], [15, 10, 15])


# -- torn and damaged ----------------------------------------------------------------------------------------------------


@pytest.fixture
def three(names, log):
    """The bytes of a log of three frames, and where each of them ends."""
    ends = []
    for number, paths in enumerate([["a", "bb"], ["c.c.c"], ["dé", "e"]]):
        log.append(names(2 * number, paths))
        ends.append(log.path.stat().st_size)
    return log.path.read_bytes(), ends


def test_a_torn_tail_is_cut_off_at_every_byte(names, three, tmp_path):
    data, ends = three
    for size in range(frames.FILE_HEADER_SIZE, len(data)):
        log_path(tmp_path).write_bytes(data[:size])
        whole = sum(end <= size for end in ends)
        before = ["a", "bb", "c.c.c", "dé", "e"][: [0, 2, 3][whole]]
        assert paths_in(tmp_path) == before
        log = NamesLog.open(tmp_path)
        assert log.path.stat().st_size == ([frames.FILE_HEADER_SIZE, *ends])[whole]
        log.append(names(log.next_id, ["new"]))
        log.close()
        assert paths_in(tmp_path) == [*before, "new"]


def test_a_last_frame_of_wrong_bytes_is_cut_off(three, tmp_path):
    data, ends = three
    for at in range(ends[1], len(data)):
        log_path(tmp_path).write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        NamesLog.open(tmp_path).close()
        assert log_path(tmp_path).stat().st_size == ends[1]


def test_damage_before_valid_frames_is_told_and_nothing_is_cut(three, tmp_path):
    data, ends = three
    for at in range(ends[0], ends[1]):
        damaged = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
        log_path(tmp_path).write_bytes(damaged)
        for read in (NamesLog.open, NamesLog.open_with_names, living):
            with pytest.raises(Damaged) as told:
                read(tmp_path)
            assert (told.value.file, told.value.offset) == (str(log_path(tmp_path)), ends[0])
        assert log_path(tmp_path).read_bytes() == damaged


def test_damage_is_told_though_a_path_looks_like_a_frame(names, log, tmp_path):
    log.append(names(0, ["CDNF" * 20]))
    log.append(names(1, ["a"]))
    data = log.path.read_bytes()
    at = frames.FILE_HEADER_SIZE
    log.path.write_bytes(data[: at + 4] + bytes([data[at + 4] ^ 1]) + data[at + 5 :])
    with pytest.raises(Damaged):
        NamesLog.open(tmp_path)


def test_a_damaged_header_is_told(three, tmp_path):
    data, _ = three
    for at in range(28):  # the rest is zero and not checked
        log_path(tmp_path).write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        with pytest.raises(Damaged):
            NamesLog.open(tmp_path)
    for size in range(frames.FILE_HEADER_SIZE):
        log_path(tmp_path).write_bytes(data[:size])
        with pytest.raises(Damaged):
            NamesLog.open(tmp_path)


def test_the_log_of_a_newer_cadent_is_left_alone(tmp_path, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(frames, "VERSION", 2)
        header = frames.encode_file_header(0, 1)
    log_path(tmp_path).parent.mkdir()
    log_path(tmp_path).write_bytes(header + b"what we know nothing of")
    with pytest.raises(StoreError, match="newer Cadent"):
        NamesLog.open(tmp_path)
    assert log_path(tmp_path).read_bytes() == header + b"what we know nothing of"


@given(st.binary(max_size=200))
def test_no_bytes_whatever_are_taken_for_a_frame(noise):
    assert len(frames.scan(frames.FRAME_MAGIC + noise)[0]) == 0


def body(lengths, policy, paths):
    return [ids(*range(len(lengths))).tobytes(), np.array(lengths, "<u2").tobytes(), policy, paths]


@pytest.mark.parametrize(
    ("kind", "count", "columns", "policy_size"),
    [
        pytest.param(1, 2, body([1, 1], b"default", b"abc"), 7, id="bytes after the paths"),
        pytest.param(1, 2, body([1, 2], b"default", b"ab"), 7, id="too few bytes of paths"),
        pytest.param(1, 2, body([0, 2], b"default", b"ab"), 7, id="a path without bytes"),
        pytest.param(1, 1, body([1025], b"default", b"a" * 1025), 7, id="a path that is too long"),
        pytest.param(1, 2, body([1, 1], b"", b"ab"), 0, id="add without a policy"),
        pytest.param(4, 2, body([1, 1], b"default", b"ab"), 7, id="rename with a policy"),
        pytest.param(1, 9, body([1, 1], b"default", b"ab"), 7, id="more ids than there are"),
        pytest.param(2, 1, [ids(1, 2).tobytes()], 0, id="fewer ids than there are"),
        pytest.param(3, 2, [ids(1).tobytes()], 0, id="tombstones of more ids than there are"),
        pytest.param(2, 2, [ids(1, 2).tobytes()], 1, id="seen with a policy"),
        pytest.param(5, 2, [ids(1, 2).tobytes()], 0, id="an unknown kind"),
        pytest.param(0, 0, [], 0, id="kind 0"),
    ],
)
def test_a_frame_whose_columns_do_not_fit_is_none_though_its_checksum_is_right(kind, count, columns, policy_size):
    assert len(frames.scan(frames._encode(kind, 1, count, columns, policy_size))[0]) == 0


def test_a_frame_whose_columns_fit_is_one():
    assert len(frames.scan(frames._encode(1, 1, 2, body([1, 1024], b"default", b"a" * 1025), 7))[0]) == 1
    assert len(frames.scan(frames._encode(2, 1, 2, [ids(1, 2).tobytes()]))[0]) == 1


# -- a disk that refuses -------------------------------------------------------------------------------------------------

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from cadent.index.names import NamesLog
from cadent.schema.errors import Unavailable
from cadent.schema.protocols import NewNames

def batch(number):
    paths = [b"some.path.%06d" % (10 * number + i) for i in range(10)]
    ids = np.arange(10 * number, 10 * number + 10, dtype=np.uint32)
    return NewNames("default", 1, ids, [len(path) for path in paths], b"".join(paths))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = NamesLog.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
taken = 0
while True:
    try:
        log.append(batch(taken))
        log.sync()
    except Unavailable as error:
        print(error, file=sys.stderr)
        break
    taken += 1
    size = log.path.stat().st_size
assert log.next_id == 10 * taken
assert log.path.stat().st_size == size
try:
    log.append(batch(taken))
except Unavailable:
    assert log.path.stat().st_size == size
else:
    raise AssertionError("a full disk took more")
if sys.argv[3] == "room again":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    log.append(batch(taken))
    log.close()
    taken += 1
print(taken)
"""


@pytest.mark.parametrize("then", ["room again", "the end"])
@pytest.mark.parametrize("most_bytes", [3000, 3001, 3017])
def test_a_full_disk_costs_nothing_that_was_appended(tmp_path, most_bytes, then):
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), str(most_bytes), then], capture_output=True, text=True, check=True
    )
    assert "names.log" in child.stderr
    taken = int(child.stdout)
    assert taken > 5
    assert paths_in(tmp_path) == [f"some.path.{number:06d}" for number in range(10 * taken)]


def refuse(*args):
    raise OSError(errno.EIO, "Input/output error")


def test_a_half_written_frame_that_cannot_be_cut_is_cut_before_the_next_one(names, log, tmp_path, monkeypatch):
    log.append(names(0, ["a"]))
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: pwrite(file, data[:-9], at))
    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(Unavailable, match="full"):
        log.append(names(1, ["a.long.path.that.is.torn"]))
    with pytest.raises(Unavailable, match="cut"):
        log.append(names(1, ["b"]))
    monkeypatch.undo()
    assert paths_in(tmp_path) == ["a"]
    log.append(names(1, ["b"]))
    assert paths_in(tmp_path) == ["a", "b"]
    assert frames.next_frame(log.path.read_bytes(), log._end) is None


def test_after_a_failed_sync_the_bytes_are_written_again(names, log, monkeypatch):
    """A kernel marks pages clean that it could not write: syncing again would say yes to nothing."""
    log.append(names(0, ["a"]))
    log.sync()
    start = log._end
    log.append(names(1, ["b"]))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", refuse)
        for _ in range(2):
            with pytest.raises(Unavailable, match="synced"):
                log.sync()
    written, pwrite = [], os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: written.append((at, bytes(data))) or pwrite(file, data, at))
    log.sync()
    log.sync()
    assert written == [(start, log.path.read_bytes()[start:])]


def test_what_a_killed_writer_left_is_synced_first(names, log, tmp_path, monkeypatch):
    log.append(names(0, ["a"]))
    synced, fdatasync = [], os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.fstat(file).st_size) or fdatasync(file))
    NamesLog.open(tmp_path).close()
    assert synced[0] == log.path.stat().st_size


def test_a_log_that_cannot_be_made_or_read_is_unavailable(tmp_path, monkeypatch):
    (tmp_path / "names").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="names"):
        NamesLog.open(tmp_path)
    NamesLog.open(tmp_path / "other").close()
    monkeypatch.setattr(os, "pread", refuse)
    for read in (NamesLog.open, living):
        with pytest.raises(Unavailable, match="Input/output error"):
            read(tmp_path / "other")


def test_a_log_that_was_not_made_to_its_end_is_made_again(names, tmp_path, monkeypatch):
    with monkeypatch.context() as crash:
        crash.setattr(Path, "rename", refuse)
        with pytest.raises(Unavailable):
            NamesLog.open(tmp_path)
    assert living(tmp_path) == {}
    log = NamesLog.open(tmp_path)
    log.append(names(0, ["a"]))
    log.close()
    assert paths_in(tmp_path) == ["a"]


def test_pieces_smaller_than_a_frame_are_read_too(names, log, tmp_path, monkeypatch):
    monkeypatch.setattr("cadent.index.tail.PIECE_SIZE", 64)
    log.append(names(0, ["a" * 300, "b"]))
    log.append(names(2, ["c"]))
    assert paths_in(tmp_path) == ["a" * 300, "b", "c"]

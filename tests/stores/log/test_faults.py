"""A disk that refuses, and a writer that is killed, at each call to the system that an append makes."""

import contextlib

import pytest
from cadent.schema.errors import Unavailable
from cadent.schema.identity import Level, Mode
from cadent.schema.point import Point
from cadent.stores.layout import log_folder

LEVEL = Level("default", 10)
START = 1_700_002_800


# Appends that do ever more: another row; new slots; a closed segment and a new one; two of each.
APPENDS = {
    "one row": [({1: 2.0, 2: 2.0}, START + 10)],
    "new paths": [({1: 2.0, 7: 2.0}, START + 10), ({8: 1.0}, START + 20)],
    "a new span": [({1: 2.0}, START + 10), ({1: 3.0, 5: 3.0}, START + 3600)],
    "two new spans": [({1: 2.0}, START + 10), ({1: 3.0}, START + 3600), ({1: 3.0}, START + 7200)],
}


def points(rows):
    return {(id_, time): Point.of(time, value) for row, time in rows for id_, value in row.items()}


def append(log, rows, batch, mode=Mode.ADD):
    return log.append([rows(row, time) for row, time in batch], log.last + 1, mode)


FIRST = [({1: 1.0, 2: 1.0}, START)]


def content(tmp_path):
    """What the files hold, but for what is allocated ahead."""
    return {file.name: file.read_bytes().rstrip(b"\0") for file in log_folder(tmp_path, LEVEL).iterdir()}


def test_an_append_is_synced_after_all_is_written(disk, log, rows):
    append(log, rows, FIRST)
    assert disk.calls[-2:] == ["fdatasync", "fsync"]  # the file, then its name
    disk.calls.clear()
    append(log, rows, APPENDS["new paths"])
    assert disk.calls == ["pwrite", "pwrite", "fdatasync"]


def test_a_closed_segment_is_durable_before_the_next_one_begins(disk, log, rows):
    append(log, rows, FIRST)
    disk.calls.clear()
    append(log, rows, APPENDS["a new span"])
    first, second = disk.calls[: disk.calls.index("open")], disk.calls[disk.calls.index("open") :]
    assert first == ["pwrite", "pwrite", "fdatasync", "ftruncate", "fdatasync"]
    assert second == ["open", "posix_fallocate", "pwrite", "pwrite", "fdatasync", "fsync"]


def test_files_that_undo_removes_stay_removed(disk, log, rows):
    append(log, rows, FIRST)
    append(log, rows, APPENDS["two new spans"])
    disk.calls.clear()
    log.undo()
    assert disk.calls == ["unlink", "unlink", "fsync", "pwrite"]


@pytest.mark.parametrize("name", APPENDS)
def test_a_failed_append_leaves_the_log_as_it_was(disk, log, tmp_path, rows, read_log, name):
    batch = APPENDS[name]
    append(log, rows, FIRST)
    before, call = content(tmp_path), 0
    while True:
        call += 1
        disk.refuse(call)
        with contextlib.suppress(Unavailable):
            append(log, rows, batch)
            break
        disk.heal()
        assert (content(tmp_path), log.last, log.rolled()) == (before, 1, [])
        assert read_log() == points(FIRST)
    disk.heal()
    assert call > 3
    assert read_log() == points(FIRST + batch)


@pytest.mark.parametrize("name", APPENDS)
def test_an_append_that_could_not_be_taken_back_is_taken_back_before_the_next(disk, open_log, tmp_path, rows, read_log, name):
    """Whenever the disk begins to refuse, and however often it still does when it is asked again."""
    batch, call, appended = [rows(row, time) for row, time in APPENDS[name]], 0, False
    while not appended:
        call += 1
        folder = tmp_path / f"{call}"
        log = open_log(folder)
        log.recover(0, 0)
        append(log, rows, FIRST)
        for refused in (call, 1, 2):
            disk.refuse(refused, for_good=True)
            with contextlib.suppress(Unavailable):
                appended = log.append(batch, 2) > 0
                break
        disk.heal()
        if not appended:
            log.append(batch, 2)
        assert read_log(folder=folder) == points(FIRST + APPENDS[name])
        log.close()
        assert open_log(folder).recover(0, 0) == 1 + len(batch)
    assert call > 3


@pytest.mark.parametrize("name", APPENDS)
def test_a_writer_that_is_killed_loses_nothing_acknowledged(disk, killed, open_log, tmp_path, rows, read_log, name):
    batch, call, last = APPENDS[name], 0, 0
    alive = False
    while not alive:
        call += 1
        folder = tmp_path / f"{call}"
        log = open_log(folder)
        log.recover(0, 0)
        append(log, rows, FIRST)
        disk.kill(call)
        with contextlib.suppress(killed):
            append(log, rows, batch)
            alive = True
        disk.heal()
        again = open_log(folder)
        last = again.recover(0, 0)
        assert 1 <= last <= 1 + len(batch)
        assert read_log(folder=folder) == points(FIRST + batch[: last - 1])
        append(again, rows, [({9: 9.0}, START + 7210)])
        assert read_log(folder=folder) == points(FIRST + batch[: last - 1] + [({9: 9.0}, START + 7210)])
    assert last == 1 + len(batch)
    assert call > 3


def test_a_roll_that_fails_can_be_repeated(disk, log, rows, read_log):
    append(log, rows, FIRST)
    for call in (1, 2):
        disk.refuse(call)
        with pytest.raises(Unavailable):
            log.roll()
        disk.heal()
        assert log.rolled() == []
        assert read_log() == points(FIRST)
    log.roll()
    assert len(log.rolled()) == 1


def test_a_segment_that_cannot_be_removed_stays(disk, log, rows):
    append(log, rows, FIRST)
    log.roll()
    (segment,) = log.rolled()
    disk.refuse(1)
    with pytest.raises(Unavailable):
        log.drop(segment)
    disk.heal()
    assert log.rolled() == [segment]
    log.drop(segment)
    assert log.rolled() == []


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from cadent.schema.errors import Unavailable
from cadent.schema.identity import Level
from cadent.schema.rows import Rows
from cadent.stores.log.writer import LogWriter

level = Level("default", 10)
ids, none = np.arange(50_000, dtype=np.uint32), np.empty(0)
log = LogWriter(Path(sys.argv[1]), level, "w")
log.recover(0, 0)

def append(sequence):
    cells = np.full(len(ids), float(sequence)).view(np.uint64)
    log.append([Rows(level, 1_700_002_800 + 10 * sequence, ids, cells, none.astype(np.int64), none, none, none, none)], sequence)

_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (5 << 20, hard))
last, refused = 0, 0
while refused < 3:
    try:
        append(last + 1)
        last += 1
    except Unavailable as error:
        refused += 1
print(last, flush=True)
input()
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
append(last + 1)
print(last + 1, flush=True)
"""


def test_a_writer_goes_on_when_the_full_disk_has_space_again(run_python, tmp_path, read_log):
    child = run_python(FULL_DISK, tmp_path)
    last = int(child.stdout.readline())
    assert last >= 5
    sums = [float(sequence) for sequence in range(1, last + 2)]
    assert [point.sum for point in read_log(ids=[49_999], through=last).values()] == sums[:-1]
    assert [point.sum for point in read_log(ids=[49_999]).values()] == sums[:-1]
    child.communicate("\n")
    assert [point.sum for point in read_log(ids=[49_999]).values()] == sums

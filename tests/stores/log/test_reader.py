"""Reading while another process writes."""

import threading

import numpy as np
import pytest
from cadent.schema.errors import Unavailable
from cadent.schema.grid import Grid
from cadent.schema.identity import Level
from cadent.schema.point import Point
from cadent.stores.layout import log_folder
from cadent.stores.log.reader import LogReader
from cadent.stores.log.segment import ALL_SEQUENCES

LEVEL = Level("default", 10)
START = 1_700_002_800

# Appends a row to a word of its input: row n holds ids 0 to n, all of value n, and ends with the sequence on its output.
WRITER = """
import sys
from pathlib import Path
import numpy as np
from cadent.schema.identity import Level
from cadent.schema.rows import Rows
from cadent.stores.log.writer import LogWriter

level, none = Level("default", 10), np.empty(0)
log = LogWriter(Path(sys.argv[1]), level, "w")
sequence = log.recover(0, 0)
for line in sys.stdin:
    for _ in range(int(line)):
        sequence += 1
        cells = np.full(sequence + 1, float(sequence)).view(np.uint64)
        ids = np.arange(sequence + 1, dtype=np.uint32)
        time = 1_700_002_800 + 10 * sequence
        log.append([Rows(level, time, ids, cells, none.astype(np.int64), none, none, none, none)], sequence)
    print(sequence, flush=True)
"""


def staircase(last, ids=range(100)):
    """The points of ``ids`` after ``last`` rows of the writer."""
    times = {sequence: START + 10 * sequence for sequence in range(1, last + 1)}
    return {(id_, times[n]): Point.of(times[n], float(n)) for n in times for id_ in ids if id_ <= n}


def write(child, rows):
    child.stdin.write(f"{rows}\n")
    child.stdin.flush()
    return int(child.stdout.readline())


def test_a_reader_follows_a_writer_in_another_process(run_python, tmp_path, points_in):
    child = run_python(WRITER, tmp_path)
    reader = LogReader(tmp_path, LEVEL)
    for rows in (1, 1, 2, 10, 3, 400, 1):  # beyond the hour: a second segment
        last = write(child, rows)
        found = points_in(lambda ids, into, last=last: reader.read(ids, 0, last, into), range(100), slots=720)
        assert found == staircase(last)
        assert reader.span(0, last) == (START + 10, START + 10 * last + 10)


def test_a_reader_follows_a_segment_over_many_megabytes(log, tmp_path, rows, points_in):
    row, ids = rows(dict.fromkeys(range(30_000), 1.0)), [0, 29_999]
    reader = LogReader(tmp_path, LEVEL)
    for sequence in range(1, 12):
        log.append([row], sequence)
        found = points_in(lambda ids, into, last=sequence: reader.read(ids, 0, last, into), ids)
        assert [point.count for point in found.values()] == [sequence, sequence]


def test_a_reader_without_a_writer_sees_whole_rows_at_any_moment(run_python, tmp_path):
    child = run_python(WRITER, tmp_path)
    write(child, 1)
    child.stdin.write("600\n")
    child.stdin.flush()
    reader, ids, last = LogReader(tmp_path, LEVEL), np.arange(700, dtype=np.uint32), 0
    while last < 601:
        into = Grid.empty(START, 10, len(ids), 720)
        reader.read(ids, 0, ALL_SEQUENCES, into)
        rows = np.flatnonzero(into.count.any(axis=0))
        assert rows.tolist() == list(range(1, len(rows) + 1))
        assert (into.count.sum(axis=0)[rows] == rows + 1).all()
        assert (into.sum[0, rows] == rows).all()
        assert len(rows) >= last
        last = len(rows)
        assert child.poll() is None


def test_a_writer_that_was_killed_left_what_it_acknowledged(run_python, tmp_path, points_in, open_log):
    child = run_python(WRITER, tmp_path)
    last = write(child, 20)
    child.stdin.write("100000\n")
    child.stdin.flush()
    child.kill()
    child.wait()
    log = open_log()
    assert log.recover(0, 0) >= last
    reader = LogReader(tmp_path, LEVEL)
    found = points_in(lambda ids, into: reader.read(ids, 0, ALL_SEQUENCES, into), range(100), slots=3600)
    assert found.items() >= staircase(last).items()
    assert run_python(WRITER, tmp_path).poll() is None


def test_many_threads_read_at_once(log, tmp_path, rows):
    for sequence in range(1, 200):
        log.append([rows({1: float(sequence), sequence: 1.0}, START + 10 * sequence)], sequence)
    reader, sums = LogReader(tmp_path, LEVEL), []

    def read(through):
        into = Grid.empty(START, 10, 1, 200)
        reader.read(np.array([1], np.uint32), 0, through, into)
        sums.append(np.nansum(into.sum) == sum(range(1, through + 1)) + (through >= 1))

    row_one_twice = [threading.Thread(target=read, args=(through,)) for through in range(2, 200, 3)]
    for thread in row_one_twice:
        thread.start()
    for thread in row_one_twice:
        thread.join()
    assert len(sums) == len(row_one_twice)


def test_a_segment_that_went_is_passed_over(log, tmp_path, rows, points_in):
    for sequence in (1, 2):
        log.append([rows({sequence: 1.0})], sequence)
        log.roll()
    reader = LogReader(tmp_path, LEVEL)
    assert len(points_in(lambda ids, into: reader.read(ids, 0, 2, into), range(5))) == 2
    log.drop(log.rolled()[0])
    assert sorted(points_in(lambda ids, into: reader.read(ids, 0, 2, into), range(5))) == [(2, START)]


def test_an_append_that_was_taken_back_is_forgotten_when_the_writer_says_a_word(log, tmp_path, rows, points_in):
    reader = LogReader(tmp_path, LEVEL)

    def read(through):
        return points_in(lambda ids, into: reader.read(ids, 0, through, into), range(5))

    log.append([rows({1: 1.0})], 1)
    log.append([rows({2: 2.0})], 2)
    assert len(read(ALL_SEQUENCES)) == 2
    log.undo()
    log.append([rows({3: 2.0})], 2)
    assert sorted(read(2)) == [(1, START), (3, START)]


def test_a_segment_that_was_made_again_is_another_one(log, tmp_path, rows, points_in):
    reader = LogReader(tmp_path, LEVEL)

    def read(through):
        return points_in(lambda ids, into: reader.read(ids, 0, through, into), range(5))

    log.append([rows({1: 1.0})], 1)
    assert len(read(ALL_SEQUENCES)) == 1
    log.undo()
    log.append([rows({2: 2.0, 3: 3.0})], 1)
    assert sorted(read(1)) == [(2, START), (3, START)]


def test_a_folder_that_cannot_be_read_is_unavailable(log, tmp_path, rows, read_log, monkeypatch):
    log.append([rows({1: 1.0})], 1)
    folder = log_folder(tmp_path, LEVEL)
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("a file where the folder was")
    with pytest.raises(Unavailable, match=str(folder)):
        read_log()

"""Appending, closing and taking up a log."""

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cadent.schema.errors import Damaged
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.point import Point
from cadent.stores.layout import log_folder
from cadent.stores.log.segment import Segment
from cadent.stores.log.writer import BYTES_PER_PATH, LogWriter

LEVEL = Level("default", 10)
START = 1_700_002_800
HOUR_S = 3600
MB = 1 << 20


@pytest.fixture
def files(tmp_path):
    """files(): the segments, oldest first."""
    return lambda: sorted(log_folder(tmp_path, LEVEL).glob("*.log"))


def single(id_, value, time=START):
    return {(id_, time): Point.of(time, value)}


# -- appending -----------------------------------------------------------------------------------------------------------


def test_an_empty_log_holds_nothing(log, read_log):
    assert (log.last, log.rolled(), read_log()) == (0, [], {})


def test_what_was_appended_is_read(log, rows, read_log):
    multi = Point(START + 10, 3, 6.0, -1.0, 5.0, 2.0)
    assert log.append([rows({3: 1.5, 70: -0.0}), rows({3: 2.5, 9: multi}, START + 10)], 1) == 2
    assert read_log() == single(3, 1.5) | single(70, -0.0) | single(3, 2.5, START + 10) | {(9, START + 10): multi}
    assert log.last == 2


def test_sequences_bound_what_is_read(log, rows, read_log):
    for sequence in range(1, 6):
        log.append([rows({1: float(sequence)}, START + 10 * sequence)], sequence)
    assert [point.sum for point in read_log(after=1, through=4).values()] == [2.0, 3.0, 4.0]


def test_windows_outside_the_grid_are_left_out(log, rows, read_log):
    log.append([rows({1: float(slot)}, START + 10 * slot) for slot in range(10)], 1)
    assert [point.sum for point in read_log(start=START + 30, slots=2).values()] == [3.0, 4.0]


def test_points_of_one_window_add_up_in_order(log, rows, read_log):
    log.append([rows({1: 4.0, 2: 4.0}), rows({1: Point(START, 2, 3.0, 1.0, 2.0, 2.0)})], 1)
    log.append([rows({1: 3.0})], 3)
    assert read_log() == {(1, START): Point(START, 4, 10.0, 1.0, 4.0, 3.0)} | single(2, 4.0)


def test_replace_supersedes_and_is_added_to(log, rows, read_log):
    log.append([rows({1: 1.0, 2: 1.0})], 1)
    log.append([rows({1: 7.0})], 2, Mode.REPLACE)
    log.append([rows({1: 2.0})], 3)
    assert read_log() == {(1, START): Point(START, 2, 9.0, 2.0, 7.0, 2.0)} | single(2, 1.0)


@pytest.mark.parametrize("sequence", [0, 4, 5])
def test_a_sequence_that_is_taken_is_refused(log, rows, read_log, sequence):
    log.append([rows({1: 1.0}), rows({2: 1.0})], 4)
    with pytest.raises(ValueError, match=f"sequence {sequence} comes after 5"):
        log.append([rows({1: 1.0})], sequence)
    assert len(read_log()) == 2


def test_a_sequence_that_chunks_hold_is_refused(log, rows):
    log.append([rows({1: 1.0})], 4)
    log.roll()
    log.drop(log.rolled()[0])
    with pytest.raises(ValueError, match="sequence 4 comes after 4"):
        log.append([rows({1: 1.0})], 4)


def test_a_sequence_that_was_sealed_before_the_start_is_refused(open_log, rows):
    log = open_log()
    log.recover(7, 7)
    with pytest.raises(ValueError, match="sequence 7 comes after 7"):
        log.append([rows({1: 1.0})], 7)


@pytest.mark.parametrize(("time", "level"), [(START + 1, LEVEL), (START, Level("default", 60)), (START, Level("other", 10))])
def test_a_row_that_does_not_belong_here_is_refused(log, rows, time, level):
    with pytest.raises(ValueError, match="a row of"):
        log.append([rows({1: 1.0}, time, level)], 1)


# -- what it costs -------------------------------------------------------------------------------------------------------


def records(file):
    """(kind, bytes of the payload) of each record."""
    segment = Segment(file)
    return [(header.kind, header.size) for _, header in segment.headers(segment.end)]


def test_a_point_of_one_sample_takes_8_bytes(log, rows, files):
    every = dict.fromkeys(range(1000), 1.25)
    log.append([rows(every)], 1)
    log.append([rows(every, START + 10)], 2)
    assert records(files()[0]) == [(1, 4000), (2, 8000), (2, 8000)]


@pytest.mark.parametrize(("present", "kind", "size"), [(12, 2, 96), (8, 2, 96), (7, 3, 32 + 56), (1, 3, 8 + 8)])
def test_a_row_is_written_the_shorter_way(log, rows, files, present, kind, size):
    log.append([rows(dict.fromkeys(range(12), 1.0))], 1)
    log.append([rows(dict.fromkeys(range(present), 2.0), START + 10)], 2)
    assert records(files()[0])[-1] == (kind, size)


def test_only_points_of_many_samples_take_more(log, rows, files):
    log.append([rows({1: 1.0, 2: Point(START, 2, 3.0, 1.0, 2.0, 2.0), 3: 1.0})], 1)
    assert records(files()[0]) == [(1, 16), (2, 24 + 40)]


def test_new_paths_get_slots_in_mid_segment(log, rows, files, read_log):
    log.append([rows({5: 1.0, 9: 1.0})], 1)
    log.append([rows({2: 2.0, 5: 2.0, 9: 2.0, 80: 2.0}, START + 10)], 2)
    log.append([rows({5: 3.0, 9: 3.0}, START + 20)], 3)
    (file,) = files()
    segment = Segment(file)
    segment.verify()
    assert segment.ids.tolist() == [5, 9, 2, 80]
    assert [kind for kind, _ in records(file)] == [1, 2, 1, 2, 3]
    assert {id_ for id_, _ in read_log()} == {2, 5, 9, 80}
    assert len(read_log()) == 8


def test_a_row_with_the_ids_of_an_array_that_was_changed_meanwhile(log, rows, read_log):
    row = rows({1: 1.0, 2: 2.0})
    log.append([row], 1)
    row.ids[:] = 7, 8
    log.append([row], 2)
    assert sorted(id_ for id_, _ in read_log()) == [1, 2, 7, 8]


@pytest.mark.parametrize("paths", [1, 20_000, 150_000])
def test_a_segment_is_allocated_ahead_by_a_megabyte_at_most(log, rows, files, paths):
    row = rows(dict.fromkeys(range(paths), 1.0))
    for sequence in range(1, 4):
        log.append([row], sequence)
        (file,) = files()
        segment = Segment(file)
        segment.verify()
        assert file.stat().st_size - segment.end <= MB
        assert file.stat().st_blocks * 512 <= segment.end + MB + 4096


def test_a_closed_segment_ends_with_its_last_record(log, rows, files):
    log.append([rows({1: 1.0})], 1)
    log.roll()
    segment = Segment(files()[0])
    segment.verify()
    assert segment.end == segment.size < 300


def test_a_flush_of_many_megabytes_is_one_append(log, rows, read_log):
    paths = 300_000
    many = [
        replace(rows({0: 1.0}, time), ids=np.arange(paths, dtype=np.uint32), cells=np.full(paths, value).view(np.uint64))
        for value, time in [(2.5, START), (3.5, START + 10), (4.5, START)]
    ]
    log.append(many, 1)
    expected = {(id_, START): Point(START, 2, 7.0, 2.5, 4.5, 4.5) for id_ in (0, paths - 1)}
    expected |= {(id_, START + 10): Point.of(START + 10, 3.5) for id_ in (0, paths - 1)}
    assert read_log(ids=[0, paths - 1]) == expected


# -- segments ------------------------------------------------------------------------------------------------------------


def test_a_later_span_begins_a_new_segment_and_a_late_row_does_not(log, rows, files):
    times = [START + HOUR_S - 10, START + HOUR_S, START, START + HOUR_S + 10, START + 2 * HOUR_S]
    for sequence, time in enumerate(times, 1):
        log.append([rows({1: 1.0}, time)], sequence)
    assert [int(file.stem, 16) for file in files()] == [1, 2, 5]


def test_a_full_segment_is_closed(open_log, rows, files):
    log = open_log(segment_bytes=4096)
    log.recover(0, 0)
    sequence = 0
    while len(files()) < 2:
        sequence += 1
        log.append([rows({1: 1.0})], sequence)
    assert 4096 <= files()[0].stat().st_size < 4096 + 56 + 8


def test_a_segment_is_never_full_below_so_many_bytes_a_path(open_log, rows, files):
    log = open_log(segment_bytes=1)
    log.recover(0, 0)
    row = rows(dict.fromkeys(range(100), 1.0))
    sequence = 0
    while len(files()) < 2:
        sequence += 1
        log.append([row], sequence)
    size = files()[0].stat().st_size
    assert BYTES_PER_PATH * 100 <= size < BYTES_PER_PATH * 100 + 56 + 800


def test_another_mode_begins_a_new_segment(log, rows, files):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 1.0})], 2, Mode.REPLACE)
    log.append([rows({1: 1.0})], 3, Mode.REPLACE)
    assert [Segment(file).header.mode for file in files()] == [Mode.ADD, Mode.REPLACE]


def test_a_new_segment_begins_with_the_paths_that_are_alive(log, rows, files):
    log.append([rows({1: 1.0, 2: 1.0, 3: 1.0})], 1)
    log.append([rows({2: 1.0, 9: 1.0}, START + HOUR_S)], 2)
    log.append([rows({9: 1.0}, START + 2 * HOUR_S)], 3)
    log.append([rows({9: 1.0}, START + 3 * HOUR_S)], 4)
    slots = []
    for file in files():
        segment = Segment(file)
        segment.verify()
        slots.append(segment.ids.tolist())
    assert slots == [[1, 2, 3], [1, 2, 3, 9], [2, 9], [9]]


def test_a_closed_segment_tells_what_it_holds(log, rows, sealed_points, read_log):
    log.append([rows({1: 1.0, 2: 2.0}), rows({2: 3.0, 50: 4.0}, START + 40)], 3)
    log.append([rows({7: 5.0}, START - 20)], 5)
    log.roll()
    (segment,) = log.rolled()
    assert (segment.level, segment.identity) == (LEVEL, Identity("w", 3, 5, Mode.ADD))
    # Two spans, but hardly any points in them.
    assert [(extent.start, extent.slots) for extent in segment.extents()] == [(START - 20, 7)]
    assert sealed_points(segment) == read_log(start=START - HOUR_S)
    assert log.last == 5


def test_roll_without_an_append_does_nothing(log, rows):
    log.roll()
    log.append([rows({1: 1.0})], 1)
    log.roll()
    log.roll()
    assert len(log.rolled()) == 1


def test_segments_are_dropped_oldest_first(log, rows, files, read_log):
    for sequence in (1, 2, 3):
        log.append([rows({sequence: 1.0})], sequence)
        log.roll()
    first, second, _ = log.rolled()
    with pytest.raises(ValueError, match="comes first"):
        log.drop(second)
    log.drop(first)
    assert len(files()) == len(log.rolled()) == 2
    assert sorted(read_log()) == [(2, START), (3, START)]
    assert log.last == 3


def test_a_dropped_segment_that_is_still_held_stays_readable(log, rows, sealed_points):
    log.append([rows({1: 1.0})], 1)
    log.roll()
    (segment,) = log.rolled()
    segment.extents()
    log.drop(segment)
    assert sealed_points(segment) == single(1, 1.0)


# -- undo ----------------------------------------------------------------------------------------------------------------


def test_undo_takes_the_last_append_back(log, rows, read_log):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 2.0, 2: 2.0}, START + 10)], 2)
    log.undo()
    assert (read_log(), log.last) == (single(1, 1.0), 1)
    log.append([rows({2: 3.0, 3: 3.0}, START + 10)], 2)
    assert read_log() == single(1, 1.0) | single(2, 3.0, START + 10) | single(3, 3.0, START + 10)


def test_slots_that_were_taken_back_are_given_anew(log, rows, read_log):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 2.0, 5: 2.0}, START + 10)], 2)
    log.undo()
    log.append([rows({1: 4.0, 5: 4.0}, START + 10)], 2)
    assert read_log() == single(1, 1.0) | single(1, 4.0, START + 10) | single(5, 4.0, START + 10)
    log.append([rows({5: 5.0, 7: 5.0}, START + 20)], 3)
    assert len(read_log()) == 5


def test_undo_removes_the_files_that_the_append_made(log, rows, files, read_log):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 2.0}, START + 10), rows({1: 3.0}, START + HOUR_S), rows({1: 4.0}, START + 2 * HOUR_S)], 2)
    assert len(files()) == 3
    log.undo()
    assert (len(files()), read_log(), log.last) == (1, single(1, 1.0), 1)
    log.append([rows({1: 5.0}, START + 10)], 2)
    assert read_log() == single(1, 1.0) | single(1, 5.0, START + 10)


def test_undo_of_the_first_append_leaves_an_empty_log(log, rows, files, read_log):
    log.append([rows({1: 1.0})], 1)
    log.undo()
    assert (files(), read_log(), log.last) == ([], {}, 0)


def test_undo_cuts_nothing_off_that_a_reader_may_have_mapped(log, rows, files, read_log):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 2.0}, START + 3590), rows({1: 2.0}, START + HOUR_S)], 2)
    first, _ = files()
    mapped = first.stat().st_size
    log.undo()
    assert first.stat().st_size == mapped
    assert read_log() == single(1, 1.0)
    log.roll()
    assert first.stat().st_size < mapped


def test_only_one_append_can_be_undone(log, rows, read_log):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({2: 1.0})], 2)
    log.undo()
    log.undo()
    assert read_log() == single(1, 1.0)


def test_a_segment_is_not_offered_for_sealing_while_undo_may_open_it_again(log, rows, read_log):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 2.0}, START + HOUR_S)], 2)
    assert log.rolled() == []
    log.undo()
    log.append([rows({2: 3.0})], 2)
    log.roll()
    (segment,) = log.rolled()
    assert segment.identity == Identity("w", 1, 2)
    assert read_log() == single(1, 1.0) | single(2, 3.0)


def test_a_segment_is_offered_for_sealing_when_the_next_append_comes(log, rows):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 2.0}, START + HOUR_S)], 2)
    log.append([rows({1: 3.0}, START + HOUR_S)], 3)
    assert [segment.identity for segment in log.rolled()] == [Identity("w", 1, 1)]


# -- recovery ------------------------------------------------------------------------------------------------------------


def test_a_log_is_taken_up_where_it_ended(log, open_log, rows, files, read_log):
    log.append([rows({1: 1.0, 2: 1.0})], 1)
    log.close()
    again = open_log()
    assert again.recover(0, 0) == 1
    again.append([rows({2: 2.0, 3: 2.0}, START + 10)], 2)
    assert len(files()) == 1
    assert read_log() == single(1, 1.0) | single(2, 1.0) | single(2, 2.0, START + 10) | single(3, 2.0, START + 10)


def test_sealed_segments_are_removed_and_the_others_wait(log, open_log, rows, files):
    for sequence in (1, 2, 3):
        log.append([rows({1: 1.0}, START + sequence * HOUR_S)], sequence)
    log.close()
    again = open_log()
    assert again.recover(1, 1) == 3
    assert [segment.identity.last for segment in again.rolled()] == [2]
    assert len(files()) == 2


def test_a_log_that_is_all_sealed_is_empty(log, open_log, rows, files):
    log.append([rows({1: 1.0})], 1)
    log.close()
    again = open_log()
    assert (again.recover(1, 1), files()) == (0, [])


def test_a_segment_that_was_sealed_in_part_is_refused(log, open_log, rows):
    log.append([rows({1: 1.0}), rows({1: 2.0})], 1)
    log.close()
    with pytest.raises(Damaged, match="sequences 1 to 2, and 1 was sealed"):
        open_log().recover(1, 1)


def test_another_writers_segment_is_closed(log, tmp_path, rows, files):
    log.append([rows({1: 1.0})], 1)
    log.close()
    with contextlib.closing(LogWriter(tmp_path, LEVEL, "other")) as other:
        assert other.recover(0, 0) == 1
        assert [segment.identity for segment in other.rolled()] == [Identity("w", 1, 1)]
        other.append([rows({1: 1.0})], 2)
        assert len(files()) == 2


def test_no_descriptor_is_left_open(tmp_path, open_log, rows, read_log):
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    log = open_log(segment_bytes=1)
    log.recover(0, 0)
    for sequence in range(1, 40):
        log.append([rows({1: 1.0}, START + sequence * 10)], sequence)
        log.append([rows({1: 1.0}, START + sequence * HOUR_S)], sequence + 100) if sequence == 39 else None
        assert read_log()
    log.append([rows({1: 1.0}, START + 60 * HOUR_S)], 200)
    log.undo()
    log.roll()
    for segment in log.rolled():
        segment.extents()
        log.drop(segment)
    del segment
    log.close()
    open_log().recover(0, 0)
    assert descriptors() == before


def test_files_that_are_no_segments_are_left_alone(log, open_log, read_log, rows, tmp_path):
    log.append([rows({1: 2.0})], 1)
    seen = read_log()
    folder = tmp_path / "default" / "10" / "log"
    others = [folder / name for name in ("x.log", "0000000000000001.log.bak", "ABCDEF0123456789.log", "notes.txt")]
    for other in others:
        other.write_bytes(b"not ours")
    assert read_log() == read_log(through=1) == seen
    log.close()
    assert open_log().recover(0, 0) == 1
    assert open_log().recover(1, 1) == 0, "all is sealed"
    assert [other.read_bytes() for other in others] == [b"not ours"] * 4

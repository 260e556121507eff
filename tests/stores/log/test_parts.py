"""What of a log is acknowledged, in parts, while it is written."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cadent.schema.errors import Unavailable
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.point import Point
from cadent.stores.layout import log_folder

LEVEL = Level("default", 10)
START = 1_700_002_800
HOUR_S = 3_600


def single(id_, value, time=START):
    return {(id_, time): Point.of(time, value)}


def test_what_may_be_taken_back_is_in_no_part(log, rows, sealed_points):
    log.append([rows({1: 1.0})], 1)
    assert log.since(0) == []
    log.acknowledge()
    log.append([rows({1: 2.0, 7: 2.0}, START + 10)], 2)
    (part,) = log.since(0)
    assert (part.level, part.identity, sealed_points(part)) == (LEVEL, Identity("w", 1, 1), single(1, 1.0))
    log.undo()
    log.append([rows({3: 5.0}, START + 10)], 2)
    log.acknowledge()
    assert sealed_points(part) == single(1, 1.0)
    (later,) = log.since(1)
    assert (later.identity, sealed_points(later)) == (Identity("w", 2, 2), single(3, 5.0, START + 10))


def test_what_is_acknowledged_is_not_taken_back(log, rows, read_log):
    log.append([rows({1: 1.0})], 1)
    log.acknowledge()
    log.undo()
    assert read_log() == single(1, 1.0)


def test_a_segment_that_an_acknowledged_append_closed_can_be_sealed(log, rows):
    log.append([rows({1: 1.0}), rows({1: 2.0}, START + HOUR_S)], 1)
    assert log.rolled() == []
    log.acknowledge()
    assert [segment.identity for segment in log.rolled()] == [Identity("w", 1, 1)]


def test_no_part_goes_over_the_end_of_a_segment(log, rows):
    log.append([rows({1: 1.0}), rows({1: 2.0}, START + 10)], 1)
    log.append([rows({1: 3.0}, START + HOUR_S)], 5)
    log.append([rows({1: 4.0}, START + HOUR_S)], 6, Mode.REPLACE)
    log.roll()
    log.append([rows({1: 5.0}, START + 2 * HOUR_S)], 9)
    log.acknowledge()
    assert [part.identity for part in log.since(1)] == [
        Identity("w", 2, 2),
        Identity("w", 5, 5),
        Identity("w", 6, 6, Mode.REPLACE),
        Identity("w", 9, 9),
    ]
    assert log.since(9) == []


def test_an_open_segment_that_was_taken_up_is_in_a_part(log, open_log, rows, sealed_points):
    log.append([rows({1: 1.0})], 1)
    log.close()
    again = open_log()
    again.recover(0, 0)
    (part,) = again.since(0)
    assert sealed_points(part) == single(1, 1.0)


def test_a_part_outlives_its_segment_only_if_it_was_opened(log, rows, sealed_points):
    log.append([rows({1: 1.0})], 1)
    log.roll()
    (opened,), (unopened,) = log.since(0), log.since(0)
    assert sealed_points(opened) == single(1, 1.0)
    log.drop(log.rolled()[0])
    assert log.since(0) == []
    assert sealed_points(opened) == single(1, 1.0)
    with pytest.raises(Unavailable, match=r"0001\.log"):
        unopened.extents()


class Busy:
    """Row n of a log holds id n % 50 with value n; every third is first appended with another one and taken back."""

    LAST = 600

    def __init__(self, log, rows):
        self.log, self.rows = log, rows
        self.seen = 0
        self.ended = threading.Event()

    def write(self):
        try:
            for sequence in range(1, self.LAST + 1):
                self.append(sequence)
        finally:
            self.ended.set()

    def append(self, sequence):
        id_, time = sequence % 50, START + 10 * sequence
        if sequence % 3 == 0:
            self.log.append([self.rows({id_: -1.0, 77: -1.0}, time)], sequence)
            self.log.undo()
        self.log.append([self.rows({id_: float(sequence)}, time)], sequence)
        self.log.acknowledge()
        if sequence % 20 == 0:
            self.log.roll()

    def drop(self):
        while not self.ended.is_set():
            for segment in self.log.rolled()[:1]:
                if segment.identity.last <= self.seen:
                    self.log.drop(segment)


def test_parts_are_whole_while_other_threads_append_undo_roll_and_drop(log, rows, sealed_points):
    busy, published = Busy(log, rows), {}
    with ThreadPoolExecutor() as threads:
        others = [threads.submit(busy.write), threads.submit(busy.drop)]
        while busy.seen < busy.LAST and not any(other.done() and other.exception() for other in others):
            for part in log.since(busy.seen):
                assert part.identity.first > busy.seen
                published |= sealed_points(part)
                busy.seen = part.identity.last
    assert [other.result() for other in others] == [None, None]
    assert published == {k: p for n in range(1, busy.LAST + 1) for k, p in single(n % 50, float(n), START + 10 * n).items()}


# -- what chunks hold and may lose again ----------------------------------------------------------------------------------


@pytest.fixture
def three_hours(log, rows):
    """Rows 1 to 3, each in a segment of its own."""
    for sequence in (1, 2, 3):
        log.append([rows({1: float(sequence)}, START + sequence * HOUR_S)], sequence)
    log.roll()
    log.close()


@pytest.mark.parametrize(
    ("sealed", "lasting", "closed"), [(2, 1, [2]), (2, 0, [1, 2]), (3, 1, [2, 3]), (3, 3, []), (0, 0, [1, 2])]
)
@pytest.mark.usefixtures("three_hours")
def test_what_chunks_hold_but_may_lose_stays_and_is_closed(open_log, sealed, lasting, closed):
    again = open_log()
    assert again.recover(sealed, lasting) == (3 if lasting < 3 else 0)
    assert [segment.identity.last for segment in again.rolled()] == closed


@pytest.mark.usefixtures("three_hours")
def test_what_was_sealed_is_never_written_on(open_log, rows, sealed_points):
    again = open_log()
    again.recover(3, 2)
    again.append([rows({1: 4.0}, START + 3 * HOUR_S + 10)], 4)
    again.roll()
    (held, new) = again.rolled()
    assert (held.identity, new.identity) == (Identity("w", 3, 3), Identity("w", 4, 4))
    assert sealed_points(held) == single(1, 3.0, START + 3 * HOUR_S)


# -- set aside ------------------------------------------------------------------------------------------------------------


def test_a_segment_that_is_set_aside_is_kept_and_no_part_of_the_log(log, open_log, rows, tmp_path, read_log):
    for sequence in (1, 2, 3):
        log.append([rows({1: float(sequence)}, START + sequence * HOUR_S)], sequence)
    log.roll()
    refused = log.rolled()[1]
    content = refused.path.read_bytes()
    aside = log.set_aside(refused)
    assert aside == str(log_folder(tmp_path, LEVEL) / "0000000000000002.log.refused")
    assert [segment.identity.last for segment in log.rolled()] == [1, 3]
    assert [part.identity.last for part in log.since(0)] == [1, 3]
    assert [point.sum for point in read_log(slots=2_000).values()] == [1.0, 3.0]
    log.close()
    again = open_log()
    assert again.recover(1, 1) == 3
    assert Path(aside).read_bytes() == content


def test_nothing_that_was_set_aside_is_overwritten(log, rows, open_log):
    asides = []
    for value in (1.0, 2.0):
        again = open_log()
        again.recover(0, 0)
        again.append([rows({1: value})], 1)
        again.roll()
        asides.append(again.set_aside(again.rolled()[0]))
        again.close()
    assert len(set(asides)) == 2


def test_sequences_go_on_after_what_was_set_aside(log, rows):
    log.append([rows({1: 1.0})], 4)
    log.roll()
    log.set_aside(log.rolled()[0])
    with pytest.raises(ValueError, match="sequence 4 comes after 4"):
        log.append([rows({1: 1.0})], 4)


def test_the_size_is_that_of_acknowledged_segments_that_end_later(log, rows):
    assert log.size_bytes(0) == 0
    log.append([rows({1: 1.0})], 1)
    assert log.size_bytes(0) == 0
    log.roll()
    (first,) = log.rolled()
    log.append([rows({1: 2.0}, START + HOUR_S)], 2)
    log.roll()
    (_, second) = log.rolled()
    sizes = [segment.path.stat().st_size for segment in (first, second)]
    assert [log.size_bytes(after) for after in (0, 1, 2)] == [sum(sizes), sizes[1], 0]
    log.drop(first)
    assert log.size_bytes(0) == sizes[1]


def test_a_segment_that_grows_takes_more(log, rows):
    log.append([rows({1: 1.0})], 1)
    log.acknowledge()
    before = log.size_bytes(0)
    log.append([rows(dict.fromkeys(range(1_000), 2.0), START + 10)], 2)
    log.acknowledge()
    assert log.size_bytes(1) == log.size_bytes(0) >= before + 8 * 1_000


def test_the_size_is_known_after_a_restart(log, rows, open_log):
    log.append([rows({1: 1.0}), rows({1: 2.0}, START + HOUR_S)], 1)
    log.acknowledge()
    sizes = [log.size_bytes(after) for after in (0, 1)]
    log.close()
    again = open_log()
    again.recover(0, 0)
    assert [again.size_bytes(after) for after in (0, 1)] == sizes

"""How much of the log waits to be sealed, and since when."""

from types import SimpleNamespace

import pytest
from cadent.stores.layout import log_folder
from cadent.writers.waiting import Waiting
from parts import BASE, COARSE, Parts, Window, names

HOUR = 500_000 * 3_600
HOUR_S = 3_600


@pytest.fixture
def clock():
    return SimpleNamespace(now=1_000.0)


@pytest.fixture
def waiting(parts, clock):
    parts.flusher.add_names(names(0, "a"))
    return Waiting(parts.logs, lambda: clock.now)


def write(parts, number, level=BASE):
    parts.flusher.write([Window(level, HOUR + HOUR_S * number, {0: [1.0]}).rows()])


def close(parts, waiting, level=BASE):
    parts.flusher.roll(level)
    waiting.look()


def on_disk(parts, *levels):
    return sum(path.stat().st_size for level in levels for path in log_folder(parts.folder, level).iterdir())


def test_what_is_being_written_waits_without_an_age(parts, waiting, clock):
    write(parts, 0)
    waiting.look()
    clock.now += 100 * HOUR_S
    counters = waiting.counters()
    assert counters.size_bytes > 0
    assert (waiting.segments, counters.age_s, counters.trouble) == (0, 0.0, "")


def test_the_oldest_segment_gives_the_age_and_all_of_them_the_size(parts, waiting, clock):
    write(parts, 0)
    close(parts, waiting)
    clock.now += 60.0
    write(parts, 1)
    close(parts, waiting)
    write(parts, 0, COARSE)
    close(parts, waiting, COARSE)
    clock.now += 7.0
    counters = waiting.counters()
    assert (waiting.segments, counters.age_s, counters.size_bytes) == (3, 67.0, on_disk(parts, BASE, COARSE))


def test_what_is_sealed_waits_no_more_and_takes_its_room_still(parts, waiting, clock):
    for number in (0, 1):
        write(parts, number)
        close(parts, waiting)
        clock.now += 10.0
    assert [segment.identity.last for segment in waiting.note_sealed(BASE, 1)] == [2]
    counters = waiting.counters()
    assert (waiting.segments, counters.age_s, waiting.holds_sealed) == (1, 10.0, True)
    assert counters.size_bytes == parts.logs[BASE].rolled()[1].path.stat().st_size
    assert waiting.log_bytes == on_disk(parts, BASE)


def test_what_chunks_lose_waits_since_it_was_closed(parts, waiting, clock):
    write(parts, 0)
    close(parts, waiting)
    waiting.note_sealed(BASE, 1)
    clock.now += 30.0
    waiting.look()
    waiting.note_sealed(BASE, 0)
    assert (waiting.counters().age_s, waiting.holds_sealed) == (30.0, False)


def test_what_is_dropped_is_in_no_figure(parts, waiting):
    write(parts, 0)
    close(parts, waiting)
    waiting.note_sealed(BASE, 1)
    parts.logs[BASE].drop(parts.logs[BASE].rolled()[0])
    assert (waiting.log_bytes, waiting.counters().size_bytes, waiting.holds_sealed) == (0, 0, False)


def test_a_level_is_late_when_its_segment_waits_for_more_than_two_of_its_spans(parts, waiting, clock):
    for level in (BASE, COARSE):
        write(parts, 0, level)
        close(parts, waiting, level)
    clock.now += 2 * HOUR_S
    assert waiting.counters().trouble == ""
    clock.now += 30 * 60
    assert waiting.counters().trouble == "the log of default/10 waits to be sealed for 150m"
    waiting.note_sealed(BASE, 1)
    assert waiting.counters().trouble == ""
    clock.now += 10 * HOUR_S
    assert waiting.counters().trouble == "the log of default/60 waits to be sealed for 750m"


def test_what_a_former_writer_closed_waits_since_the_start(parts, waiting, clock):
    for number in (0, 1):
        write(parts, number)
        close(parts, waiting)
    parts.close()
    again = Parts(parts.folder)
    found = Waiting(again.logs, lambda: clock.now)
    clock.now += 5.0
    assert (found.segments, found.counters().age_s) == (1, 5.0)
    assert found.log_bytes > again.logs[BASE].rolled()[0].path.stat().st_size
    again.close()

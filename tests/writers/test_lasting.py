"""Segments stay in the log until their chunks last, and are sealed again when these are lost."""

import time

import pytest
from cadent.schema.errors import Unavailable
from cadent.writers import store_thread
from cadent.writers.keeping.expiry import Clock
from cadent.writers.keeping.upkeep import Upkeep
from cadent.writers.store_thread import StoreThread
from lagging import LaggingStore
from parts import BASE, POLICIES, Window, names
from programs import eventually

HOUR = 500_000 * 3_600
PATIENCE_S = 20.0


@pytest.fixture
def store():
    return LaggingStore()


@pytest.fixture
def hours(parts):
    """hours(n, ...): a closed segment with a point in each of these hours."""
    parts.flusher.add_names(names(0, "a"))

    def write(*numbers):
        for number in numbers:
            parts.flusher.write([Window(BASE, HOUR + 3_600 * number, {0: [float(number)]}).rows()])
            parts.flusher.roll(BASE)

    return write


@pytest.fixture
def thread(parts, store, monkeypatch):
    monkeypatch.setattr(store_thread, "RETRY_S", 0.01)
    failures = []
    made = StoreThread(parts.logs, store, Upkeep(store, POLICIES), Clock(HOUR, 0.0), time.monotonic, failures.append)
    yield made
    made.close(PATIENCE_S)
    assert failures == []


def held(parts):
    return [segment.identity.last for segment in parts.logs[BASE].rolled()]


def sums(store):
    """Of the chunks, by hour: a point that is there twice is added."""
    snapshot = store.snapshot()
    found = {}
    for one in snapshot.of(BASE, snapshot.sets(BASE)):
        for point in one.points[0]:
            found[(point.time - HOUR) // 3_600] = found.get((point.time - HOUR) // 3_600, 0) + point.sum
    return found


def test_what_is_sealed_waits_until_it_lasts(thread, parts, store, hours):
    hours(1, 2)
    thread.start()
    eventually(lambda: store.snapshot().sealed(BASE) == 2)
    eventually(lambda: thread.waiting.segments == 0)
    assert held(parts) == [1, 2]
    store.settle()
    eventually(lambda: held(parts) == [])
    assert sums(store) == {1: 1.0, 2: 2.0}


def test_what_was_lost_is_sealed_again_before_what_came_later(thread, parts, store, hours):
    hours(1, 2)
    thread.start()
    eventually(lambda: thread.waiting.segments == 0)
    hours(3)
    store.lose()
    thread.wake()
    eventually(lambda: store.snapshot().sealed(BASE) == 3)
    assert sums(store) == {1: 1.0, 2: 2.0, 3: 3.0}
    store.settle()
    eventually(lambda: held(parts) == [])


def test_segments_that_last_go_while_later_ones_cannot_be_sealed(thread, parts, store, hours, monkeypatch):
    hours(1)
    thread.start()
    eventually(lambda: thread.waiting.segments == 0)

    def refuse(*_):
        raise Unavailable("no host is up")

    monkeypatch.setattr(store, "seal", refuse)
    hours(2)
    store.settle()
    thread.wake()
    eventually(lambda: held(parts) == [2])
    assert thread.counters.trouble == "no host is up"
    assert thread.waiting.segments == 1


def test_a_segment_that_the_store_refuses_is_kept_aside_and_blocks_nothing(thread, parts, store, hours, caplog):
    hours(1, 2, 3)
    store.refused = {2}
    content = parts.logs[BASE].rolled()[1].path.read_bytes()
    thread.start()
    eventually(lambda: sums(store) == {1: 1.0, 3: 3.0})
    eventually(lambda: not thread.counters.trouble and thread.waiting.segments == 0)
    counters = thread.counters
    (aside,) = parts.folder.rglob("*.refused")
    assert (counters.segments, counters.refused, aside.read_bytes()) == (2, 1, content)
    assert counters.refusal == f"what ends with 2 is too large; what was refused is kept in {aside}"
    assert [record.levelname for record in caplog.records if str(aside) in record.getMessage()] == ["ERROR"]


def test_the_sequences_of_a_refused_segment_are_not_given_again(thread, parts, store, hours):
    hours(1)
    store.refused = {1}
    thread.start()
    eventually(lambda: store.snapshot().sealed(BASE) == 1)
    assert held(parts) == []

"""What the log holds and chunks do not is published, part by part, whatever happens to the connection."""

import time
from itertools import pairwise

import pytest
from cadent.schema.errors import Damaged
from cadent.writers import publishing
from cadent.writers.days import SeenDays
from cadent.writers.engine import Engine
from cadent.writers.publishing import Publishing, PublishThread
from lagging import LaggingStore, MemoryPublications
from parts import BASE, COARSE, POLICIES, Window, fold, names
from programs import eventually

HOUR = 500_000 * 3_600
PATIENCE_S = 20.0
LOST_S = 10.0


class Running:
    """A publisher in quick rounds, over a log that the test writes, at a time that the test sets."""

    def __init__(self, parts, every_s=0.01):
        self.parts = parts
        self.store = LaggingStore()
        self.there = MemoryPublications()
        self.now = 1_000.0
        self.failures = []
        self.expected = {}
        self.publisher = PublishThread(
            parts.logs, self.store, Publishing(self.there, every_s, LOST_S), lambda: self.now, self.failures.append
        )
        parts.flusher.add_names(names(0, "a", "b"))

    def write(self, slot, *samples, level=BASE):
        window = Window(level, HOUR + level.step_s * slot, {0: samples, 1: [1.0]})
        self.expected |= {
            (level, *key): fold(window.time, window.samples[key[0]]) for key in [(0, window.time), (1, window.time)]
        }
        return self.parts.flusher.write([window.rows()])

    def seal(self):
        self.parts.flusher.roll(BASE)
        self.store.seal(BASE, self.parts.logs[BASE].rolled()[-1].identity.last, ())

    def rounds(self, number=2):
        """So many whole rounds from now on."""
        for _ in range(number):
            before = self.there.looks
            eventually(lambda before=before: self.there.looks > before)

    def found(self):
        return {(level, *key): point for (level, _, _), points in self.there.points.items() for key, point in points.items()}

    def ranges(self):
        return [(first, last) for _, first, last in self.there.published]


@pytest.fixture
def running(parts, monkeypatch):
    monkeypatch.setattr(publishing, "RETRY_S", 0.01)
    made = Running(parts)
    yield made
    made.there.hangs_s = 0.0
    made.publisher.close(PATIENCE_S)


def test_what_is_written_is_published_once_in_parts_that_do_not_overlap(running):
    running.write(0, 1.0)
    running.write(1, 2.0, 5.0)
    running.write(0, 4.0, level=COARSE)
    running.publisher.start()
    running.rounds()
    running.write(2, 3.0)
    running.write(360, 7.0)  # the next hour: another segment
    running.rounds()
    assert running.found() == running.expected
    assert running.publisher.counters.points == len(running.expected)
    for level in (BASE, COARSE):
        ranges = [(first, last) for of, first, last in running.there.published if of == level]
        assert all(last < first for (_, last), (first, _) in pairwise(ranges))


def test_it_counts_once_when_all_that_was_there_is_published(running):
    for slot in (0, 360, 720):
        running.write(slot, 1.0)
    running.publisher.start()
    running.rounds()
    running.write(721, 1.0)
    running.rounds()
    assert (running.there.counted, [last for _, _, last in running.there.before]) == (1, [1, 2, 3])


def test_what_chunks_hold_is_not_published(running):
    running.write(0, 1.0)
    running.seal()
    running.write(360, 2.0)
    running.publisher.start()
    running.rounds()
    assert running.ranges() == [(2, 2)]


def test_what_chunks_lose_is_published_though_later_parts_were(running):
    running.write(0, 1.0)
    running.seal()
    running.write(360, 2.0)
    running.publisher.start()
    running.rounds()
    running.store.lose()
    running.rounds()
    assert running.ranges() == [(2, 2), (1, 1)]
    assert running.found() == running.expected


def test_while_there_is_no_connection_all_stays_to_be_done_and_is_said_once(running, caplog):
    running.there.trouble = "no host is up"
    running.write(0, 1.0)
    running.publisher.start()
    eventually(lambda: running.there.calls > 5)
    running.write(360, 2.0)
    running.now += 77.0
    counters = running.publisher.counters
    assert (counters.trouble, counters.lag_s, running.there.counted) == ("no host is up", 77.0, 0)
    assert [record.getMessage() for record in caplog.records] == [
        "cannot publish, and will go on when that is possible: no host is up"
    ]
    running.there.trouble = ""
    running.rounds()
    assert (running.found(), running.there.counted) == (running.expected, 1)
    assert running.publisher.counters.lag_s == 0.0
    assert not running.publisher.counters.trouble


def test_what_was_published_shortly_before_a_loss_is_published_again_alike(running):
    running.write(0, 1.0)
    running.publisher.start()
    running.rounds()
    running.now += 2 * LOST_S
    running.rounds()
    running.write(1, 2.0)
    running.rounds()
    running.now += LOST_S / 2
    running.there.interrupt()
    running.rounds()
    assert running.ranges() == [(1, 1), (2, 2), (2, 2)]


def test_what_is_in_chunks_by_then_is_not_published_again(running):
    running.write(0, 1.0)
    running.publisher.start()
    running.rounds()
    running.seal()
    running.there.interrupt()
    running.write(360, 2.0)
    running.rounds()
    assert running.ranges() == [(1, 1), (2, 2)]


def test_what_the_log_has_set_aside_is_not_published_when_chunks_are_lost(running):
    running.write(0, 1.0)
    running.seal()
    running.write(360, 2.0)
    running.seal()
    running.write(720, 3.0)
    running.publisher.start()
    running.rounds()
    log = running.parts.logs[BASE]
    log.set_aside(log.rolled()[1])
    running.store.lose()
    running.rounds()
    assert (running.ranges(), running.publisher.counters.trouble) == ([(3, 3), (1, 1)], "")


def test_what_is_sealed_during_a_round_is_left_out_of_it(running, monkeypatch):
    publish = running.there.publish

    def sealing(level, slices):
        publish(level, slices)
        running.seal()

    running.write(0, 1.0)
    running.write(360, 2.0)
    monkeypatch.setattr(running.there, "publish", sealing)
    running.publisher.start()
    running.rounds()
    assert running.ranges() == [(1, 1)]


def test_a_part_that_is_damaged_is_passed_over_and_said(running, monkeypatch):
    publish = running.there.publish

    def damaged(level, slices):
        if level == BASE:
            raise Damaged("1.log", 8, "fails its checksum")
        publish(level, slices)

    monkeypatch.setattr(running.there, "publish", damaged)
    running.write(0, 1.0)
    running.write(0, 1.0, level=COARSE)
    running.publisher.start()
    eventually(lambda: running.there.counted)
    assert [level for level, _, _ in running.there.published] == [COARSE]


def test_a_close_publishes_what_was_written_last(parts):
    running = Running(parts, every_s=1_000.0)
    running.publisher.start()
    eventually(lambda: running.there.counted)
    running.write(0, 1.0)
    running.publisher.close(PATIENCE_S)
    assert running.found() == running.expected


def test_a_close_does_not_wait_for_a_server_that_hangs(running):
    running.there.hangs_s = 5.0
    running.write(0, 1.0)
    running.publisher.start()
    eventually(lambda: running.there.calls)
    running.publisher.close(0.01)
    assert running.there.published == []


def test_an_error_that_nobody_expected_reaches_the_owner(running, monkeypatch):
    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(running.there, "publish", fail)
    running.write(0, 1.0)
    running.publisher.start()
    eventually(lambda: [str(failure) for failure in running.failures] == ["a bug"])


def test_an_engine_publishes_what_it_wrote(parts):
    there = MemoryPublications()
    engine = Engine(
        parts.names,
        parts.logs,
        parts.store,
        SeenDays(),
        parts.recovered,
        POLICIES,
        HOUR,
        monotonic=time.monotonic,
        failed=print,
        publishing=Publishing(there, 0.01, LOST_S),
    )
    engine.start(HOUR)
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]})], HOUR)
    eventually(lambda: there.points)
    assert list(there.points.values()) == [{(0, HOUR): fold(HOUR, [1.0])}]
    eventually(lambda: engine.counters().publish.points == 1)
    assert engine.close(PATIENCE_S) == 0

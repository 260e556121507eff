import threading
import time

import numpy as np
import pytest
from cadent.schema.errors import Damaged, Unavailable
from cadent.writers import flushing, store_thread
from cadent.writers.days import SeenDays
from cadent.writers.engine import Engine
from parts import BASE, COARSE, POLICIES, Window, names, paths, stored
from programs import eventually

HOUR = 500_000 * 3_600
PATIENCE_S = 20.0
IDS = np.array([0, 1], np.uint32)


@pytest.fixture
def failures():
    return []


@pytest.fixture
def engine(parts, failures, monkeypatch):
    monkeypatch.setattr(flushing, "RETRY_S", 0.01)
    monkeypatch.setattr(store_thread, "RETRY_S", 0.01)
    made = Engine(
        parts.names,
        parts.logs,
        parts.store,
        SeenDays(),
        parts.recovered,
        POLICIES,
        HOUR,
        monotonic=time.monotonic,
        failed=failures.append,
    )
    made.start(HOUR)
    yield made
    made.close(PATIENCE_S)


def is_idle(engine) -> bool:
    counters = engine.counters()
    return not (counters.pending_windows or counters.waiting_segments)


def test_what_is_handed_over_is_found_in_the_log_and_counted(engine, parts):
    engine.submit([names(0, "a", "b")], [Window(BASE, HOUR, {0: [1.0], 1: [2.0, 3.0]})], HOUR)
    eventually(lambda: is_idle(engine))
    assert {at: point.sum for at, point in stored(parts.folder, BASE, [0, 1], HOUR, 1).items()} == {
        (0, HOUR): 1.0,
        (1, HOUR): 5.0,
    }
    assert engine.counters().flush.points == 2
    assert engine.head("default", IDS).last_sequence == 1
    assert paths(parts.folder) == {0: "a", 1: "b"}


def test_at_every_moment_a_point_is_in_the_head_or_in_the_log_up_to_its_sequence(engine, parts):
    engine.submit([names(0, "a")], [], HOUR)
    for number in range(200):
        time_ = HOUR + 10 * number
        engine.submit([], [Window(BASE, time_, {0: [1.0]})], time_)
        answer = engine.head("default", IDS)
        assert number + 1 == answer.last_sequence + len(answer.points)
    eventually(lambda: is_idle(engine))
    assert len(stored(parts.folder, BASE, [0], HOUR, 200)) == 200


def test_names_are_in_the_names_log_without_any_window(engine, parts):
    engine.submit([names(0, "a")], [], HOUR)
    eventually(lambda: paths(parts.folder) == {0: "a"})


def test_an_hour_that_ends_is_sealed(engine, parts):
    engine.submit([names(0, "a")], [], HOUR)
    for time_ in (HOUR + 3_590, HOUR + 3_600, HOUR + 3_610):
        engine.submit([], [Window(BASE, time_, {0: [1.0]})], HOUR)
        eventually(lambda: not engine.counters().pending_windows)
    eventually(lambda: engine.counters().seal.segments == 1)
    (sealed,) = parts.store.snapshot().sets(BASE)
    assert (sealed.start, sealed.stop) == (HOUR + 3_590, HOUR + 3_600)
    assert len(stored(parts.folder, BASE, [0], HOUR, 720)) == 3


def test_a_level_without_later_windows_is_sealed_after_its_span(engine):
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]}), Window(COARSE, HOUR, {0: [1.0]})], HOUR + 20)
    engine.submit([], [], HOUR + 3_610)
    eventually(lambda: is_idle(engine))
    assert engine.counters().seal.segments == 0
    engine.submit([], [], HOUR + 3_620)
    eventually(lambda: engine.counters().seal.segments == 1)
    engine.submit([], [], HOUR + 20 + 6 * 3_600)
    eventually(lambda: engine.counters().seal.segments == 2)


def test_all_is_sealed_on_request(engine, parts):
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]}), Window(COARSE, HOUR, {0: [1.0]})], HOUR)
    engine.roll()
    eventually(lambda: engine.counters().seal.segments == 2)
    assert is_idle(engine)
    assert parts.store.snapshot().sealed(COARSE) == 2


def test_a_disk_that_refuses_is_asked_again_and_nothing_is_lost_or_twice(engine, parts, monkeypatch):
    full = threading.Event()
    full.set()
    append = parts.logs[BASE].append

    def refusing(*arguments):
        if full.is_set():
            raise Unavailable("no space left")
        return append(*arguments)

    monkeypatch.setattr(parts.logs[BASE], "append", refusing)
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]})], HOUR)
    eventually(lambda: engine.counters().flush.trouble == "no space left")
    engine.submit([names(1, "b")], [Window(BASE, HOUR + 10, {0: [2.0], 1: [3.0]})], HOUR + 10)
    assert engine.head("default", IDS).points["sum"].tolist() == [1.0, 2.0, 3.0]
    assert engine.pending_bytes == 200
    full.clear()
    eventually(lambda: is_idle(engine))
    eventually(lambda: not engine.counters().flush.trouble)
    sums = {at: point.sum for at, point in stored(parts.folder, BASE, [0, 1], HOUR, 2).items()}
    assert sums == {(0, HOUR): 1.0, (0, HOUR + 10): 2.0, (1, HOUR + 10): 3.0}


def test_a_store_that_is_down_costs_nothing(engine, parts, monkeypatch):
    down = threading.Event()
    down.set()
    seal = parts.store.seal

    def refusing(*arguments):
        if down.is_set():
            raise Unavailable("the store is away")
        seal(*arguments)

    monkeypatch.setattr(parts.store, "seal", refusing)
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]})], HOUR)
    engine.roll()
    eventually(lambda: engine.counters().seal.trouble == "the store is away")
    engine.submit([], [Window(BASE, HOUR + 10, {0: [2.0]})], HOUR)
    eventually(lambda: not engine.counters().pending_windows)
    assert len(stored(parts.folder, BASE, [0], HOUR, 2)) == 2
    down.clear()
    eventually(lambda: engine.counters().seal.segments == 1)
    eventually(lambda: not engine.counters().seal.trouble)


def test_a_damaged_segment_stops_its_own_level_alone(engine, parts, monkeypatch):
    seal = parts.store.seal

    def damaged(level, *arguments):
        if level == BASE:
            raise Damaged("000.log", 8, "fails its checksum")
        seal(level, *arguments)

    monkeypatch.setattr(parts.store, "seal", damaged)
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]}), Window(COARSE, HOUR, {0: [1.0]})], HOUR)
    engine.roll()
    eventually(lambda: engine.counters().seal.segments == 1)
    assert "000.log is damaged at byte 8" in engine.counters().seal.trouble
    assert len(parts.logs[BASE].rolled()) == 1


@pytest.mark.parametrize("broken", ["append", "rolled"])
def test_an_error_that_nobody_expected_reaches_the_owner(engine, parts, failures, monkeypatch, broken):
    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(parts.logs[BASE], broken, fail)
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]})], HOUR)
    eventually(lambda: {str(failure) for failure in failures} == {"a bug"})  # of one thread, or of each that met it
    monkeypatch.undo()


@pytest.fixture
def unwritable(parts, monkeypatch):
    """unwritable(): the names log takes nothing; unwritable(False): it does again."""
    refused = threading.Event()

    def watched(call):
        def append(*arguments):
            if refused.is_set():
                raise Unavailable("the disk is full")
            return call(*arguments)

        return append

    for name in ("append", "delete", "rename"):
        monkeypatch.setattr(parts.names, name, watched(getattr(parts.names, name)))
    return lambda on=True: refused.set() if on else refused.clear()


def test_a_path_that_is_deleted_and_comes_again_at_once_has_its_new_id(engine, parts, unwritable):
    engine.submit([names(0, "a", "b")], [], HOUR)
    eventually(lambda: paths(parts.folder) == {0: "a", 1: "b"})
    unwritable()
    deleted = engine.delete(IDS[:1])
    engine.submit([names(2, "a")], [], HOUR)
    unwritable(False)
    deleted.result(PATIENCE_S)
    eventually(lambda: paths(parts.folder) == {1: "b", 2: "a"})


def test_a_path_that_is_renamed_and_comes_again_at_once_is_another_one(engine, parts, unwritable):
    engine.submit([names(0, "a", "b")], [], HOUR)
    eventually(lambda: paths(parts.folder) == {0: "a", 1: "b"})
    unwritable()
    renamed = engine.rename(IDS[:1], ["c"])
    engine.submit([names(2, "a")], [], HOUR)
    unwritable(False)
    renamed.result(PATIENCE_S)
    eventually(lambda: paths(parts.folder) == {0: "c", 1: "b", 2: "a"})


def test_a_rename_is_not_done_before_the_disk_has_taken_it(engine, parts, unwritable):
    engine.submit([names(0, "a")], [], HOUR)
    eventually(lambda: paths(parts.folder) == {0: "a"})
    unwritable()
    renamed = engine.rename(IDS[:1], ["c"])
    eventually(lambda: engine.counters().flush.trouble)
    assert not renamed.done()
    unwritable(False)
    renamed.result(PATIENCE_S)
    assert paths(parts.folder) == {0: "c"}


def test_a_stop_writes_what_is_pending(engine, parts):
    engine.submit([names(0, "a")], [Window(BASE, HOUR + 10 * number, {0: [1.0]}) for number in range(50)], HOUR)
    assert engine.close(PATIENCE_S) == 0
    assert len(stored(parts.folder, BASE, [0], HOUR, 50)) == 50


def test_a_stop_tells_what_it_could_not_write(engine, parts, monkeypatch):
    def refuse(*_):
        raise Unavailable("full")

    monkeypatch.setattr(parts.logs[BASE], "append", refuse)
    engine.submit([names(0, "a")], [Window(BASE, HOUR, {0: [1.0]})], HOUR)
    assert engine.close(0.2) == 1
    monkeypatch.undo()


def test_paths_without_points_for_longer_than_any_step_keeps_them_are_silent(engine, parts):
    engine.submit([names(0, "old", day=1), names(1, "new", day=HOUR // 86_400)], [], HOUR)
    assert engine.silent().result(PATIENCE_S).tolist() == [0]


def test_nobody_is_silent_by_a_clock_that_jumped(engine, parts):
    engine.submit([names(0, "old", day=1)], [], HOUR)
    engine.submit([], [], HOUR + 365 * 86_400)
    assert "jumped" in engine.clock_trouble
    assert engine.silent().result(PATIENCE_S).tolist() == []


def test_points_of_deleted_paths_go_when_chunks_are_compacted(engine, parts):
    engine.submit([names(0, "a", "b")], [Window(BASE, HOUR, {0: [1.0], 1: [2.0]})], HOUR)
    engine.delete(np.array([0], np.uint32)).result(PATIENCE_S)
    engine.compact().result(PATIENCE_S)
    assert list(stored(parts.folder, BASE, [0, 1], HOUR, 1)) == [(1, HOUR)]
    assert paths(parts.folder) == {1: "b"}


def test_compacting_puts_a_day_of_late_points_into_one_set(engine, parts):
    day = HOUR - 3 * 86_400
    engine.submit([names(0, "a", "b")], [], HOUR)
    for number in range(40):
        engine.submit([], [Window(BASE, day + 600 * (number % 13), {number % 2: [1.0]})], HOUR)
        engine.roll()
    engine.compact().result(PATIENCE_S)
    assert [one.rolled_up_to_s for one in parts.store.snapshot().sets(BASE)] == [60]
    assert len(parts.store.snapshot().sets(COARSE)) == 1
    assert sum(point.count for point in stored(parts.folder, BASE, [0, 1], day, 3_600).values()) == 40

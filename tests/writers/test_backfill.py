"""A day of old samples, in whatever order it comes, ends as the same points as if it had come live, and as small."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
from cadent.accumulate.accumulator import Accumulator
from cadent.accumulate.limits import Limits
from cadent.index.names import NamesLog
from cadent.query.cut import Cut
from cadent.schema.head import NoHead
from cadent.schema.identity import Level, Mode
from cadent.schema.policy import Policies
from cadent.schema.resolution import DAY_S, Ladder
from cadent.stores.files.store import FilesStore
from cadent.stores.log.folder import LogFiles
from cadent.stores.log.reader import LogReader
from cadent.writers.days import SeenDays
from cadent.writers.engine import Engine
from cadent.writers.recovery import recover
from parts import Window, names

POLICIES = Policies.single(Ladder.parse("10s:7d,1m:30d,10m:2y"))
LEVELS = [Level("default", resolution.step_s) for resolution in POLICIES[0].ladder]
DAY = 1_700_006_400 // DAY_S * DAY_S
SERIES = 8
PATIENCE_S = 60.0
IDS = np.arange(SERIES, dtype=np.uint32)


def value(series: int, time: int) -> float:
    """A gauge of two decimals, a counter, one that hardly changes: something to be compressed well, or badly."""
    number = time // 10
    return [number % 1_000 / 100, float(number), float(number // 500), (number * 7_919 + series) % 9_973 / 8][series % 4]


SAMPLES = [(series, time) for time in range(DAY, DAY + DAY_S, 10) for series in range(SERIES)]


@dataclass
class Data:
    """``points``: by step, five arrays. ``block_bytes``: what chunks take."""

    points: dict
    block_bytes: int


class Writing:
    """An engine on ``folder``, from ``now`` on."""

    def __init__(self, folder, now: int) -> None:
        self.folder, self.now = folder, now
        self.store = FilesStore(folder, write=True)
        found = recover(LogFiles(folder, "main/1"), self.store, LEVELS)
        self.names = NamesLog.open(folder)
        self.engine = Engine(
            self.names,
            found.logs,
            self.store,
            SeenDays(),
            found.last_sequence,
            POLICIES,
            now,
            monotonic=lambda: float(self.now),
            failed=pytest.fail,
        )
        self.accumulator = Accumulator(POLICIES, Limits(open_windows_bytes=1 << 20), SERIES, now)
        known = names(0, *(f"p{of}" for of in range(SERIES)), day=DAY // DAY_S)
        self.names.append(known)
        self.accumulator.load(known)
        self.accumulator.on_full = self.hand_over
        self.engine.start(now)

    def send(self, samples) -> None:
        stream = self.accumulator.open()
        for first in range(0, len(samples), 500):
            data = "".join(f"p{of} {value(of, at)!r} {at}\n" for of, at in samples[first : first + 500]).encode()
            while data:
                data = data[stream.feed(data) :]
                self.hand_over()
        stream.close()

    def hand_over(self) -> None:
        self.engine.submit(self.accumulator.new_names(), self.accumulator.tick(self.now), self.now)

    def end(self) -> Data:
        self.engine.submit(self.accumulator.new_names(), self.accumulator.drain(), self.now)
        self.engine.compact().result(PATIENCE_S)
        assert self.engine.close(PATIENCE_S) == 0
        points = {level.step_s: self.read(level.step_s) for level in LEVELS}
        self.names.close()
        self.store.close()
        return Data(points, sum(path.stat().st_size for path in self.folder.glob("*/*/*.block")))

    def read(self, step_s: int) -> list:
        logs = {level: LogReader(self.folder, level) for level in LEVELS}
        grid = Cut(self.store.snapshot(), logs, NoHead(), POLICIES[0], IDS).grid(DAY, DAY + DAY_S, step_s)
        for log in logs.values():
            log.close()
        return [grid.count, grid.sum, grid.min, grid.max, grid.last]


@pytest.fixture(scope="module")
def live(tmp_path_factory) -> Data:
    writing = Writing(tmp_path_factory.mktemp("live"), DAY)
    for hour in range(24):
        for minute in range(60):
            begin = DAY + 3_600 * hour + 60 * minute
            first = (begin - DAY) // 10 * SERIES
            writing.now = begin + 60
            writing.send(SAMPLES[first : first + 6 * SERIES])
    writing.now = DAY + 2 * DAY_S
    return writing.end()


def in_order_of_time():
    return SAMPLES


def series_by_series():
    return [(of, at) for of in range(SERIES) for _, at in SAMPLES[::SERIES]]


def shuffled_within_an_hour():
    mixed, of_hour = [], 360 * SERIES
    for first in range(0, len(SAMPLES), of_hour):
        mixed += random.Random(first).sample(SAMPLES[first : first + of_hour], of_hour)
    return mixed


def shuffled():
    return random.Random(7).sample(SAMPLES, len(SAMPLES))


def is_equal(one: Data, other: Data) -> None:
    for step_s, arrays in one.points.items():
        for mine, theirs in zip(arrays, other.points[step_s], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, err_msg=f"{step_s} s")


@pytest.mark.parametrize("order", [in_order_of_time, series_by_series, shuffled_within_an_hour, shuffled])
def test_a_day_that_comes_late_ends_as_one_that_came_live(live, tmp_path, order):
    writing = Writing(tmp_path, DAY + 2 * DAY_S)
    writing.send(order())
    late = writing.end()
    is_equal(late, live)
    assert late.block_bytes <= 1.05 * live.block_bytes


def test_a_batch_that_comes_twice_changes_nothing(live, tmp_path):
    writing = Writing(tmp_path, DAY + 2 * DAY_S)
    for begin in (DAY, DAY, DAY + DAY_S // 2, DAY):
        windows = [
            Window(LEVELS[0], at, {of: [value(of, at)] for of in range(SERIES)}, mode=Mode.REPLACE)
            for at in range(begin, begin + DAY_S // 2, 10)
        ]
        writing.engine.submit([], windows, writing.now)
        writing.engine.roll()
    again = writing.end()
    is_equal(again, live)
    assert again.block_bytes <= 1.05 * live.block_bytes

"""A data folder in one thread, whose time is a parameter, and what plain arithmetic says that it holds."""

from dataclasses import dataclass, field

import numpy as np
from cadent.query.cut import Cut
from cadent.schema.head import NoHead
from cadent.schema.identity import Level, Mode
from cadent.schema.point import Point
from cadent.schema.policy import Policies
from cadent.schema.resolution import DAY_S, Ladder
from cadent.stores.log.folder import LogFiles
from cadent.stores.log.reader import LogReader
from cadent.stores.memory import MemoryStore
from cadent.writers.keeping.expiry import Clock
from cadent.writers.keeping.upkeep import Upkeep
from cadent.writers.recovery import recover
from cadent.writers.seal import drop_lasting, seal, unsealed

POLICIES = Policies.single(Ladder.parse("10s:2d,1m:6d,10m:30d"))
(POLICY,) = POLICIES
LEVELS = [Level("default", resolution.step_s) for resolution in POLICY.ladder]
BASE, MINUTE, TEN_MINUTES = LEVELS
BASE_TTL_S = POLICY.ladder.base.ttl_s
START = 1_700_006_400 // DAY_S * DAY_S
IDS = np.arange(3, dtype=np.uint32)


@dataclass
class Oracle:
    """``base[id][window]`` and the same of samples that came when the base step did not take them any more."""

    base: dict = field(default_factory=dict)
    direct: dict = field(default_factory=dict)

    def take(self, window):
        into = self.base if window.level == BASE else self.direct.setdefault(window.level, {})
        for number, point in window.points_of.items():
            there = into.setdefault(number, {})
            known = there.get(window.time)
            there[window.time] = point if known is None or window.mode is Mode.REPLACE else known.add(point)

    def expected(self, number, step_s):
        """By time. Step by step: of finer windows the latest gives last; what came to a coarse window directly came later."""
        points = self.base.get(number, {})
        for level in (MINUTE, TEN_MINUTES):
            if step_s % level.step_s == 0:
                points = roll_up(points, level.step_s)
                for time, point in self.direct.get(level, {}).get(number, {}).items():
                    points[time] = points[time].add(point) if time in points else point
        return roll_up(points, step_s)


def roll_up(windows, step_s):
    points = {}
    for time in sorted(windows):
        point, start = windows[time], time - time % step_s
        moved = Point(start, point.count, point.sum, point.min, point.max, point.last)
        points[start] = points[start].add(moved) if start in points else moved
    return points


class Folder:
    """A writer's parts on a folder, in one thread, and what a reader finds there."""

    def __init__(self, folder, open_store):
        self.folder = folder
        self.open_store = open_store
        self.store = open_store()
        self.now = START + 3 * DAY_S
        self.steady = 0.0
        self.oracle = Oracle()
        self.oldest_base = self.oldest_minute = 0
        self.recover()

    def recover(self):
        found = recover(LogFiles(self.folder, "main/1"), self.store, LEVELS)
        self.logs, self.sequence = found.logs, found.last_sequence
        self.clock = Clock(self.now, self.steady)
        self.upkeep = Upkeep(self.store, POLICIES)

    def write(self, window):
        self.oracle.take(window)
        self.sequence = self.logs[window.level].append([window.rows()], self.sequence + 1, window.mode)

    def seal(self):
        for level, log in self.logs.items():
            log.roll()
            for segment in unsealed(log, self.store.snapshot().sealed(level)):
                seal(segment, self.store)
                drop_lasting(log, self.store.lasting(level))

    def keep(self):
        while self.upkeep.step(self.clock):
            pass

    def compact(self):
        self.seal()
        while self.upkeep.compact(self.clock):
            pass

    def advance(self, seconds):
        """A log is sealed and rolled up long before a day is over."""
        self.seal()
        self.keep()
        for _ in range(seconds // 3_600):
            self.now += 3_600
            self.steady += 3_600
            self.clock.set(self.now, self.steady)
            self.keep()

    def reopen(self):
        for log in self.logs.values():
            log.close()
        if not isinstance(self.store, MemoryStore):
            self.store.close()
            self.store = self.open_store()
        self.recover()

    def close(self):
        for log in self.logs.values():
            log.close()
        self.store.close()

    def read(self, step_s, start, stop):
        readers = {level: LogReader(self.folder, level) for level in LEVELS}
        grid = Cut(self.store.snapshot(), readers, NoHead(), POLICY, IDS).grid(start, stop, step_s)
        for reader in readers.values():
            reader.close()
        return [{point.time: point for point in grid.points(row)} for row in range(len(IDS))]

    def check(self):
        # What is younger than its ttl must be there; what is older may be, whole.
        for step_s, ttl_s in (
            (10, BASE_TTL_S),
            (30, BASE_TTL_S),
            (60, 6 * DAY_S),
            (120, 6 * DAY_S),
            (600, 30 * DAY_S),
            (3_600, 30 * DAY_S),
        ):
            start, stop = START - 2 * DAY_S, (self.now // DAY_S + 1) * DAY_S
            for number, found in enumerate(self.read(step_s, start, stop)):
                expected = self.oracle.expected(number, step_s)
                kept_from = self.now - ttl_s + step_s
                for time in sorted(found.keys() | expected.keys()):
                    if time >= kept_from or (time in found and step_s >= 600):
                        got, want = found.get(time), expected.get(time)
                        assert got == want, f"id {number} at {time} ({step_s}s): got {got}, want {want}"

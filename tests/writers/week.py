"""A writer whose clock is a parameter: lines in at one end, and at the other all that was handed over to be written."""

import os
import pickle
import random
import time as real_time
from collections.abc import Iterator
from pathlib import Path

from cadent.accumulate.accumulator import Accumulator
from cadent.accumulate.limits import Limits
from cadent.index.names import NamesLog
from cadent.schema.identity import Level
from cadent.schema.policy import Policies
from cadent.schema.resolution import Ladder
from cadent.stores.files.store import FilesStore
from cadent.stores.log.folder import LogFiles
from cadent.writers.days import SeenDays
from cadent.writers.engine import Engine
from cadent.writers.recovery import recover

TICK_S = 60
PATHS = 15
POLICIES = Policies.single(Ladder.parse("1m:1d,5m:3d,1h:30d"))
LEVELS = [Level("default", resolution.step_s) for resolution in POLICIES[0].ladder]
PATIENCE_S = 60.0


class Sender:
    """What comes in each minute: most paths, some of them twice, some late by up to 20 hours. Some paths live for a day."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def lines(self, now: int) -> bytes:
        return "".join(f"{path} {value} {time}\n" for path, value, time in self._samples(now)).encode()

    def _samples(self, now: int) -> Iterator[tuple[str, float, int]]:
        for number in range(PATHS):
            path = f"p{number}" if number % 3 else f"day{now // 86_400}.p{number}"
            for _ in range(self._random.choice([0, 1, 1, 1, 2])):
                yield path, self._random.randrange(-40, 40) / 4, now - self._random.randrange(50)
            if self._random.random() < 0.05:
                yield f"p{number}", self._random.randrange(-40, 40) / 4, now - self._random.randrange(20 * 3_600)


class Life:
    """One run of a writer on ``folder``, from ``start`` on."""

    def __init__(self, folder: Path, start: int) -> None:
        self.now = start
        self._failures: list[BaseException] = []
        self._store = FilesStore(folder, write=True)
        found = recover(LogFiles(folder, "main/1"), self._store, LEVELS)
        self._names, known = NamesLog.open_with_names(folder, found.next_id)
        days = SeenDays()
        days.load(known.ids, known.first, known.last)
        self._engine = Engine(
            self._names,
            found.logs,
            self._store,
            days,
            found.last_sequence,
            POLICIES,
            start,
            monotonic=lambda: float(self.now),
            failed=self._failures.append,
        )
        self._accumulator = Accumulator(POLICIES, Limits(), self._names.next_id, start)
        for batch in known.names():
            self._accumulator.load(batch)
        self._engine.start(start)

    def run(self, sender: Sender, ticks: int, tell) -> None:
        """``tell`` gets the points of each window that is handed over: (path id, time, point)."""
        stream = self._accumulator.open()
        for _ in range(ticks):
            self.now += TICK_S
            data = sender.lines(self.now)
            assert stream.feed(data) == len(data)
            self._hand_over(self._accumulator.tick(self.now), tell)
            if self.now % 3_600 == 0:
                self._wait()
        self._wait()

    def stop(self, tell) -> None:
        """As the service stops: what is open is written."""
        self._hand_over(self._accumulator.drain(), tell)
        assert self._engine.close(PATIENCE_S) == 0
        assert self._failures == []
        self._names.close()
        self._store.close()

    def _hand_over(self, windows, tell) -> None:
        for window in windows:
            rows = window.rows()
            points = window.points(rows.ids)
            tell([(int(rows.ids[point["index"]]), *point.tolist()[2:]) for point in points])
        self._engine.submit(self._accumulator.new_names(), windows, self.now)

    def _wait(self) -> None:
        """Until all is done that is done soon when an hour takes an hour."""
        give_up = real_time.monotonic() + PATIENCE_S
        while self._engine.counters().pending_windows or self._engine.busy:
            assert real_time.monotonic() < give_up
            real_time.sleep(0.001)


def live(folder: Path, seed: int, start: int, ticks: int, *, dies: bool) -> list[tuple]:
    """A life in a process of its own, which ends as the service does or by kill -9. Returns all that was acknowledged."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read)
            with os.fdopen(write, "wb") as told:
                life = Life(folder, start)
                life.run(Sender(seed), ticks, lambda points: pickle.dump(points, told))
                if not dies:
                    life.stop(lambda points: pickle.dump(points, told))
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        points = list(_told(told))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return points


def _told(file) -> Iterator[tuple]:
    try:
        while True:
            yield from pickle.load(file)
    except EOFError:
        return

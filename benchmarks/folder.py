"""A data folder that this process writes, with time as a parameter: days pass in minutes."""

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


class Folder:
    """The parts of a writer, put together as the service does it."""

    def __init__(self, data: Path, ladder: str, now: float) -> None:
        self.data = data
        self._now = now
        self._failures: list[BaseException] = []
        policies = Policies.single(Ladder.parse(ladder))
        levels = [Level(policy.name, resolution.step_s) for policy in policies for resolution in policy.ladder]
        self._store = FilesStore(data, write=True)
        found = recover(LogFiles(data, "main/1"), self._store, levels)
        self._names, known = NamesLog.open_with_names(data, found.next_id)
        days = SeenDays()
        days.load(known.ids, known.first, known.last)
        self.engine = Engine(
            self._names,
            found.logs,
            self._store,
            days,
            found.last_sequence,
            policies,
            now,
            monotonic=lambda: self._now,
            failed=self._failures.append,
        )
        self._accumulator = Accumulator(policies, Limits(), self._names.next_id, now)
        for names in known.names():
            self._accumulator.load(names)
        self._stream = self._accumulator.open()
        self.engine.start(now)

    def close(self) -> None:
        self._stream.close()
        self._hand_over(drain=True)
        if self.engine.close(60.0):
            raise RuntimeError("not all windows could be written")
        self._names.close()
        self._store.close()

    def feed(self, lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            rest = rest[self._stream.feed(rest) :]

    def pass_time(self, now: float) -> None:
        """It is ``now``, and what has ended is handed over."""
        self._now = now
        self._hand_over(drain=False)

    def settle(self) -> None:
        """What was handed over is on disk, and every closed segment in chunks."""
        self.engine.call(lambda: None).result()
        if self._failures:
            raise self._failures[0]

    def _hand_over(self, *, drain: bool) -> None:
        windows = self._accumulator.drain() if drain else self._accumulator.tick(self._now)
        self.engine.submit(self._accumulator.new_names(), windows, self._now)

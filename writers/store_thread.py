"""The thread that changes the chunk store."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TypeVar

from ..schema.errors import CadentError, Refused
from ..schema.identity import Level
from ..schema.protocols import ChunkStore, Log, LogSegment
from .calls import fulfil
from .keeping.expiry import Clock
from .keeping.upkeep import Upkeep, UpkeepCounters
from .seal import drop_lasting, seal, set_aside
from .waiting import Waiting

# Until a store that refused is asked again, or whether what it took lasts by now.
RETRY_S = 5.0
# Until it is looked whether something is due by time alone.
LOOK_S = 60.0

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SealCounters:
    """Since the start: segments sealed, seconds that took, seconds that the upkeep took, segments that the store refused.
    ``trouble``: why something cannot be done now; ``refusal``: which segment was refused last, why, and where it is."""

    segments: int = 0
    seconds: float = 0.0
    upkeep_seconds: float = 0.0
    refused: int = 0
    trouble: str = ""
    refusal: str = ""


class StoreThread:
    """Seals closed segments, oldest first, whenever it is woken, and sees to the upkeep of chunks in between. A store that is
    down costs nothing: the log keeps all.

    ``failed`` is called once with an error nobody expected; then the thread has ended.
    """

    def __init__(
        self,
        logs: Mapping[Level, Log],
        store: ChunkStore,
        upkeep: Upkeep,
        clock: Clock,
        monotonic: Callable[[], float],
        failed: Callable[[BaseException], object],
    ) -> None:
        self._logs = logs
        self._store = store
        self._upkeep = upkeep
        self._clock = clock
        self._monotonic = monotonic
        self._failed = failed
        self._jobs: deque[Callable[[], None]] = deque()
        self._ending = False
        self._wake = threading.Event()
        self._working = False
        self.waiting = Waiting(logs, monotonic)
        self.counters = SealCounters()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)

    @property
    def busy(self) -> bool:
        """Whether something is being done, or may have to be."""
        return self._working or self._wake.is_set()

    @property
    def upkeep(self) -> UpkeepCounters:
        return self._upkeep.counters

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Segments may have been closed."""
        self.waiting.look()
        self._wake.set()

    def call(self, job: Callable[[], T]) -> Future[T]:
        """Have ``job`` run in this thread, between two changes and after all closed segments were sealed. Any thread."""
        future: Future[T] = Future()
        self._jobs.append(lambda: fulfil(future, job))
        self._wake.set()
        return future

    def compact(self) -> None:
        """Roll up and merge what can be. To be called in this thread, as a job. Raises Unavailable."""
        while not self._ending and self._upkeep.compact(self._clock):
            self._seal_all()

    def close(self, timeout_s: float) -> None:
        """End after the change in hand, or without it after ``timeout_s``: it is made again after the next start."""
        self._ending = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._ending:
                self._working = True
                self._wake.clear()
                self._work()
                self._working = False
                self._wake.wait(RETRY_S if self.counters.trouble or self.waiting.holds_sealed else LOOK_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, the log would grow for ever: the owner must know
            self._failed(error)

    def _work(self) -> None:
        """All that can be done now. Sealing comes first, again and again, for the log must not grow; then what somebody waits
        for."""
        trouble = self._seal_and_call()
        try:
            while not self._ending and self._keep():
                trouble = self._seal_and_call()
        except CadentError as error:
            trouble = trouble or str(error)
        self._tell(trouble)

    def _seal_and_call(self) -> str:
        trouble = self._seal_all()
        while self._jobs and not self._ending:
            self._jobs.popleft()()
            trouble = self._seal_all()
        return trouble

    def _keep(self) -> bool:
        started = self._monotonic()
        try:
            return self._upkeep.step(self._clock)
        finally:
            seconds = self.counters.upkeep_seconds + self._monotonic() - started
            self.counters = replace(self.counters, upkeep_seconds=seconds)

    def _seal_all(self) -> str:
        """What is in the way, if something is."""
        troubles = [self._seal_level(level) for level in self._logs]
        return next((trouble for trouble in troubles if trouble), "")

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self.counters.trouble:
            _log.error("cannot change the store, and will go on when that is possible: %s", trouble)
        self.counters = replace(self.counters, trouble=trouble)

    def _seal_level(self, level: Level) -> str:
        """What is in the way, if something is. A later segment never overtakes an earlier one."""
        log = self._logs[level]
        try:
            while log.rolled() and not self._ending:
                drop_lasting(log, self._store.lasting(level))
                # Each time anew: what was in chunks may be lost, and is before what is not yet in them.
                waiting = self.waiting.note_sealed(level, self._store.snapshot().sealed(level))
                if not waiting:
                    break
                self._seal(log, waiting[0])
        except CadentError as error:
            return str(error)
        return ""

    def _seal(self, log: Log, segment: LogSegment) -> None:
        started = self._monotonic()
        try:
            seal(segment, self._store)
        except Refused as error:
            self._note_refusal(f"{error}; what was refused is kept in {set_aside(log, segment, self._store)}")
            return
        self.waiting.note_sealed(segment.level, segment.identity.last)
        before, seconds = self.counters, self._monotonic() - started
        self.counters = replace(before, segments=before.segments + 1, seconds=before.seconds + seconds)

    def _note_refusal(self, refusal: str) -> None:
        _log.error("the store refused a segment of the log, and goes on without it: %s", refusal)
        self.counters = replace(self.counters, refused=self.counters.refused + 1, refusal=refusal)

"""The thread that seals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..schema.errors import StoreError
from ..schema.identity import Level
from ..schema.protocols import ChunkStore, Log
from .seal import seal

# Until a store that refused is asked again.
RETRY_S = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SealCounters:
    """Since the start: segments sealed, seconds that took; ``trouble``: why something cannot be sealed now."""

    segments: int = 0
    seconds: float = 0.0
    trouble: str = ""


class SealThread:
    """Seals closed segments, oldest first, whenever it is woken. A store that is down costs nothing: the log keeps all.

    ``failed`` is called once with an error nobody expected; then the thread has ended.
    """

    def __init__(
        self,
        logs: Mapping[Level, Log],
        store: ChunkStore,
        monotonic: Callable[[], float],
        failed: Callable[[BaseException], object],
    ) -> None:
        self._logs = logs
        self._store = store
        self._monotonic = monotonic
        self._failed = failed
        self._ending = False
        self._wake = threading.Event()
        self.counters = SealCounters()
        self._thread = threading.Thread(target=self._run, name="seal", daemon=True)

    @property
    def waiting(self) -> int:
        """Closed segments that are not in chunks yet."""
        return sum(len(log.rolled()) for log in self._logs.values())

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def close(self, timeout_s: float) -> None:
        """End after the segment in hand, or without it after ``timeout_s``: it is sealed again at the next start."""
        self._ending = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._ending:
                self._wake.clear()
                self._seal_all()
                self._wake.wait(RETRY_S if self.counters.trouble else None)
        except Exception as error:  # noqa: BLE001 - whatever it is, the log would grow for ever: the owner must know
            self._failed(error)

    def _seal_all(self) -> None:
        troubles = [self._seal_level(level) for level in self._logs]
        trouble = next((trouble for trouble in troubles if trouble), "")
        if trouble and trouble != self.counters.trouble:
            _log.error("cannot seal: %s", trouble)
        self.counters = SealCounters(self.counters.segments, self.counters.seconds, trouble)

    def _seal_level(self, level: Level) -> str:
        """What is in the way, if something is. A later segment never overtakes an earlier one."""
        log = self._logs[level]
        for segment in log.rolled():
            if self._ending:
                return ""
            started = self._monotonic()
            try:
                seal(log, segment, self._store)
            except StoreError as error:
                return str(error)
            self._count(self._monotonic() - started)
        return ""

    def _count(self, seconds: float) -> None:
        before = self.counters
        self.counters = SealCounters(before.segments + 1, before.seconds + seconds, before.trouble)

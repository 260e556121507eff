"""What the log holds and chunks do not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..schema.identity import Level
from ..schema.protocols import Log, LogSegment
from ..schema.resolution import format_duration, span_of
from .seal import unsealed

# Spans of its level for which a closed segment waits before that is told: one may pass while a server is started again.
_MOST_SPANS = 2


@dataclass(frozen=True, slots=True)
class WaitingCounters:
    """``size_bytes``: what segments take on disk that are not in chunks, closed or being written. ``age_s``: for how long the
    oldest closed one waits; 0 if none does. ``trouble``: which level waits for too long; empty when none does."""

    size_bytes: int = 0
    age_s: float = 0.0
    trouble: str = ""


class Waiting:
    """Knows what is sealed as it was last told, for nobody who asks is to wait for the store. Any thread."""

    def __init__(self, logs: Mapping[Level, Log], monotonic: Callable[[], float]) -> None:
        self._logs = logs
        self._monotonic = monotonic
        self._sealed = dict.fromkeys(logs, 0)
        self._closed: dict[LogSegment, float] = {}  # since when, of all that are in the logs
        self._lock = threading.Lock()  # over _closed
        self.look()

    def look(self) -> None:
        """To be called when segments may have been closed: that is when they began to wait. What a former writer closed waits
        since the start."""
        now = self._monotonic()
        with self._lock:
            segments = [segment for log in self._logs.values() for segment in log.rolled()]
            self._closed = {segment: self._closed.get(segment, now) for segment in segments}

    def note_sealed(self, level: Level, sequence: int) -> list[LogSegment]:
        """Chunks hold ``level`` up to ``sequence``. Returns its closed segments beyond that, oldest first."""
        self._sealed[level] = sequence
        return self.unsealed(level)

    def unsealed(self, level: Level) -> list[LogSegment]:
        """Closed segments of ``level`` that are not in chunks, oldest first."""
        return unsealed(self._logs[level], self._sealed[level])

    @property
    def segments(self) -> int:
        """Closed segments that are not in chunks."""
        return sum(len(self.unsealed(level)) for level in self._logs)

    @property
    def holds_sealed(self) -> bool:
        """Whether a log has segments that chunks hold: they wait until that lasts."""
        return any(len(log.rolled()) > len(self.unsealed(level)) for level, log in self._logs.items())

    @property
    def log_bytes(self) -> int:
        """What all logs take on disk, sealed or not."""
        return sum(log.size_bytes(0) for log in self._logs.values())

    def counters(self) -> WaitingCounters:
        size_bytes = sum(log.size_bytes(self._sealed[level]) for level, log in self._logs.items())
        ages = self._ages()
        late = [level for level, age_s in ages.items() if age_s > _MOST_SPANS * span_of(level.step_s)]
        return WaitingCounters(size_bytes, max(ages.values(), default=0.0), _told(late[0], ages) if late else "")

    def _ages(self) -> dict[Level, float]:
        """Seconds for which the oldest segment of each level waits that has one."""
        now, closed = self._monotonic(), self._closed
        oldest = {level: waiting[0] for level in self._logs if (waiting := self.unsealed(level))}
        return {level: now - closed.get(segment, now) for level, segment in oldest.items()}


def _told(level: Level, ages: Mapping[Level, float]) -> str:
    return f"the log of {level} waits to be sealed for {format_duration(int(ages[level]) // 60 * 60)}"

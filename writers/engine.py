"""The writer's engine: what is handed over by the event loop is on disk soon, and in chunks in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..schema.head import HeadAnswer
from ..schema.identity import Level
from ..schema.protocols import ChunkStore, Log, NamesWriter, NewNames
from ..schema.resolution import span_of
from ..schema.rows import Ids
from .days import SeenDays
from .flush import Flusher
from .flushing import FlushCounters, FlushThread
from .pending import Closed, Pending
from .sealing import SealCounters, SealThread


@dataclass(frozen=True, slots=True)
class Counters:
    """``flush`` and ``seal`` since the start; the others now. ``waiting_segments``: closed or about to be, not yet in chunks."""

    flush: FlushCounters
    seal: SealCounters
    pending_windows: int
    pending_bytes: int
    waiting_segments: int


class Engine:
    """All methods but the constructor's belong to one thread, the event loop's, and do not wait for the disk.

    ``failed`` is called, in another thread, when the engine cannot go on.
    """

    def __init__(
        self,
        names: NamesWriter,
        logs: Mapping[Level, Log],
        store: ChunkStore,
        days: SeenDays,
        last_sequence: int,
        *,
        monotonic: Callable[[], float],
        failed: Callable[[BaseException], object],
    ) -> None:
        """``logs`` and ``last_sequence`` as ``recovery.recover`` gives them."""
        self._flusher = Flusher(names, logs, days, last_sequence)
        self._pending = Pending(last_sequence)
        self._seal = SealThread(logs, store, monotonic, failed)
        self._flush = FlushThread(self._flusher, self._pending, monotonic, self._seal.wake, failed)
        self._levels = tuple(logs)
        self._active: dict[Level, float] = {}  # when a level last got a window; not there: it has no open segment

    def start(self, now: float) -> None:
        """Start the threads; segments that were closed before are sealed. ``now``: unix seconds."""
        self._active = dict.fromkeys(self._levels, now)  # the last writer may have left segments open
        self._flush.start()
        self._seal.start()

    @property
    def pending_bytes(self) -> int:
        """Memory of windows that wait for the disk: the owner bounds it by taking no more lines."""
        return self._pending.size_bytes

    def submit(self, names: Sequence[NewNames], windows: Sequence[Closed], now: float) -> None:
        """Hand over new paths and closed windows, at least once a second, empty or not. ``now``: unix seconds."""
        if names or windows:
            self._flush.add_names(names)
            self._pending.put(windows)
            self._active |= dict.fromkeys((window.level for window in windows), now)
            self._flush.wake()
        self._roll_idle(now)

    def head(self, policy: str, ids: Ids) -> HeadAnswer:
        """The points of ``ids`` that are closed and not yet acknowledged, and the last sequence that is."""
        return self._pending.head(policy, ids)

    def roll(self) -> None:
        """Seal what the log holds, and begin new segments."""
        self._flush.roll(self._levels)

    def counters(self) -> Counters:
        # In this order a segment that is closed meanwhile counts twice rather than not at all.
        rolls = self._flush.rolls
        waiting = rolls + self._seal.waiting
        return Counters(self._flush.counters, self._seal.counters, len(self._pending), self._pending.size_bytes, waiting)

    def close(self, timeout_s: float) -> int:
        """Write what is pending and end, within ``timeout_s``. Returns how many windows could not be written."""
        self._flush.close(timeout_s * 0.8)
        self._seal.close(timeout_s * 0.2)
        lost = len(self._pending)
        if not lost:
            self._flusher.close()
        return lost

    def _roll_idle(self, now: float) -> None:
        """A segment closes with the first window of a later span; where none comes, after as long a time."""
        idle = [level for level, last in self._active.items() if now - last >= span_of(level.step_s)]
        if idle:
            self._flush.roll(idle)
            for level in idle:
                del self._active[level]

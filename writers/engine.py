"""The writer's engine: what is handed over by the event loop is on disk soon, and in chunks in the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from ..schema.head import HeadAnswer
from ..schema.identity import Level
from ..schema.policy import Policies
from ..schema.protocols import ChunkStore, Log, NamesWriter, NewNames
from ..schema.resolution import span_of
from ..schema.rows import Ids
from .calls import follow, fulfil
from .days import SeenDays
from .flush import Flusher
from .flushing import FlushCounters, FlushThread
from .keeping.expiry import Clock
from .keeping.levels import oldest_days
from .keeping.upkeep import Upkeep, UpkeepCounters
from .pending import Closed, Pending
from .publish import PublishCounters
from .publishing import Publishing, PublishThread
from .store_thread import SealCounters, StoreThread
from .waiting import WaitingCounters

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counters:
    """``flush``, ``seal``, ``upkeep`` and ``publish`` since the start; the others now. ``publish``: None where nothing is
    published. ``waiting_segments``: closed or about to be, not yet in chunks."""

    flush: FlushCounters
    seal: SealCounters
    upkeep: UpkeepCounters
    publish: PublishCounters | None
    waiting: WaitingCounters
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
        policies: Policies,
        now: float,
        *,
        monotonic: Callable[[], float],
        failed: Callable[[BaseException], object],
        publishing: Publishing | None = None,
    ) -> None:
        """``logs`` and ``last_sequence`` as ``recovery.recover`` gives them; ``now``: unix seconds. ``publishing``: None where
        all readers see the log itself."""
        self._monotonic = monotonic
        self._clock = Clock(now, monotonic())
        self._chunks = store
        self._days = days
        self._flusher = Flusher(names, logs, days, last_sequence)
        self._pending = Pending(last_sequence)
        self._store = StoreThread(logs, store, Upkeep(store, policies), self._clock, monotonic, failed)
        self._flush = FlushThread(self._flusher, self._pending, monotonic, self._store.wake, failed)
        self._publish = PublishThread(logs, store, publishing, monotonic, failed) if publishing else None
        self._levels = tuple(logs)
        self._policies = policies
        self._hour = now // 3_600  # in which the names log was looked at
        self._active: dict[Level, float] = {}  # when a level last got a window; not there: it has no open segment

    def start(self, now: float) -> None:
        """Start the threads; segments that were closed before are sealed. ``now``: unix seconds."""
        self._active = dict.fromkeys(self._levels, now)  # the last writer may have left segments open
        self._flush.start()
        self._store.start()
        if self._publish:
            self._publish.start()

    @property
    def pending_bytes(self) -> int:
        """Memory of windows that wait for the disk: the owner bounds it by taking no more lines."""
        return self._pending.size_bytes

    @property
    def log_bytes(self) -> int:
        """What the log takes on disk: the owner bounds it by taking no more lines while nothing can be sealed."""
        return self._store.waiting.log_bytes

    def submit(self, names: Sequence[NewNames], windows: Sequence[Closed], now: float) -> None:
        """Hand over new paths and closed windows, at least once a second, empty or not. ``now``: unix seconds."""
        self._set_clock(now)
        if names or windows:
            self._flush.add_names(names)
            self._pending.put(windows)
            self._active |= dict.fromkeys((window.level for window in windows), now)
            self._flush.wake()
        self._roll_idle(now)
        self._keep_names(now)

    def head(self, policy: str, ids: Ids) -> HeadAnswer:
        """The points of ``ids`` that are closed and not yet acknowledged, and the last sequence that is."""
        return self._pending.head(policy, ids)

    def roll(self) -> None:
        """Seal what the log holds, and begin new segments."""
        self._flush.roll(self._levels)

    def sync_names(self) -> Future[None]:
        """All paths that were submitted are durably there when it is done, also those without points."""
        return self._flush.change_names(self._flusher.sync_names)

    def delete(self, ids: Ids) -> Future[None]:
        """The paths of ``ids`` are gone when it is done; paths submitted from now on may be the same. Their points go when their
        chunks are compacted, or expire."""
        return self._flush.change_names(lambda: self._flusher.delete(ids))

    def rename(self, ids: Ids, paths: Sequence[str]) -> Future[None]:
        """Path i of ``paths`` is that of ids[i] when it is done; paths submitted from now on may be the former ones."""
        return self._flush.change_names(lambda: self._flusher.rename(ids, paths))

    def silent(self) -> Future[Ids]:
        """Paths of which no points are kept any more, by the days on which they had some: they may be deleted. None while the
        clock is in doubt."""
        oldest = {} if self._clock.trouble else oldest_days(self._policies, self._clock.now)
        done: Future[Ids] = Future()
        self._flush.afterwards(lambda: fulfil(done, lambda: self._flusher.silent(oldest)))
        return done

    def erase(self, level: Level, ids: Ids, start: int, stop: int) -> Future[None]:
        """No point of ``ids`` (ascending) in the windows from ``start`` to ``stop`` is left of what was handed over, when it is
        done. Both are multiples of the step."""
        self.roll()
        return self.call(lambda: self._chunks.erase(level, ids, start, stop))

    def compact(self) -> Future[None]:
        """What was handed over is in as few chunks as can be when it is done, and the points of deleted paths are gone."""
        self.roll()
        return self.call(self._compact)

    def call(self, job: Callable[[], T]) -> Future[T]:
        """Have ``job`` run while nobody changes the chunk store and no segment goes, when all that was handed over is on disk."""
        done: Future[T] = Future()
        self._flush.afterwards(lambda: follow(self._store.call(job), done))
        return done

    @property
    def busy(self) -> bool:
        """Whether segments are being sealed, or chunks kept, or may have to be."""
        return self._store.busy

    @property
    def clock_trouble(self) -> str:
        """What is strange about the clock; empty when nothing is."""
        return self._clock.trouble

    def counters(self) -> Counters:
        # In this order a segment that is closed meanwhile counts twice rather than not at all.
        rolls = self._flush.rolls
        waiting = rolls + self._store.waiting.segments
        return Counters(
            self._flush.counters,
            self._store.counters,
            self._store.upkeep,
            self._publish.counters if self._publish else None,
            self._store.waiting.counters(),
            len(self._pending),
            self._pending.size_bytes,
            waiting,
        )

    def close(self, timeout_s: float) -> int:
        """Write what is pending and end, within ``timeout_s``. Returns how many windows could not be written."""
        self._flush.close(timeout_s * 0.7)
        if self._publish:
            self._publish.close(timeout_s * 0.1)
        self._store.close(timeout_s * 0.2)
        lost = len(self._pending)
        if not lost:
            self._flusher.close()
        return lost

    def _compact(self) -> None:
        snapshot = self._chunks.snapshot()
        for level in snapshot.levels():
            sets = snapshot.sets(level)
            ids = snapshot.ids(level, sets)
            gone = ids[~self._days.knows(ids)]
            if len(gone):
                self._chunks.erase(level, gone, min(one.start for one in sets), max(one.stop for one in sets))
        self._store.compact()

    def _set_clock(self, now: float) -> None:
        jump_s = self._clock.set(now, self._monotonic())
        if jump_s:
            _log.warning("the clock jumped by %.0f s; for a day no points expire", jump_s)

    def _keep_names(self, now: float) -> None:
        hour = now // 3_600
        if hour != self._hour:
            self._hour = hour
            self._flush.afterwards(self._flusher.compact_names)

    def _roll_idle(self, now: float) -> None:
        """A segment closes with the first window of a later span; where none comes, after as long a time."""
        idle = [level for level, last in self._active.items() if now - last >= span_of(level.step_s)]
        if idle:
            self._flush.roll(idle)
            for level in idle:
                del self._active[level]

"""What is done to chunks after they were sealed: rolled up, merged, and dropped when their time is over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ...schema.errors import Damaged
from ...schema.identity import Level
from ...schema.policy import Policies
from ...schema.protocols import ChunkSet, ChunkStore, Snapshot
from .expiry import Clock, Expiry
from .levels import Keeping, keeping
from .merging import due_merge, mergeable
from .rollup import RollUp, due_roll_up

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UpkeepCounters:
    """Since the start: changes made, and the bytes they took as input. ``trouble``: what cannot be read."""

    rolled_up: int = 0
    merged: int = 0
    merged_bytes: int = 0
    expired: int = 0
    expired_bytes: int = 0
    trouble: str = ""


class Upkeep:
    """Makes one change at a time, in the thread that changes the store. Each is whole in itself: what is not done yet is found
    again by what the store holds."""

    def __init__(self, store: ChunkStore, policies: Policies) -> None:
        self._store = store
        self._policies = policies
        self._expiry = Expiry()
        self._damaged: set[ChunkSet] = set()
        self.counters = UpkeepCounters()

    def step(self, clock: Clock) -> bool:
        """Do what is due next; False when nothing is. Raises Unavailable."""
        snapshot = self._store.snapshot()
        newest = _newest(snapshot)
        clock.see(newest)
        return (
            self._roll_up(snapshot, max(clock.now, newest))
            or self._merge(snapshot, lambda sets, kept: due_merge(sets, kept, max(clock.now, newest)))
            or self._expire(snapshot, newest, clock)
        )

    def compact(self, clock: Clock) -> bool:
        """Do the next thing that can be done, whether it is due or not; False when nothing is left. Raises Unavailable."""
        snapshot = self._store.snapshot()
        return self._roll_up(snapshot, max(clock.now, _newest(snapshot))) or self._merge(snapshot, mergeable)

    def _roll_up(self, snapshot: Snapshot, present: float) -> bool:
        for kept in self._kept(snapshot):
            sets = due_roll_up(self._sound(snapshot, kept), kept.coarse, present) if kept.coarse else []
            if kept.coarse and sets:
                self._roll_up_sets(snapshot, kept.level, sets, kept.coarse)
                return True
        return False

    def _roll_up_sets(self, snapshot: Snapshot, level: Level, sets: Sequence[ChunkSet], coarse: Level) -> None:
        with self._leaving_damaged(sets):
            self._store.roll_up(level, sets, coarse, RollUp(snapshot, level, sets, coarse).slices())
            self._count(rolled_up=1)

    def _merge(self, snapshot: Snapshot, plan: Callable[[Sequence[ChunkSet], Keeping], list[ChunkSet]]) -> bool:
        if not self._store.merges:
            return False
        for kept in self._kept(snapshot):
            sets = plan(self._sound(snapshot, kept), kept)
            if sets:
                with self._leaving_damaged(sets):
                    self._store.merge(kept.level, sets)
                    self._count(merged=1, merged_bytes=_bytes(sets))
                return True
        return False

    def _expire(self, snapshot: Snapshot, newest: float, clock: Clock) -> bool:
        for kept in self._kept(snapshot):
            sets = self._expiry.due(snapshot.sets(kept.level), kept, newest, clock)
            if sets:
                self._store.delete(kept.level, sets)
                self._expiry.note(kept, clock)
                self._count(expired=1, expired_bytes=_bytes(sets))
                _log.info("%s: %d bytes of points that end before %d expired", kept.level, _bytes(sets), sets[-1].stop)
                return True
        return False

    @contextmanager
    def _leaving_damaged(self, sets: Sequence[ChunkSet]) -> Iterator[None]:
        """Sets of which something is damaged stay as they are, and are not tried again."""
        try:
            yield
        except Damaged as error:
            _log.error("%d chunk sets are left as they are: %s", len(sets), error)
            self._damaged.update(sets)
            self.counters = replace(self.counters, trouble=str(error))

    def _kept(self, snapshot: Snapshot) -> Iterator[Keeping]:
        """From fine to coarse, policy by policy."""
        for level in sorted(snapshot.levels()):
            kept = keeping(level, self._policies)
            if kept:
                yield kept

    def _sound(self, snapshot: Snapshot, kept: Keeping) -> list[ChunkSet]:
        return [one for one in snapshot.sets(kept.level) if one not in self._damaged]

    def _count(self, **more: int) -> None:
        before = self.counters
        self.counters = replace(before, **{name: getattr(before, name) + value for name, value in more.items()})


def _newest(snapshot: Snapshot) -> float:
    """The end of the newest points, unix seconds; 0 if there are none."""
    return max((one.stop for level in snapshot.levels() for one in snapshot.sets(level)), default=0)


def _bytes(sets: Sequence[ChunkSet]) -> int:
    return sum(one.size_bytes for one in sets)

"""What the log holds and chunks do not, published for processes elsewhere."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..schema.errors import Damaged, Refused
from ..schema.identity import Identity, Level
from ..schema.protocols import ChunkStore, Log, LogSegment, Publications, Slice
from .seal import slices


@dataclass(frozen=True, slots=True)
class PublishCounters:
    """Since the start: points published, seconds that took. ``lag_s``: what was acknowledged longer ago is published.
    ``trouble``: why something cannot be published now."""

    points: int = 0
    seconds: float = 0.0
    lag_s: float = 0.0
    trouble: str = ""


class Publisher:
    """Publishes what was acknowledged, part by part, in rounds. One thread.

    ``lost_s``: what was published so shortly before the connection was lost may be lost.
    """

    def __init__(
        self,
        logs: Mapping[Level, Log],
        store: ChunkStore,
        publications: Publications,
        lost_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        self.counters = PublishCounters()
        self._store = store
        self._publications = publications
        self._lost_s = lost_s
        self._monotonic = monotonic
        self._levels = {level: _Parts(log) for level, log in logs.items()}
        self._counted = False
        self._interruptions = publications.interruptions
        self._looked = monotonic()

    def round(self) -> str:
        """Publish all there is. Returns what is wrong with a part that is passed over, if one is. Raises Unavailable and what
        else ``publications`` raises; then the next round goes on where this one ended."""
        self._look()
        troubles = [self._publish_level(level, parts) for level, parts in self._levels.items()]
        if not self._counted:
            self._publications.count()
            self._counted = True
        return next(filter(None, troubles), "")

    def _look(self) -> None:
        # The connection may have been lost at any time since the last look.
        settled, self._looked = self._looked - self._lost_s, self._monotonic()
        before, self._interruptions = self._interruptions, self._publications.interruptions
        for parts in self._levels.values():
            if self._interruptions != before:
                parts.lose(settled)
            parts.look(settled)

    def _publish_level(self, level: Level, parts: _Parts) -> str:
        troubles = [
            self._publish(parts, part)
            for part in parts.unpublished()
            # Asked each time: in a long round much is sealed, and its segments go. What is in chunks stays to be done all the
            # same, for it may be lost there.
            if part.identity.last > self._store.snapshot().sealed(level)
        ]
        return next(filter(None, troubles), "")

    def _publish(self, parts: _Parts, part: LogSegment) -> str:
        """Returns what is wrong with the part: then it is passed over."""
        began, trouble, points = self._monotonic(), "", _Points(slices(part))
        try:
            self._publications.publish(part.level, points)
        except (Damaged, Refused) as error:
            trouble = str(error)
        now, before = self._monotonic(), self.counters
        parts.note(part, now)
        self.counters = replace(before, points=before.points + points.count, seconds=before.seconds + now - began)
        return trouble


class _Parts:
    """The parts of one level's log, from first seen until they need not be published any more."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._seen = 0  # the last sequence of all parts so far
        self._times: dict[LogSegment, float | None] = {}  # when each part was published

    def look(self, settled: float) -> None:
        """Take up what is new. Forget what was published before ``settled``, and what is not in the log any more."""
        held = [whole.identity for whole in self._log.since(0)]
        kept = {part: at for part, at in self._times.items() if at is None or at >= settled}
        self._times = {part: at for part, at in kept.items() if _is_in(held, part.identity)}
        for part in self._log.since(self._seen):
            self._times[part] = None
            self._seen = part.identity.last

    def lose(self, since: float) -> None:
        """What was published at ``since`` or later may be gone."""
        self._times = {part: None if at is not None and at >= since else at for part, at in self._times.items()}

    def unpublished(self) -> list[LogSegment]:
        """In order of sequence."""
        return [part for part, at in self._times.items() if at is None]

    def note(self, part: LogSegment, now: float) -> None:
        """``part`` is published."""
        self._times[part] = now


def _is_in(held: Sequence[Identity], part: Identity) -> bool:
    """Whether one of ``held``, which ascend, has the sequences of ``part``."""
    at = bisect_right(held, part.first, key=lambda whole: whole.first)
    return at > 0 and part.last <= held[at - 1].last


class _Points:
    """Slices that are counted while they go by."""

    def __init__(self, pieces: Iterator[Slice]) -> None:
        self.count = 0
        self._pieces = pieces

    def __iter__(self) -> Iterator[Slice]:
        for piece in self._pieces:
            self.count += int(np.count_nonzero(piece.grid.count))
            yield piece

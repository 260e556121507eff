"""One consistent cut through chunks, log and open windows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..codec.points import add_grid, add_points, roll_up
from ..codec.settle import ALL, LAST, settle
from ..schema.errors import Damaged, WriterGone
from ..schema.grid import COLUMNS, Grid
from ..schema.head import Head, HeadAnswer, NoHead
from ..schema.identity import Level, Mode
from ..schema.policy import Policy
from ..schema.protocols import ChunkSet
from ..schema.rows import Ids
from .missing import NOTHING, Missing

ALL_SEQUENCES: Final = 2**63 - 1  # no writer says how far its log counts


class Chunks(Protocol):
    """What of a ``Snapshot`` a query needs. Any thread."""

    def levels(self) -> Sequence[Level]: ...

    def sealed(self, level: Level) -> int: ...

    def sets(self, level: Level) -> Sequence[ChunkSet]: ...

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None: ...


class Log(Protocol):
    """The reading end of one level's log. Any thread."""

    def read(self, ids: Ids, after: int, through: int, into: Grid) -> None:
        """Merge the records with ``after`` < sequence <= ``through`` into ``into``; ids[i] -> row i."""

    def span(self, after: int, through: int) -> tuple[int, int] | None:
        """[start, stop) of those records; None if there is none."""

    def replaces(self, after: int, through: int) -> bool:
        """Whether the mode of any of them is REPLACE."""


class _Tail(NamedTuple):
    """What a level holds beyond the coarser ones: ``sets``, and all of its log and open windows; in [start, stop) in all.
    The points of ``rolled_up`` are in a coarser level that is read too."""

    sets: Sequence[ChunkSet]
    rolled_up: Sequence[ChunkSet]
    start: int
    stop: int


class Cut:
    """What is known of some paths of one policy: a pinned generation of the store, the log up to the sequence that the
    writer named, and the open windows it answered with. Nothing in it is counted twice.

    It is whole only if no log segment went meanwhile: see ``is_whole``.
    """

    def __init__(self, snapshot: Chunks, logs: Mapping[Level, Log], head: Head, policy: Policy, ids: Ids) -> None:
        self.missing = NOTHING
        self._snapshot = snapshot
        self._logs = logs
        self._policy = policy
        self._ids = ids
        self._head = self._ask(head)

    def grid(self, start: int, stop: int, step_s: int, columns: Collection[str] = COLUMNS, spare: Grid | None = None) -> Grid:
        """All points in [start, stop) at ``step_s``, and of COLUMNS only ``columns``; row i is ids[i]. The arrays are those of
        ``spare``, a grid of that step and those columns, if they have the right shape."""
        shape = len(self._ids), (stop - start) // step_s
        into = spare.emptied(start) if spare and spare.shape == shape else Grid.empty(start, step_s, *shape, columns)
        # From coarse to fine: what a finer level has beyond the coarser ones came later.
        for level in reversed(levels_of(self._policy, self._snapshot, self._logs, step_s)):
            if level.step_s == step_s:
                self._read(level, self._snapshot.sets(level), self._ids, into)
            else:
                self._add_tail(level, into)
        return into

    def is_whole(self, newest: Chunks) -> bool:
        """``newest`` was taken after reading. If nothing was sealed since this cut's own, all of the log that it wanted was
        there: a segment goes only after the chunks that replace it have come."""
        return all(
            newest.sealed(level) == self._snapshot.sealed(level) for level in self._logs if level.policy == self._policy.name
        )

    def _ask(self, head: Head) -> HeadAnswer:
        try:
            return head.head(self._policy.name, self._ids)
        except WriterGone:
            self.missing |= Missing(writer_gone=True)
            return NoHead().head(self._policy.name, self._ids)

    def _add_tail(self, level: Level, into: Grid) -> None:
        tail = self._tail(level, into.step_s)
        start, stop = max(into.start, tail.start), min(into.stop, tail.stop)
        if start >= stop:
            return
        fine = Grid.empty(start, level.step_s, len(self._ids), (stop - start) // level.step_s, into.columns)
        self._read(level, tail.sets, self._ids, fine)
        part = roll_up(fine, into.step_s)
        add_grid(into, part, np.arange(len(self._ids), dtype=np.int64))
        rolled_up = [(one.start, one.stop) for one in tail.rolled_up]
        names = ALL if self._replaces(level, tail) else LAST
        settle(part, rolled_up, into, level.step_s, lambda rows, whole: self._read_all(level, rows, whole), names)

    def _tail(self, level: Level, step_s: int) -> _Tail:
        sets = self._snapshot.sets(level)
        rest = [one for one in sets if not is_rolled_up(one, step_s)]
        logged = log_span(self._snapshot, self._logs, level, self._head.last_sequence)
        start, stop = hull(hull(span_of(rest), logged), self._head_span(level)) or (0, 0)
        return _Tail(rest, [one for one in sets if is_rolled_up(one, step_s)], start - start % step_s, stop + -stop % step_s)

    def _replaces(self, level: Level, tail: _Tail) -> bool:
        if any(one.identity.mode is Mode.REPLACE for one in tail.sets):
            return True
        log = self._logs.get(level)
        return log is not None and log.replaces(self._snapshot.sealed(level), self._head.last_sequence)

    def _read_all(self, level: Level, rows: NDArray[np.int64], into: Grid) -> None:
        self._read(level, self._snapshot.sets(level), self._ids[rows], into)

    def _read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        """Chunks, then log, then open windows: the order in which their samples came. ``ids`` are some of the cut's, in order."""
        with self._without_damaged():
            self._snapshot.read(level, sets, ids, into)
        if level in self._logs:
            with self._without_damaged():
                self._logs[level].read(ids, self._snapshot.sealed(level), self._head.last_sequence, into)
        self._add_head(level, ids, into)

    @contextmanager
    def _without_damaged(self) -> Iterator[None]:
        """Whatever can be read is."""
        try:
            yield
        except Damaged as error:
            self.missing |= Missing(damaged=str(error))

    def _add_head(self, level: Level, ids: Ids, into: Grid) -> None:
        points = self._head_points(level)
        rows = points["index"].astype(np.int64)
        if len(ids) < len(self._ids):
            place = np.full(len(self._ids), -1, np.int64)
            place[np.flatnonzero(np.isin(self._ids, ids))] = np.arange(len(ids))
            points, rows = points[place[rows] >= 0], place[rows][place[rows] >= 0]
        columns = (points["time"] - into.start) // level.step_s
        count, total, low, high, last = (points[name] for name in ("count", "sum", "min", "max", "last"))
        add_points(into, rows, columns, count, total, low, high, last, Mode.ADD)

    def _head_points(self, level: Level) -> NDArray[np.void]:
        points: NDArray[np.void] = self._head.points[self._head.points["step_s"] == level.step_s]
        return points

    def _head_span(self, level: Level) -> tuple[int, int] | None:
        times = self._head_points(level)["time"]
        return (int(times.min()), int(times.max()) + level.step_s) if len(times) else None


def levels_of(policy: Policy, snapshot: Chunks, logs: Iterable[Level], step_s: int) -> list[Level]:
    """The levels of ``policy``, those of a former ladder too, that fit into windows of ``step_s``: from fine to coarse."""
    stored = {level.step_s for level in (*snapshot.levels(), *logs) if level.policy == policy.name}
    steps = stored | {resolution.step_s for resolution in policy.ladder}
    return [Level(policy.name, step) for step in sorted(steps) if step_s % step == 0]


def is_rolled_up(one: ChunkSet, step_s: int) -> bool:
    """Whether its points are in a coarser level that is read, too, for windows of ``step_s``."""
    return one.rolled_up_to_s > 0 and step_s % one.rolled_up_to_s == 0


def span_of(sets: Sequence[ChunkSet]) -> tuple[int, int] | None:
    """[start, stop) of all of them; None if there is none."""
    return (min(one.start for one in sets), max(one.stop for one in sets)) if sets else None


def log_span(snapshot: Chunks, logs: Mapping[Level, Log], level: Level, through: int) -> tuple[int, int] | None:
    """[start, stop) of what the log of ``level`` holds beyond the chunks; None if nothing."""
    return logs[level].span(snapshot.sealed(level), through) if level in logs else None


def level_span(snapshot: Chunks, logs: Mapping[Level, Log], level: Level, through: int) -> tuple[int, int] | None:
    """[start, stop) of what chunks and log hold at ``level``; None if nothing."""
    return hull(span_of(snapshot.sets(level)), log_span(snapshot, logs, level, through))


def hull(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    """The range from the first start to the last stop; None stands for nothing."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])

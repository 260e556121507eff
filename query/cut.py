"""One consistent cut through chunks, log and open windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..codec.points import add_grid, add_points, roll_up
from ..schema.errors import WriterGone
from ..schema.grid import Grid
from ..schema.head import Head, HeadAnswer, NoHead
from ..schema.identity import Level, Mode
from ..schema.policy import Policy
from ..schema.protocols import Snapshot
from ..schema.rows import Ids


class Log(Protocol):
    """The reading end of one level's log. Any thread."""

    def read(self, ids: Ids, after: int, through: int, into: Grid) -> None:
        """Merge the records with ``after`` < sequence <= ``through`` into ``into``; ids[i] -> row i."""

    def span(self, after: int, through: int) -> tuple[int, int] | None:
        """[start, stop) of those records; None if there is none."""


class Cut:
    """What is known of some paths of one policy: a pinned generation of the store, the log up to the sequence that the
    writer named, and the open windows it answered with. Nothing in it is counted twice.

    It is whole only if no log segment went meanwhile: the caller compares ``generation`` with the store's after reading.
    """

    def __init__(self, snapshot: Snapshot, logs: Mapping[Level, Log], head: Head, policy: Policy, ids: Ids) -> None:
        self.generation = snapshot.generation
        self.writer_gone = False
        self._snapshot = snapshot
        self._logs = logs
        self._policy = policy
        self._ids = ids
        self._rows = np.arange(len(ids), dtype=np.int64)
        self._head = self._ask(head)

    def grid(self, start: int, stop: int, step_s: int) -> Grid:
        """All points in [start, stop) at ``step_s``; row i is ids[i]. Finer levels are rolled up, from fine to coarse."""
        parts = [part for level in self._levels(step_s) if (part := self._part(level, start, stop, step_s))]
        if len(parts) == 1 and (parts[0].start, parts[0].stop) == (start, stop):
            return parts[0]  # Fast path: one level holds it all.
        into = Grid.empty(start, step_s, len(self._ids), (stop - start) // step_s)
        for part in parts:
            add_grid(into, part, self._rows)
        return into

    def _ask(self, head: Head) -> HeadAnswer:
        try:
            return head.head(self._policy.name, self._ids)
        except WriterGone:
            self.writer_gone = True
            return NoHead().head(self._policy.name, self._ids)

    def _levels(self, step_s: int) -> list[Level]:
        """The levels whose points fit into windows of ``step_s``, from fine to coarse."""
        steps = (resolution.step_s for resolution in self._policy.ladder)
        return [Level(self._policy.name, step) for step in steps if step_s % step == 0]

    def _part(self, level: Level, start: int, stop: int, step_s: int) -> Grid | None:
        """What ``level`` holds of [start, stop) at ``step_s``, over the part of the range where it holds anything."""
        held = hull(level_span(self._snapshot, self._logs, level, self._head.last_sequence), self._head_span(level))
        if held is None or held[0] >= stop or held[1] <= start:
            return None
        if level.step_s == step_s:
            return self._read(level, start, stop)
        first = max(start, held[0] - held[0] % step_s)
        end = min(stop, held[1] + -held[1] % step_s)
        return roll_up(self._read(level, first, end), step_s)

    def _read(self, level: Level, start: int, stop: int) -> Grid:
        """Chunks, then log, then open windows: the order in which their samples came."""
        grid = Grid.empty(start, level.step_s, len(self._ids), (stop - start) // level.step_s)
        self._snapshot.read(level, self._ids, grid)
        if level in self._logs:
            self._logs[level].read(self._ids, self._snapshot.sealed(level), self._head.last_sequence, grid)
        self._add_head(level, grid)
        return grid

    def _add_head(self, level: Level, grid: Grid) -> None:
        points = self._head_points(level)
        columns = (points["time"] - grid.start) // level.step_s
        count, total, low, high, last = (points[name] for name in ("count", "sum", "min", "max", "last"))
        add_points(grid, points["index"], columns, count, total, low, high, last, Mode.ADD)

    def _head_points(self, level: Level) -> NDArray[np.void]:
        points: NDArray[np.void] = self._head.points[self._head.points["step_s"] == level.step_s]
        return points

    def _head_span(self, level: Level) -> tuple[int, int] | None:
        times = self._head_points(level)["time"]
        return (int(times.min()), int(times.max()) + level.step_s) if len(times) else None


def level_span(snapshot: Snapshot, logs: Mapping[Level, Log], level: Level, through: int) -> tuple[int, int] | None:
    """[start, stop) of what chunks and log hold at ``level``."""
    logged = logs[level].span(snapshot.sealed(level), through) if level in logs else None
    return hull(snapshot.span(level), logged)


def hull(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    """The range from the first start to the last stop; None stands for nothing."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])

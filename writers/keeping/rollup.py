"""Chunks of one level to chunks of the next coarser one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ...codec.points import roll_up
from ...codec.settle import ALL, LAST, settle
from ...schema.grid import Grid
from ...schema.identity import Identity, Level, Mode
from ...schema.protocols import ChunkSet, Slice, Snapshot
from ...schema.resolution import span_of
from ...schema.rows import Ids
from ..slices import ids_at_once

# After the end of a coarse span its last fine windows still have to close, be flushed and be sealed.
SETTLING_S = 600


def due_roll_up(sets: Sequence[ChunkSet], coarse: Level, present: float) -> list[ChunkSet]:
    """The sets to be rolled up next, all of one mode and one coarse span that was over by ``present``, unix seconds; none if
    there is nothing to do. ``sets`` are all of a level, in order: of what shares windows the earlier ones come first."""
    span_s = span_of(coarse.step_s)

    def is_due(one: ChunkSet) -> bool:
        return not one.rolled_up_to_s and (one.stop - 1) // span_s * span_s + span_s + SETTLING_S <= present

    due = [one for one in sets if is_due(one)]
    span = min((one.start // span_s for one in due), default=0)
    of_span = [one for one in due if one.start // span_s == span]
    run = list(next((run for _, run in groupby(of_span, key=lambda one: one.identity.mode)), ()))
    return _earlier(sets, run, coarse.step_s) or run


def _earlier(sets: Sequence[ChunkSet], run: list[ChunkSet], step_s: int) -> list[ChunkSet]:
    """The first set that comes before one of ``run`` and shares coarse windows with it, if that is not rolled up yet: it must be
    before what replaces some of it is."""
    place = {one.number: at for at, one in enumerate(sets)}
    chosen = {one.number for one in run}
    waiting = [one for one in sets if not one.rolled_up_to_s and one.number not in chosen]

    def precedes(one: ChunkSet, other: ChunkSet) -> bool:
        shares = one.start // step_s <= (other.stop - 1) // step_s and other.start // step_s <= (one.stop - 1) // step_s
        return shares and place[one.number] < place[other.number]

    return [one for one in waiting if any(precedes(one, other) for other in run)][:1]


class RollUp:
    """The points of ``sets`` at the step of ``coarse``. What they come late for, because it was rolled up before, is settled."""

    def __init__(self, snapshot: Snapshot, level: Level, sets: Sequence[ChunkSet], coarse: Level) -> None:
        """``sets`` as ``due_roll_up`` gives them."""
        self._snapshot = snapshot
        self._level = level
        self._sets = sets
        self._coarse = coarse
        self._start = min(one.start for one in sets) // coarse.step_s * coarse.step_s
        self._stop = -(-max(one.stop for one in sets) // coarse.step_s) * coarse.step_s
        self._before = [one for one in snapshot.sets(level) if one.rolled_up_to_s and self._touches(one)]
        numbers = {one.number for one in (*self._before, *sets)}
        self._all = [one for one in snapshot.sets(level) if one.number in numbers]  # in order
        who = sets[-1].identity
        first = min(one.identity.first for one in sets)
        self.identity = Identity(who.writer, first, max(one.identity.last for one in sets), who.mode)

    def slices(self) -> Iterator[Slice]:
        """Some ids at a time. Raises Damaged, Unavailable."""
        ids = self._snapshot.ids(self._level, self._sets)
        at_once = ids_at_once((self._stop - self._start) // self._level.step_s)
        for first in range(0, len(ids), at_once):
            some = ids[first : first + at_once]
            yield Slice(self._coarse, self.identity, some, self._points(some))

    def _points(self, ids: Ids) -> Grid:
        part = roll_up(self._read(self._sets, ids, self._start, self._stop), self._coarse.step_s)
        if self._before:
            names = ALL if self.identity.mode is Mode.REPLACE else LAST
            ranges = [(one.start, one.stop) for one in self._before]
            settle(part, ranges, part, self._level.step_s, lambda rows, grid: self._merge(self._all, ids[rows], grid), names)
        return part

    def _touches(self, one: ChunkSet) -> bool:
        return one.start < self._stop and one.stop > self._start

    def _read(self, sets: Sequence[ChunkSet], ids: Ids, start: int, stop: int) -> Grid:
        grid = Grid.empty(start, self._level.step_s, len(ids), (stop - start) // self._level.step_s)
        self._merge(sets, ids, grid)
        return grid

    def _merge(self, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        self._snapshot.read(self._level, sets, ids, into)

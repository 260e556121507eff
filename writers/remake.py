"""Coarse chunks that were lost, made anew of the finer ones that they were made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..codec.points import roll_up
from ..schema.grid import Grid
from ..schema.identity import Identity, Level, Mode
from ..schema.protocols import ChunkSet, Slice, Snapshot
from ..schema.rows import Ids
from .slices import ids_at_once


class Remake:
    """Points at the step of ``coarse`` of what ``level``, a finer one, has in the windows of ``lost``, a set of ``coarse`` that
    the snapshot has no more, and was rolled up to it."""

    def __init__(self, snapshot: Snapshot, level: Level, coarse: Level, lost: ChunkSet) -> None:
        self._snapshot = snapshot
        self._level = level
        self._coarse = coarse
        self._lost = lost
        rolled_up = (one for one in snapshot.sets(level) if one.rolled_up_to_s == coarse.step_s)
        self._sets = [one for one in rolled_up if _share(one, lost)]

    def slices(self, ids: Ids | None) -> Iterator[Slice]:
        """Of ``ids``, or of all there are (None). An id that another coarse set has points of in these windows is left out: they
        may be the same. Raises Damaged, Unavailable."""
        found = self._snapshot.ids(self._level, self._sets)
        wanted = found if ids is None else np.intersect1d(found, ids)
        wanted = np.setdiff1d(wanted, self._known())
        at_once = ids_at_once((self._lost.stop - self._lost.start) // self._level.step_s)
        for first in range(0, len(wanted), at_once):
            some = wanted[first : first + at_once]
            yield Slice(self._coarse, self._identity(), some, self._points(some))

    def _known(self) -> Ids:
        others: Sequence[ChunkSet] = [one for one in self._snapshot.sets(self._coarse) if _share(one, self._lost)]
        return self._snapshot.ids(self._coarse, others)

    def _identity(self) -> Identity:
        lost = self._lost.identity
        return Identity(lost.writer, lost.first, lost.last, Mode.ADD)

    def _points(self, ids: Ids) -> Grid:
        lost, step_s = self._lost, self._level.step_s
        fine = Grid.empty(lost.start, step_s, len(ids), (lost.stop - lost.start) // step_s)
        self._snapshot.read(self._level, self._sets, ids, fine)
        return roll_up(fine, self._coarse.step_s)


def _share(one: ChunkSet, other: ChunkSet) -> bool:
    return one.start < other.stop and other.start < one.stop

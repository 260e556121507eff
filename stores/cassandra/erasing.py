"""What is left of a chunk set when points of some ids are dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.protocols import ChunkSet
from ...schema.rows import Ids
from .chunks import blank

# A grid of so many paths is some megabytes.
_IDS_AT_ONCE = 256


class Erased(NamedTuple):
    """``touched``: the ids that lose points; ``gone``: those of them that have no other in the set. Both ascend."""

    touched: Ids
    gone: Ids


def erased(level: Level, one: ChunkSet, ids: Ids, start: int, stop: int, read: Callable[[Ids, Grid], None]) -> Erased:
    """What it does to set ``one`` to drop the points of ``ids`` (ascending, all in the set) in [start, stop). ``read`` merges
    what it has of some ids into a grid."""
    if start <= one.start and one.stop <= stop:
        return Erased(ids, ids)
    marks = [np.empty((2, 0), np.bool_)]
    for first in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[first : first + _IDS_AT_ONCE]
        grid = Grid.empty(one.start, level.step_s, len(some), (one.stop - one.start) // level.step_s, ())
        read(some, grid)
        marks.append(_look(grid, start, stop))
    touched, gone = np.concatenate(marks, axis=1)
    return Erased(ids[touched], ids[gone])


def _look(grid: Grid, start: int, stop: int) -> NDArray[np.bool_]:
    """For each path whether it is touched, and whether it is gone."""
    before = np.count_nonzero(grid.count, axis=1)
    blank(grid, start, stop)
    after = np.count_nonzero(grid.count, axis=1)
    touched = after < before
    return np.array([touched, touched & (after == 0)])

"""Late points in windows that were rolled up before.

A roll-up adds to what is there: count, sum, min and max stay right whenever a point comes. Two things do not: ``last`` is that
of the latest fine window and not of the latest arrival, and a fine point that replaces one leaves what it replaces in the
coarse window. So these windows are computed from all their fine points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..schema.grid import Grid
from .points import roll_up

# Names of a grid's arrays. Added points need their last settled, replaced ones all.
ALL: Final = ("count", "sum", "min", "max", "last")
LAST: Final = ("last",)

# Cells of a Grid, 40 bytes each, that are read at once.
_CELLS = 1 << 18

Rows = NDArray[np.int64]


def settle(
    part: Grid,
    before: Iterable[tuple[int, int]],
    into: Grid,
    step_s: int,
    read: Callable[[Rows, Grid], None],
    names: Sequence[str],
) -> None:
    """Where ``part``, points rolled up from ``step_s``, has some in a window that one of the ranges ``before`` reaches into, let
    ``names`` of ``into``, those it has, be those of all fine points. Rows of ``part`` and ``into`` are the same paths, their
    steps are equal.

    ``read(rows, grid)`` merges all fine points of these rows into an empty grid, row rows[i] into row i.
    """
    late = (part.count > 0) & _covered(part, before)
    columns = np.flatnonzero(late.any(axis=0))
    if len(columns) == 0:
        return
    # Late points are few: only the rows that have some are read again, over the windows from the first to the last.
    first, stop = int(columns[0]), int(columns[-1]) + 1
    slots = (stop - first) * (part.step_s // step_s)
    late_rows = np.flatnonzero(late.any(axis=1))
    for rows in np.array_split(late_rows, -(-len(late_rows) * slots // _CELLS)):
        fine = Grid.empty(part.start + first * part.step_s, step_s, len(rows), slots)
        read(rows, fine)
        _put(roll_up(fine, part.step_s), late[rows, first:stop], into, rows, names)


def _covered(grid: Grid, ranges: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which windows of ``grid`` one of ``ranges`` reaches into."""
    covered = np.zeros(grid.shape[1], np.bool_)
    for start, stop in ranges:
        first, end = (start - grid.start) // grid.step_s, -((grid.start - stop) // grid.step_s)
        covered[max(0, first) : max(0, end)] = True
    return covered


def _put(points: Grid, chosen: NDArray[np.bool_], into: Grid, rows: Rows, names: Sequence[str]) -> None:
    """Where ``chosen`` is true, row i of ``points`` gives its ``names`` to row rows[i] of ``into``."""
    row, column = np.nonzero(chosen)
    place = rows[row], column + (points.start - into.start) // into.step_s
    for name in {"count", *into.columns} & {*names}:
        getattr(into, name)[place] = getattr(points, name)[row, column]

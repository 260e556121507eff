"""Points of one window that replace what is there, on their way to the log."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...schema.grid import COLUMNS, Grid
from ...schema.head import HEAD_POINT
from ...schema.identity import Level, Mode
from ...schema.rows import MULTI, Ids, Rows


class ReplacingWindow:
    """Implements ``writers.pending.Closed``."""

    mode = Mode.REPLACE

    def __init__(self, rows: Rows) -> None:
        self.level = rows.level
        self.time = rows.time
        arrays = (rows.ids, rows.cells, rows.count, rows.sum, rows.min, rows.max, rows.last)
        self.size_bytes = sum(array.nbytes for array in arrays)
        self._rows = rows

    def rows(self) -> Rows:
        """All of its points."""
        return self._rows

    def points(self, ids: Ids) -> NDArray[np.void]:  # noqa: ARG002  the Protocol's signature
        """None: what replaces shows when it is written."""
        return np.empty(0, HEAD_POINT)


def windows_of(level: Level, ids: Ids, grid: Grid, where: NDArray[np.bool_]) -> Iterator[ReplacingWindow]:
    """The points of ``grid`` (ids[i] -> row i; any order) in those cells of ``where`` that have one, in order of time."""
    order = np.argsort(ids)
    wanted = where & (grid.count > 0)
    for slot in np.flatnonzero(wanted.any(axis=0)):
        chosen = order[wanted[order, slot]]
        yield ReplacingWindow(_rows(level, ids[chosen], grid, chosen, int(slot)))


def _rows(level: Level, ids: Ids, grid: Grid, chosen: NDArray[np.intp], slot: int) -> Rows:
    count = grid.count[chosen, slot]
    total, low, high, last = (getattr(grid, name)[chosen, slot] for name in COLUMNS)
    cells = total.view(np.uint64)
    single = (count == 1) & np.logical_and.reduce([cells == one.view(np.uint64) for one in (low, high, last)])
    multi = np.flatnonzero(~single)
    cells[multi] = np.uint64(MULTI) | np.arange(len(multi), dtype=np.uint64)
    total = grid.sum[chosen[multi], slot]
    return Rows(level, grid.start + slot * grid.step_s, ids, cells, count[multi], total, low[multi], high[multi], last[multi])

"""Points on grids: merging, rolling up, and thinning for a graph. Nothing here holds the GIL while it computes."""

from __future__ import annotations

import numpy as np

from ..schema.grid import Counts, Floats, Grid
from ..schema.identity import Mode
from ..schema.statistic import Statistic
from . import _points


def add_points(
    into: Grid, rows: Counts, columns: Counts, count: Counts, sum: Floats, min: Floats, max: Floats, last: Floats, mode: Mode
) -> None:
    """Merge point i into the cell (rows[i], columns[i]) of ``into``, in order of i: ADD takes it as the later one.

    All arrays have one length. Columns outside ``into`` and points of count 0 are left out; a row outside is a ValueError.
    """
    _points.add_points(
        _int64(rows),
        _int64(columns),
        _int64(count),
        _float64(sum),
        _float64(min),
        _float64(max),
        _float64(last),
        *_columns(into),
        mode == Mode.REPLACE,
    )


def add_grid(into: Grid, other: Grid, rows: Counts) -> None:
    """Add row i of ``other``, whose points are later, to row rows[i] of ``into``. What lies outside ``into`` is left out.

    Steps are equal, starts a whole number of steps apart, and ``other`` has all columns of ``into``; else ValueError.
    """
    _points.add_grid(*_columns(other), _int64(rows), *_columns(into), _shift(into, other), fuller=False)


def keep_fuller(into: Grid, other: Grid, rows: Counts) -> None:
    """Where row i of ``other`` has a point of more samples than row rows[i] of ``into``, it takes that one's place, whole.

    As ``add_grid`` in all else.
    """
    _points.add_grid(*_columns(other), _int64(rows), *_columns(into), _shift(into, other), fuller=True)


def roll_up(fine: Grid, step_s: int) -> Grid:
    """The points of ``fine`` merged into windows of ``step_s``, exactly as if each sample had been folded there.

    ``fine`` begins and ends on a multiple of ``step_s``, which is a multiple of its own step; else ValueError.
    """
    if step_s % fine.step_s or fine.start % step_s or fine.stop % step_s:
        raise ValueError(f"a grid of {fine.step_s}s from {fine.start} to {fine.stop} does not roll up to windows of {step_s}s")
    return consolidate(fine, step_s // fine.step_s)


def consolidate(grid: Grid, factor: int) -> Grid:
    """Each ``factor`` slots of ``grid``, counted from its start, merged into one; the last group may be short."""
    paths, slots = grid.shape
    if factor < 1:
        raise ValueError(f"got a factor of {factor}; want at least 1")
    coarse = Grid.empty(grid.start, grid.step_s * factor, paths, -(-slots // factor), grid.columns)
    _points.roll_up(*_columns(grid), *_columns(coarse), factor)
    return coarse


def consolidate_values(values: Floats, factor: int, statistic: Statistic) -> Floats:
    """Each ``factor`` columns of ``values`` (rows, width) as one by ``statistic``; NaN is a gap. (rows, ceil(width / factor)).

    Counts add up, as sums do. ``mean`` weighs all present values alike: for the mean of all samples ``consolidate`` the grid.
    """
    if factor < 1:
        raise ValueError(f"got a factor of {factor}; want at least 1")
    into = np.empty((values.shape[0], -(-values.shape[1] // factor)))
    _points.consolidate_values(_float64(values), factor, _points.STATISTICS[statistic.value], into)
    return into


def interpolate(values: Floats, limit: int) -> None:
    """Fill gaps (NaN) of at most ``limit`` slots between two present values of a row with a straight line, in place.

    ``values`` is C-contiguous float64 of shape (rows, width).
    """
    _points.interpolate(values, limit)


def _shift(into: Grid, other: Grid) -> int:
    """How many slots ``other`` begins after ``into``."""
    shift_s = other.start - into.start
    if other.step_s != into.step_s or shift_s % into.step_s:
        raise ValueError(f"a grid from {other.start} at {other.step_s}s does not fit one from {into.start} at {into.step_s}s")
    return shift_s // into.step_s


def _columns(grid: Grid) -> tuple[Counts, Floats, Floats, Floats, Floats]:
    return grid.count, grid.sum, grid.min, grid.max, grid.last


def _int64(numbers: Counts) -> Counts:
    return np.ascontiguousarray(numbers, np.int64)


def _float64(values: Floats) -> Floats:
    return np.ascontiguousarray(values, np.float64)

"""Points of many paths on one regular grid, as arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .point import Point
from .statistic import Statistic

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

# The arrays of floats that a grid may have.
COLUMNS: Final = ("sum", "min", "max", "last")


def columns_of(statistics: Iterable[Statistic]) -> tuple[str, ...]:
    """The columns without which a grid cannot tell ``statistics``."""
    needed = {"sum" if statistic is Statistic.MEAN else statistic.value for statistic in statistics}
    return tuple(name for name in COLUMNS if name in needed)


@dataclass(frozen=True, slots=True)
class Grid:
    """Five C-contiguous arrays of shape (paths, slots); slot j is the window [start + j * step_s, + step_s).

    ``start`` is unix seconds, a multiple of ``step_s``. An absent point has count 0 and NaN in the others. A grid may do without
    some of its columns of floats: their shape is (paths, 0), and what fills or merges grids passes over them.
    """

    start: int
    step_s: int
    count: Counts
    sum: Floats
    min: Floats
    max: Floats
    last: Floats

    @classmethod
    def empty(cls, start: int, step_s: int, paths: int, slots: int, columns: Collection[str] = COLUMNS) -> Grid:
        """A grid with no point in it, and of COLUMNS only ``columns``."""
        floats = (np.full((paths, slots if name in columns else 0), np.nan) for name in COLUMNS)
        return cls(start, step_s, np.zeros((paths, slots), np.int64), *floats)

    def emptied(self, start: int) -> Grid:
        """The same arrays, without a point in them, from ``start`` on: new memory costs as much as to fill it."""
        self.count.fill(0)
        for name in COLUMNS:
            getattr(self, name).fill(np.nan)
        return replace(self, start=start)

    @property
    def shape(self) -> tuple[int, int]:
        """(paths, slots)."""
        return self.count.shape[0], self.count.shape[1]

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of COLUMNS that it has."""
        return tuple(name for name in COLUMNS if getattr(self, name).shape == self.shape)

    @property
    def stop(self) -> int:
        """Unix second at which the last slot ends."""
        return self.start + self.shape[1] * self.step_s

    def statistic(self, statistic: Statistic, out: Floats | None = None) -> Floats:
        """One statistic as float64 of shape (paths, slots), NaN where there is no point: a new array, one of the grid's, or
        ``out``. ValueError without its column."""
        missing = set(columns_of([statistic])) - set(self.columns)
        if missing:
            raise ValueError(f"{statistic} of a grid without {', '.join(missing)}")
        if statistic is Statistic.MEAN:
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.divide(self.sum, self.count, out=out)
        values: Floats = getattr(self, statistic.value)
        if statistic is Statistic.COUNT:
            values = np.where(self.count > 0, self.count, np.nan)
        if out is None:
            return values
        out[:] = values
        return out

    def points(self, path: int) -> Iterator[Point]:
        """The points of row ``path`` in order of time. For tests and small answers: one object a point."""
        for slot in np.flatnonzero(self.count[path]):
            at = (path, slot)
            yield Point(
                self.start + int(slot) * self.step_s,
                int(self.count[at]),
                float(self.sum[at]),
                float(self.min[at]),
                float(self.max[at]),
                float(self.last[at]),
            )

"""Points of many paths on one regular grid, as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .point import Point
from .statistic import Statistic

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Five C-contiguous arrays of shape (paths, slots); slot j is the window [start + j * step_s, + step_s).

    ``start`` is unix seconds, a multiple of ``step_s``. An absent point has count 0 and NaN in the others.
    """

    start: int
    step_s: int
    count: Counts
    sum: Floats
    min: Floats
    max: Floats
    last: Floats

    @classmethod
    def empty(cls, start: int, step_s: int, paths: int, slots: int) -> Grid:
        """A grid with no point in it."""
        shape = (paths, slots)
        floats = (np.full(shape, np.nan) for _ in range(4))
        return cls(start, step_s, np.zeros(shape, np.int64), *floats)

    @property
    def shape(self) -> tuple[int, int]:
        """(paths, slots)."""
        return self.count.shape[0], self.count.shape[1]

    @property
    def stop(self) -> int:
        """Unix second at which the last slot ends."""
        return self.start + self.shape[1] * self.step_s

    def statistic(self, statistic: Statistic) -> Floats:
        """One statistic as float64 of shape (paths, slots), NaN where there is no point."""
        if statistic is Statistic.MEAN:
            with np.errstate(invalid="ignore", divide="ignore"):
                return self.sum / self.count
        if statistic is Statistic.COUNT:
            return np.where(self.count > 0, self.count, np.nan)
        values: Floats = getattr(self, statistic.value)
        return values

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

"""The slots of a series by intervals of another length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schema.grid import Floats
from . import aggregation
from .time_series import TimeSeries


def summarized(series: TimeSeries, how: str, interval_s: int, start: int, stop: int) -> Floats:
    """The aggregation ``how`` of the slots that begin in each interval of [start, stop), the last of which may end
    after ``stop``. ``start`` is no later than that of ``series``, or the beginning of one of its slots."""
    count = -(-max(0, stop - start) // interval_s)
    edges = _first_slots(series, start + interval_s * np.arange(count + 1))
    lengths = np.diff(edges)
    result = np.full(count, np.nan)
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        columns = series.values[np.arange(length)[:, np.newaxis] + edges[rows]]
        there = aggregation.filled(columns, 0)
        sound = aggregation.enough(there, interval_s / series.step_s, series.x_files_factor)
        result[rows] = np.where(sound, aggregation.reduce(how, columns, 0), np.nan)
    return result


def _first_slots(series: TimeSeries, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first slot that begins at each of ``times`` or after; those from the stop of ``series`` on do not count."""
    shown = len(range(series.start, series.stop, series.step_s)[: len(series.values)])
    return np.clip(-((series.start - times) // series.step_s), 0, shown)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """What series of one grid have in common with ``count`` intervals from ``start`` on: stretches of time, each of which lies
    within one slot and one interval, and how many seconds it has."""

    start: int
    count: int
    slots: NDArray[np.int64]
    intervals: NDArray[np.int64]
    seconds: NDArray[np.int64]

    @classmethod
    def of(cls, series: TimeSeries, interval_s: int) -> Overlaps:
        """For intervals of which the last one ends at the stop of ``series``, and the first one holds its start."""
        count = -(-max(0, series.stop - series.start) // interval_s)
        start = series.stop - count * interval_s
        end = min(series.start + len(series.values) * series.step_s, series.stop)
        edges = np.union1d(np.arange(series.start, end, series.step_s), np.arange(start + interval_s, end, interval_s))
        slots, intervals = (edges - series.start) // series.step_s, (edges - start) // interval_s
        return cls(start, count, slots, intervals, np.diff(edges, append=end))

    def hits(self, values: Floats) -> Floats:
        """How much comes in each interval, if ``values`` are rates per second."""
        there = ~np.isnan(values)
        amounts = np.where(there, values, 0.0)[self.slots] * self.seconds
        filled = np.bincount(self.intervals, there[self.slots], self.count)
        return np.where(filled > 0, np.bincount(self.intervals, amounts, self.count), np.nan)

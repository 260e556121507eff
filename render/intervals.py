"""The slots of a series by intervals of another length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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
        slots = sliding_window_view(series.values, length)[edges[rows]]
        there = aggregation.filled(slots)
        sound = aggregation.enough(there, interval_s / series.step_s, series.x_files_factor)
        result[rows] = np.where(sound, aggregation.reduce(how, slots), np.nan)
    return result


def _first_slots(series: TimeSeries, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first slot that begins at each of ``times`` or after; those from the stop of ``series`` on do not count."""
    shown = len(range(series.start, series.stop, series.step_s)[: len(series.values)])
    return np.clip(-((series.start - times) // series.step_s), 0, shown)


def hits(series: TimeSeries, interval_s: int, start: int, count: int) -> Floats:
    """How much came in each of ``count`` intervals from ``start`` on, if values are rates per second. ``start`` is no later than
    that of ``series``."""
    stretches = _stretches(series, interval_s, start)
    there = ~np.isnan(series.values)
    amounts = np.where(there, series.values, 0.0)[stretches.slot] * stretches.seconds
    filled = np.bincount(stretches.interval, there[stretches.slot], count)
    return np.where(filled > 0, np.bincount(stretches.interval, amounts, count), np.nan)


class _Stretches(NamedTuple):
    """Stretches of time, each within one slot and one interval."""

    slot: NDArray[np.int64]
    interval: NDArray[np.int64]
    seconds: NDArray[np.int64]


def _stretches(series: TimeSeries, interval_s: int, start: int) -> _Stretches:
    """All from the start of ``series`` to its stop or the end of its last slot."""
    end = min(series.start + len(series.values) * series.step_s, series.stop)
    slots = np.arange(series.start, end, series.step_s)
    intervals = np.arange(start, end, interval_s)
    edges = np.union1d(slots, intervals[intervals > series.start])
    return _Stretches((edges - series.start) // series.step_s, (edges - start) // interval_s, np.diff(edges, append=end))

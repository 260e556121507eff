"""Windows that move along a series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from ...schema.times import parse_offset
from .. import _recurrences, aggregation, neighbours
from ..context import Context, Lazy
from ..function import Given, function
from ..parameters import Kind, Param
from ..rounding import rounded
from ..time_series import TimeSeries


@dataclass(frozen=True, slots=True)
class _Size:
    """How long a window is: ``said`` is an interval, or a number of slots."""

    said: str | float

    def seconds(self, step_s: int) -> int:
        """Of the series with the longest step, which is ``step_s``."""
        return abs(parse_offset(self.said)) if isinstance(self.said, str) else int(self.said) * step_s

    def slots(self, step_s: int) -> int:
        """Of a series with this step."""
        return self.seconds(step_s) // step_s

    def named(self, series: TimeSeries, function: str) -> str:
        shown = f'"{self.said}"' if isinstance(self.said, str) else self.said
        return f"{function}({series.name},{shown})"


def _size(value: Any) -> _Size:
    """A fraction of a slot is in the name of the result, and nowhere else."""
    if isinstance(value, str):
        parse_offset(value)
        return _Size(value)
    number = int(value)
    return _Size(value if isinstance(value, float) else number)


def _windows(context: Context, given: Given, step_s: int | None) -> Sequence[tuple[int, int]]:
    """The request's and what is before it; the request's own only to learn its step."""
    size = given["windowSize"]
    here = [] if step_s else [(context.after, context.until)]
    if size is None or (step_s is None and not isinstance(size.said, str)):
        return here
    return [*here, (context.after - size.seconds(step_s or 1), context.until)]


def _earlier(lazy: Lazy, size: _Size) -> tuple[int, list[TimeSeries]]:
    """How many seconds before the request's window begin the series that come with them. None if the request has none."""
    step_s = lazy.step() or max((one.step_s for one in lazy.here()), default=None)
    if step_s is None:
        return 0, []
    before_s = size.seconds(step_s)
    return before_s, lazy.within(lazy.context.after - before_s, lazy.context.until)


_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_SIZE: Final = Param(
    "windowSize",
    Kind.INT_OR_INTERVAL,
    required=True,
    suggestions=(5, 7, 10, "1min", "5min", "10min", "30min", "1hour"),
    takes=_size,
)
_FACTOR: Final = Param("xFilesFactor", Kind.FLOAT)


@function(
    "movingWindow",
    group="Calculate",
    params=[_SERIES, _SIZE, Param("func", Kind.AGGREGATION, default="average"), _FACTOR],
    windows=_windows,
)
def moving_window(context: Context, lazy: Lazy, size: _Size, how: str, x_files_factor: float | None) -> list[TimeSeries]:
    """Each point is the aggregation `func` of itself and the points before it, `windowSize` in all: a number of points, or an
    interval such as `'5min'`. Of them a share of `xFilesFactor` must have values."""
    if how not in aggregation.NAMES:
        raise QueryError(f"movingWindow: func={how[:200]} is not one of {', '.join(aggregation.NAMES)}")
    before_s, series = _earlier(lazy, size)
    function = f"moving{how.capitalize()}"
    widths = [size.slots(one.step_s) for one in series]
    shares = [one.x_files_factor if x_files_factor is None else x_files_factor for one in series]
    moved = _moved(context, how, series, widths, shares)
    return [_result(one, function, size, before_s, values) for one, values in zip(series, moved, strict=True)]


def _result(series: TimeSeries, function: str, size: _Size, before_s: int, values: Floats) -> TimeSeries:
    return TimeSeries.of(
        size.named(series, function),
        series.start + before_s,
        series.stop,
        series.step_s,
        values,
        tags={**series.tags, function: str(size.said)},
        consolidation=series.consolidation,
        x_files_factor=series.x_files_factor,
    )


def _moved(
    context: Context, how: str, series: Sequence[TimeSeries], widths: Sequence[int], shares: Sequence[float]
) -> Sequence[Floats]:
    """The values of each series from after its first window on; gaps where a window has no slots."""
    moved: dict[int, Floats] = {}
    for width, places in _alike(series, widths):
        rows = [series[place].values[1:] for place in places]
        slid = neighbours.slide_each(how, rows, width, [shares[place] for place in places])
        for place, values in zip(places, slid, strict=True):
            context.check()
            moved[place] = values
    return [
        moved[place] if place in moved else np.full(max(0, len(one.values) - width), np.nan)
        for place, (one, width) in enumerate(zip(series, widths, strict=True))
    ]


def _alike(series: Sequence[TimeSeries], widths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Width and places of series that are of one length and have windows of one width within it."""
    groups: dict[tuple[int, int], list[int]] = {}
    for place, (one, width) in enumerate(zip(series, widths, strict=True)):
        if 0 < width < len(one.values):
            groups.setdefault((len(one.values), width), []).append(place)
    for (_, width), places in groups.items():
        yield width, places


@function("movingAverage", group="Calculate", params=[_SERIES, _SIZE, _FACTOR], windows=_windows)
def moving_average(context: Context, lazy: Lazy, size: _Size, x_files_factor: float | None) -> list[TimeSeries]:
    """Each point is the average of itself and the points before it, `windowSize` in all: a number of points, or an interval
    such as `'5min'`. Of them a share of `xFilesFactor` must have values."""
    return moving_window.run(context, lazy, size, "average", x_files_factor)


@function("movingMedian", group="Calculate", params=[_SERIES, _SIZE, _FACTOR], windows=_windows)
def moving_median(context: Context, lazy: Lazy, size: _Size, x_files_factor: float | None) -> list[TimeSeries]:
    """Each point is the median of itself and the points before it, `windowSize` in all: a number of points, or an interval
    such as `'5min'`. Of them a share of `xFilesFactor` must have values."""
    return moving_window.run(context, lazy, size, "median", x_files_factor)


@function("movingSum", group="Calculate", params=[_SERIES, _SIZE, _FACTOR], windows=_windows)
def moving_sum(context: Context, lazy: Lazy, size: _Size, x_files_factor: float | None) -> list[TimeSeries]:
    """Each point is the sum of itself and the points before it, `windowSize` in all: a number of points, or an interval
    such as `'5min'`. Of them a share of `xFilesFactor` must have values."""
    return moving_window.run(context, lazy, size, "sum", x_files_factor)


@function("movingMin", group="Calculate", params=[_SERIES, _SIZE, _FACTOR], windows=_windows)
def moving_min(context: Context, lazy: Lazy, size: _Size, x_files_factor: float | None) -> list[TimeSeries]:
    """Each point is the least of itself and the points before it, `windowSize` in all: a number of points, or an interval
    such as `'5min'`. Of them a share of `xFilesFactor` must have values."""
    return moving_window.run(context, lazy, size, "min", x_files_factor)


@function("movingMax", group="Calculate", params=[_SERIES, _SIZE, _FACTOR], windows=_windows)
def moving_max(context: Context, lazy: Lazy, size: _Size, x_files_factor: float | None) -> list[TimeSeries]:
    """Each point is the greatest of itself and the points before it, `windowSize` in all: a number of points, or an interval
    such as `'5min'`. Of them a share of `xFilesFactor` must have values."""
    return moving_window.run(context, lazy, size, "max", x_files_factor)


@function("exponentialMovingAverage", group="Calculate", params=[_SERIES, _SIZE], windows=_windows)
def exponential_moving_average(context: Context, lazy: Lazy, size: _Size) -> list[TimeSeries]:
    """An average in which the points before weigh less and less: each point has a share of 2 / (`windowSize` + 1), what was
    before it the rest. `windowSize` is a number of points, or an interval such as `'5min'`, whose seconds count then."""
    if size.seconds(1) < 0:
        raise QueryError(f"exponentialMovingAverage: windowSize={size.said} is less than nothing")
    share = 2 / (size.seconds(1) + 1)
    before_s, series = _earlier(lazy, size)
    results = []
    for one in series:
        context.check()
        values = _exponential(one.values, size.slots(one.step_s), share)
        results.append(_result(one, "exponentialMovingAverage", size, before_s, values))
    return results


def _exponential(values: Floats, slots: int, share: float) -> Floats:
    """The average of the first ``slots``, and of those after it what they make of it."""
    first = values[:slots]
    there = first[~np.isnan(first)]
    # In their order, for the last bit decides a rounding.
    before = float(np.add.accumulate(there)[-1] / len(there)) if len(there) else 0.0
    averages = np.empty(max(0, len(values) - slots) + 1)
    averages[0] = before
    _recurrences.exponential(np.ascontiguousarray(values[slots:]), before, share, averages[1:])
    return rounded(averages, 6)


@function(
    "stdev",
    group="Calculate",
    params=[_SERIES, Param("points", Kind.INTEGER, required=True), Param("windowTolerance", Kind.FLOAT, default=0.1)],
)
def stdev(context: Context, series: list[TimeSeries], points: int, tolerance: float) -> list[TimeSeries]:
    """The standard deviation of each point and the `points` - 1 before it, of which a share of `windowTolerance` must have
    values."""
    if points < 0:
        raise QueryError(f"stdev: points={points} is less than nothing")
    results = []
    for one in series:
        context.check()
        results.append(_deviating(one, points, tolerance))
    return results


def _deviating(series: TimeSeries, points: int, tolerance: float) -> TimeSeries:
    return TimeSeries.of(
        f"stdev({series.name},{points})",
        series.start,
        series.stop,
        series.step_s,
        _deviations(series.values, points, tolerance),
        tags={**series.tags, "stdev": str(points)},
        consolidation=series.consolidation,
        x_files_factor=series.x_files_factor,
    )


def _deviations(values: Floats, points: int, tolerance: float) -> Floats:
    """Of ``points`` slots a share of ``tolerance`` must be filled. Before the first value nothing is there."""
    width = min(points, len(values))
    if width == 0:
        return np.full(len(values), np.nan)
    padded = np.concatenate([np.full(width - 1, np.nan), values])
    return neighbours.slide("stddev", padded[np.newaxis], width, [tolerance], points).ravel()


FUNCTIONS: Final = (
    moving_window,
    moving_average,
    moving_median,
    moving_sum,
    moving_min,
    moving_max,
    exponential_moving_average,
    stdev,
)

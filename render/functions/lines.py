"""Straight lines through series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from ...schema.times import parse_time
from .. import aggregation
from ..context import Context, Lazy
from ..function import Given, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries
from .results import derived

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)


@function(
    "aggregateLine",
    group="Calculate",
    params=[_SERIES, Param("func", Kind.AGGREGATION, default="average"), Param("keepStep", Kind.BOOLEAN, default=False)],
    keeps_step=False,
)
def aggregate_line(context: Context, series: list[TimeSeries], how: str, keep_step: bool) -> list[TimeSeries]:
    """A line at the `func` of all values of every series. With `keepStep` it has the slots of that series, else the three of a
    constantLine."""
    draw = _level_of_slots if keep_step else _level_of_graph
    return [draw(context, one, how, aggregation.of_all(how, one.values)) for one in series]


def _level_of_slots(_context: Context, series: TimeSeries, _how: str, level: float) -> TimeSeries:
    return derived(series, _level_name(series, level), {}, values=np.full_like(series.values, level))


def _level_of_graph(context: Context, series: TimeSeries, how: str, level: float) -> TimeSeries:
    """Named like a constantLine in its tags."""
    counted = aggregation.canonical(how) == "count"
    shown = None if math.isnan(level) else int(level) if counted else level
    step_s = (context.until - context.after) // 2
    line = TimeSeries.of(
        str(shown), context.after, context.until, step_s, np.full(3, level), x_files_factor=context.x_files_factor
    )
    return line.named(_level_name(series, level))


def _level_name(series: TimeSeries, level: float) -> str:
    return f"aggregateLine({series.name}, {'None' if math.isnan(level) else format(level, 'g')})"


class _Line(NamedTuple):
    """The value at ``start``, and how much it rises in a second."""

    start: int
    value: float
    slope: float


def _regression_windows(context: Context, given: Given, _: int | None) -> Sequence[tuple[int, int]]:
    return [(context.after, context.until), _source_window(context, given["startSourceAt"], given["endSourceAt"])]


@function(
    "linearRegression",
    group="Calculate",
    params=[_SERIES, Param("startSourceAt", Kind.DATE), Param("endSourceAt", Kind.DATE)],
    windows=_regression_windows,
)
def linear_regression(context: Context, lazy: Lazy, start: str | None, end: str | None) -> list[TimeSeries]:
    """The straight line that lies nearest to the values of every series by least squares, from `startSourceAt` to `endSourceAt`;
    without these, to those that the graph shows."""
    after, until = _source_window(context, start, end)
    lines = map(_fitted, lazy.within(after, until))
    return [
        _drawn(one, line, f"linearRegression({one.name}, {after}, {until})", f"{after}, {until}")
        for one, line in zip(lazy.here(), lines, strict=False)
        if line is not None
    ]


def _source_window(context: Context, start: str | None, end: str | None) -> tuple[int, int]:
    given = ((start, context.after), (end, context.until))
    after, until = (graph if text is None else parse_time(text, context.now, context.zone) for text, graph in given)
    return after, until


def _fitted(series: TimeSeries) -> _Line | None:
    """None for a series of less than two values."""
    there = np.flatnonzero(~np.isnan(series.values))
    if len(there) < 2:
        return None
    values = series.values[there]
    distance = there - there.mean()
    with np.errstate(over="ignore", invalid="ignore"):
        rise = float((distance * (values - values.mean())).sum() / (distance * distance).sum())
        return _Line(series.start, float(values.mean() - rise * there.mean()), rise / series.step_s)


def _drawn(series: TimeSeries, line: _Line, name: str, window: str) -> TimeSeries:
    """``line`` in the slots of ``series``."""
    seconds = series.start - line.start + np.arange(len(series.values)) * series.step_s
    values = line.value + line.slope * seconds
    return derived(series, name, {"linearRegressions": window}, values=values, consolidation="average")


FUNCTIONS: Final = (aggregate_line, linear_regression)

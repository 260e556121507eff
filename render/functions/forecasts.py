"""What Holt and Winters expect of series that follow a trend and the hours of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from ...schema.times import parse_offset
from .. import _recurrences
from ..context import Context, Lazy
from ..function import Given, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

# The shares of a new value, which nobody can set in Graphite.
_LEVEL_SHARE: Final = 0.1
_TREND_SHARE: Final = 0.0035
_SEASON_SHARE: Final = 0.1

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_DELTA: Final = Param("delta", Kind.INTEGER, default=3, takes=float)
_BOOTSTRAP: Final = Param("bootstrapInterval", Kind.INTERVAL, default="7d", suggestions=("7d", "30d"))
_SEASON: Final = Param("seasonality", Kind.INTERVAL, default="1d", suggestions=("1d", "7d"))


class _Forecast(NamedTuple):
    """``series``: with the values that it begins with. ``predictions`` and ``deviations`` from ``start`` on."""

    series: TimeSeries
    start: int
    predictions: Floats
    deviations: Floats

    def result(self, name: str, values: Floats, expression: str) -> TimeSeries:
        one = self.series
        tags = {**one.tags, "holtWintersForecast": "1", "holtWintersDeviation": "1"}
        return TimeSeries.of(
            f"{name}({one.name})",
            self.start,
            one.stop,
            one.step_s,
            values,
            tags=tags,
            expression=expression,
            x_files_factor=one.x_files_factor,
        )


def _windows(context: Context, given: Given, _: int | None) -> Sequence[tuple[int, int]]:
    return [(context.after - parse_offset(given["bootstrapInterval"]), context.until)]


def _windows_and_here(context: Context, given: Given, step_s: int | None) -> Sequence[tuple[int, int]]:
    return [(context.after, context.until), *_windows(context, given, step_s)]


def _forecasts(context: Context, lazy: Lazy, bootstrap: str, season: str) -> list[_Forecast]:
    """Of each series that is there with what is ``bootstrap`` earlier."""
    before_s = parse_offset(bootstrap)
    series = lazy.within(context.after - before_s, context.until)
    return [_forecast(context, one, before_s, season) for one in series]


def _forecast(context: Context, series: TimeSeries, before_s: int, season: str) -> _Forecast:
    context.check()
    season_slots = parse_offset(season) // series.step_s
    if season_slots < 2:
        raise QueryError(
            f"seasonality={season!r} is shorter than two steps of {series.name[:200]}, which are {series.step_s} s each"
        )
    seasonals, predictions, deviations = np.empty((3, len(series.values)))
    _recurrences.holt_winters(
        np.ascontiguousarray(series.values),
        season_slots,
        _LEVEL_SHARE,
        _TREND_SHARE,
        _SEASON_SHARE,
        seasonals,
        predictions,
        deviations,
    )
    first = before_s // series.step_s
    return _Forecast(series, series.start + before_s, predictions[first:], deviations[first:])


@function("holtWintersForecast", group="Calculate", params=[_SERIES, _BOOTSTRAP, _SEASON], windows=_windows)
def holt_winters_forecast(context: Context, lazy: Lazy, bootstrap: str, season: str) -> list[TimeSeries]:
    """What was to be expected at each point, from the values before it, their trend, and those a `seasonality` earlier. It begins
    to learn `bootstrapInterval` before the graph."""
    forecasts = _forecasts(context, lazy, bootstrap, season)
    name = "holtWintersForecast"
    return [one.result(name, one.predictions, f"{name}({one.series.name})") for one in forecasts]


@function("holtWintersConfidenceBands", group="Calculate", params=[_SERIES, _DELTA, _BOOTSTRAP, _SEASON], windows=_windows)
def holt_winters_confidence_bands(context: Context, lazy: Lazy, delta: float, bootstrap: str, season: str) -> list[TimeSeries]:
    """Two lines, between which values are to be expected: the forecast less and plus `delta` times the usual distance from it, as
    learnt from the values before, and those a `seasonality` earlier. It begins to learn `bootstrapInterval` before the graph."""
    return [band for one in _forecasts(context, lazy, bootstrap, season) for band in _bands(one, delta)]


def _bands(forecast: _Forecast, delta: float) -> tuple[TimeSeries, TimeSeries]:
    """The lower and the upper one. Each has the tags of both."""
    distance = delta * forecast.deviations
    tags = {"holtWintersConfidenceUpper": "1", "holtWintersConfidenceLower": "1"}
    expression = forecast.series.expression
    lower = forecast.result("holtWintersConfidenceLower", forecast.predictions - distance, expression)
    upper = forecast.result("holtWintersConfidenceUpper", forecast.predictions + distance, expression)
    return replace(lower, tags={**lower.tags, **tags}), replace(upper, tags={**upper.tags, **tags})


@function("holtWintersConfidenceArea", group="Calculate", params=[_SERIES, _DELTA, _BOOTSTRAP, _SEASON], windows=_windows)
def holt_winters_confidence_area(context: Context, lazy: Lazy, delta: float, bootstrap: str, season: str) -> list[TimeSeries]:
    """The area between the two lines of `holtWintersConfidenceBands`, of one series."""
    bands = holt_winters_confidence_bands.run(context, lazy, delta, bootstrap, season)
    if len(bands) > 2:
        raise QueryError(f"holtWintersConfidenceArea takes one series, got {len(bands) // 2}")
    return [_area(one) for one in context.call("areaBetween", bands)] if bands else []


def _area(series: TimeSeries) -> TimeSeries:
    tags = {tag: value for tag, value in series.tags.items() if tag != "areaBetween"}
    named = series.named(series.name.replace("areaBetween", "holtWintersConfidenceArea"))
    return replace(named, tags={**tags, "holtWintersConfidenceArea": "1"})


@function("holtWintersAberration", group="Calculate", params=[_SERIES, _DELTA, _BOOTSTRAP, _SEASON], windows=_windows_and_here)
def holt_winters_aberration(context: Context, lazy: Lazy, delta: float, bootstrap: str, season: str) -> list[TimeSeries]:
    """How far each point lies above or, as a negative number, below the two lines of `holtWintersConfidenceBands`; 0 between
    them."""
    forecasts = {one.series.name: one for one in _forecasts(context, lazy, bootstrap, season)}
    return [_aberration(one, forecasts.get(one.name), delta) for one in lazy.here()]


def _aberration(series: TimeSeries, forecast: _Forecast | None, delta: float) -> TimeSeries:
    name = f"holtWintersAberration({series.name})"
    return TimeSeries.of(
        name,
        series.start,
        series.stop,
        series.step_s,
        _outside(series.values, forecast, delta),
        tags={**series.tags, "holtWintersAberration": "1"},
        x_files_factor=series.x_files_factor,
    )


def _outside(values: Floats, forecast: _Forecast | None, delta: float) -> Floats:
    """How far ``values`` are outside the bands, slot by slot; where one or the other is not there, they are not."""
    outside = np.zeros(len(values))
    if forecast is None:
        return outside
    both = min(len(values), len(forecast.predictions))
    expected, distance = forecast.predictions[:both], delta * forecast.deviations[:both]
    above = values[:both] - (expected + distance)
    below = values[:both] - (expected - distance)
    outside[:both] = np.where(above > 0, above, np.where(below < 0, below, 0.0))
    return outside


FUNCTIONS: Final = (
    holt_winters_forecast,
    holt_winters_confidence_bands,
    holt_winters_confidence_area,
    holt_winters_aberration,
)

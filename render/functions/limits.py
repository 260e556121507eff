"""Values beyond a limit left out."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...schema.errors import QueryError
from .. import aggregation
from ..context import Context
from ..function import function
from ..parameters import Kind, Param
from ..time_series import TimeSeries
from .results import derived, edited

_PARAMS: Final = (Param("seriesList", Kind.SERIES, required=True), Param("n", Kind.FLOAT, required=True))


@function("removeAboveValue", group="Filter Data", params=_PARAMS)
def remove_above_value(_: Context, series: list[TimeSeries], n: float) -> list[TimeSeries]:
    """Values above `n` become gaps."""
    return [_cut(one, "removeAboveValue", n, one.values > n) for one in series]


@function("removeBelowValue", group="Filter Data", params=_PARAMS)
def remove_below_value(_: Context, series: list[TimeSeries], n: float) -> list[TimeSeries]:
    """Values below `n` become gaps."""
    return [_cut(one, "removeBelowValue", n, one.values < n) for one in series]


@function("removeAbovePercentile", group="Filter Data", params=_PARAMS)
def remove_above_percentile(_: Context, series: list[TimeSeries], n: float) -> list[TimeSeries]:
    """Values above the `n`-th percentile of their series become gaps."""
    _check_percent("removeAbovePercentile", n)
    return [_cut_at_percentile(one, "removeAbovePercentile", n, np.greater) for one in series]


@function("removeBelowPercentile", group="Filter Data", params=_PARAMS)
def remove_below_percentile(_: Context, series: list[TimeSeries], n: float) -> list[TimeSeries]:
    """Values below the `n`-th percentile of their series become gaps."""
    _check_percent("removeBelowPercentile", n)
    return [_cut_at_percentile(one, "removeBelowPercentile", n, np.less) for one in series]


@function("nPercentile", group="Calculate", params=_PARAMS)
def n_percentile(_: Context, series: list[TimeSeries], n: float) -> list[TimeSeries]:
    """A line at the `n`-th percentile of the values of every series that has any."""
    _check_percent("nPercentile", n)
    return [_level(one, n) for one in series if one.has_values()]


def _cut(series: TimeSeries, function: str, n: float, beyond: NDArray[np.bool_], **tags: object) -> TimeSeries:
    """``series`` without the values that are ``beyond``."""
    return edited(series, f"{function}({series.name}, {n:g})", tags, values=np.where(beyond, np.nan, series.values))


def _cut_at_percentile(series: TimeSeries, function: str, n: float, beyond: np.ufunc) -> TimeSeries:
    if not series.has_values():
        return _cut(series, function, n, np.zeros(len(series.values), np.bool_))
    return _cut(series, function, n, beyond(series.values, aggregation.percentile(series.values, n)), nPercentile=n)


def _level(series: TimeSeries, n: float) -> TimeSeries:
    level = float(aggregation.percentile(series.values, n))
    slots = (series.stop - series.start) // series.step_s
    return derived(series, f"nPercentile({series.name}, {n:g})", {"nPercentile": n}, values=np.full(slots, level))


def _check_percent(function: str, n: float) -> None:
    if not 0 < n <= 100:
        raise QueryError(f"{function}: n={n:g} is not a percentage above 0 and up to 100")


FUNCTIONS: Final = (n_percentile, remove_above_percentile, remove_above_value, remove_below_percentile, remove_below_value)

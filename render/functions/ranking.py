"""Series in the order of a number that each of them has, and the first of them."""

from __future__ import annotations

import math
import re
from typing import Final

from .. import aggregation
from ..context import Context
from ..function import ALWAYS, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_N: Final = Param("n", Kind.INTEGER, required=True)
_ONE_OR_N: Final = Param("n", Kind.INTEGER, required=True, default=1)
_FUNC: Final = Param("func", Kind.AGGREGATION, default="average")
_REVERSE: Final = Param("reverse", Kind.BOOLEAN, default=False)
_GROUP: Final = "Filter Series"
_DIGITS: Final = re.compile(r"\d+")


def _rising(series: list[TimeSeries], how: str) -> list[TimeSeries]:
    """Those without a number come first; equal ones keep their order."""
    return sorted(series, key=lambda one: _rank(one, how))


def _falling(series: list[TimeSeries], how: str) -> list[TimeSeries]:
    """Those without a number come last; equal ones keep their order."""
    return sorted(series, key=lambda one: _rank(one, how), reverse=True)


def _rank(series: TimeSeries, how: str) -> float:
    value = aggregation.of_all(how, series.values)
    return -math.inf if math.isnan(value) else value


@function("highest", group=_GROUP, params=[_SERIES, _ONE_OR_N, _FUNC])
def highest(_: Context, series: list[TimeSeries], n: int, how: str) -> list[TimeSeries]:
    """The `n` series of the highest aggregation `func`, the highest first."""
    return _falling(series, how)[:n]


@function("lowest", group=_GROUP, params=[_SERIES, _ONE_OR_N, _FUNC])
def lowest(_: Context, series: list[TimeSeries], n: int, how: str) -> list[TimeSeries]:
    """The `n` series of the lowest aggregation `func`, the lowest first. Series without values are lower than all others."""
    return _rising(series, how)[:n]


@function("highestAverage", group=_GROUP, params=[_SERIES, _N])
def highest_average(_: Context, series: list[TimeSeries], n: int) -> list[TimeSeries]:
    """The `n` series of the highest averages, the highest first."""
    return _falling(series, "average")[:n]


@function("lowestAverage", group=_GROUP, params=[_SERIES, _N])
def lowest_average(_: Context, series: list[TimeSeries], n: int) -> list[TimeSeries]:
    """The `n` series of the lowest averages, the lowest first. Series without values are lower than all others."""
    return _rising(series, "average")[:n]


@function("highestCurrent", group=_GROUP, params=[_SERIES, _N])
def highest_current(_: Context, series: list[TimeSeries], n: int) -> list[TimeSeries]:
    """The `n` series of the highest last values, the highest first."""
    return _falling(series, "last")[:n]


@function("lowestCurrent", group=_GROUP, params=[_SERIES, _N])
def lowest_current(_: Context, series: list[TimeSeries], n: int) -> list[TimeSeries]:
    """The `n` series of the lowest last values, the lowest first. Series without values are lower than all others."""
    return _rising(series, "last")[:n]


@function("highestMax", group=_GROUP, params=[_SERIES, _N])
def highest_max(_: Context, series: list[TimeSeries], n: int) -> list[TimeSeries]:
    """The `n` series of the highest maxima, the highest first."""
    return _falling(series, "max")[:n]


@function("mostDeviant", group=_GROUP, params=[_SERIES, _N])
def most_deviant(_: Context, series: list[TimeSeries], n: int) -> list[TimeSeries]:
    """The `n` series of the largest standard deviation, the largest first. Series without values are left out."""
    return _falling([one for one in series if one.has_values()], "stddev")[:n]


@function("sortBy", group="Sorting", params=[_SERIES, _FUNC, _REVERSE])
def sort_by(_: Context, series: list[TimeSeries], how: str, reverse: bool) -> list[TimeSeries]:
    """All series in the order of their aggregation `func`, the lowest first or, if `reverse` is true, the highest."""
    return _falling(series, how) if reverse else _rising(series, how)


@function("sortByTotal", group="Sorting", params=[_SERIES])
def sort_by_total(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """All series in the order of their sums, the highest first."""
    return _falling(series, "sum")


@function("sortByMaxima", group="Sorting", params=[_SERIES])
def sort_by_maxima(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """All series in the order of their maxima, the highest first."""
    return _falling(series, "max")


@function("sortByMinima", group="Sorting", params=[_SERIES])
def sort_by_minima(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Series in the order of their minima, the lowest first, without those that are never above 0."""
    return _rising([one for one in series if aggregation.of_all("max", one.values) > 0], "min")


@function(
    "sortByName",
    group="Sorting",
    params=[_SERIES, Param("natural", Kind.BOOLEAN, default=False), _REVERSE],
    commutes=ALWAYS,
)
def sort_by_name(_: Context, series: list[TimeSeries], natural: bool, reverse: bool) -> list[TimeSeries]:
    """All series in the order of their names, from the last if `reverse` is true. If `natural` is true, numbers in names go by
    their size: `server2` comes before `server11`."""
    return sorted(series, key=lambda one: _natural(one.name) if natural else one.name, reverse=reverse)


def _natural(name: str) -> str:
    """All numbers in it have ten digits or more."""
    return _DIGITS.sub(lambda number: f"{int(number[0]):010}", name)


FUNCTIONS: Final = (
    highest,
    lowest,
    highest_average,
    lowest_average,
    highest_current,
    lowest_current,
    highest_max,
    most_deviant,
    sort_by,
    sort_by_total,
    sort_by_maxima,
    sort_by_minima,
    sort_by_name,
)

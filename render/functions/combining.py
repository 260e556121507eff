"""Many series become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from .. import aggregation
from ..context import Context
from ..function import ALWAYS, LINEAR, MAXIMUM, MINIMUM, NEVER, SHIFTED, Commutes, Given, function
from ..grids import align
from ..parameters import Kind, Param
from ..time_series import TimeSeries
from .results import each
from .synthetic import level

_LISTS: Final = Param("seriesLists", Kind.SERIES, required=True, multiple=True)
_LISTS_IF_ANY: Final = Param("seriesLists", Kind.SERIES, multiple=True)

_COMMUTES: Final = {"sum": LINEAR, "average": LINEAR, "diff": LINEAR, "max": MAXIMUM, "min": MINIMUM}


def combine(context: Context, series: Sequence[TimeSeries], how: str, x_files_factor: float | None = None) -> list[TimeSeries]:
    """One series, of the aggregation ``how`` of each slot; none of none. QueryError if there is no such aggregation."""
    aggregation.canonical(how)
    if not series:
        return []
    share = context.x_files_factor if x_files_factor is None else x_files_factor
    short = how.removesuffix("Series")
    aligned = align(series)
    values = aggregation.across(how, aligned.columns, share)
    name = f"{short}Series({expressions(series)})"
    tags = {"name": name, **common_tags(series), "aggregatedBy": short}
    return [TimeSeries(name, aligned.start, aligned.stop, aligned.step_s, values, tags, expression=name, x_files_factor=share)]


def commuting(how: str) -> Commutes:
    """What is the same before and after the series are combined by ``how``, the name of an aggregation or of its function."""
    known = how.removesuffix("Series") in aggregation.NAMES
    return _COMMUTES.get(aggregation.canonical(how), NEVER) if known else NEVER


def expressions(series: Iterable[TimeSeries]) -> str:
    """What stands in the brackets of a combined series' name."""
    return ",".join(dict.fromkeys(one.expression for one in series))


def common_tags(series: Sequence[TimeSeries]) -> dict[str, str]:
    """Tags that all of them have, with one value."""
    first, *others = (one.tags for one in series)
    return {tag: value for tag, value in first.items() if all(tags.get(tag) == value for tags in others)}


def joined(lists: Iterable[list[TimeSeries]]) -> list[TimeSeries]:
    """The series of all ``lists``."""
    return [one for series in lists for one in series]


_combining: Final = partial(function, group="Combine", params=[_LISTS], resets=True)


@_combining("sumSeries", "sum", commutes=LINEAR)
def sum_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The sum of all series, slot by slot. Gaps are passed over."""
    return combine(context, joined(lists), "sum")


@_combining("averageSeries", "avg", commutes=LINEAR)
def average_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The mean of all series, slot by slot. Gaps are passed over."""
    return combine(context, joined(lists), "average")


@_combining("maxSeries", commutes=MAXIMUM)
def max_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The largest value of all series in each slot."""
    return combine(context, joined(lists), "max")


@_combining("minSeries", commutes=MINIMUM)
def min_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The smallest value of all series in each slot."""
    return combine(context, joined(lists), "min")


@_combining("rangeOfSeries")
def range_of_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """How far the largest and the smallest value of all series lie apart in each slot."""
    return combine(context, joined(lists), "rangeOf")


@_combining("stddevSeries")
def stddev_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The standard deviation of the values of all series in each slot."""
    return combine(context, joined(lists), "stddev")


@_combining("diffSeries", commutes=LINEAR)
def diff_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The first series less all others, slot by slot. Gaps are passed over."""
    return combine(context, joined(lists), "diff")


def _aggregate_commutes(given: Given) -> Commutes:
    return commuting(given["func"] or "") if given["xFilesFactor"] is None else NEVER


@function(
    "aggregate",
    group="Combine",
    params=[
        Param("seriesList", Kind.SERIES, required=True),
        Param("func", Kind.AGGREGATION, required=True),
        Param("xFilesFactor", Kind.FLOAT),
    ],
    commutes=_aggregate_commutes,
    resets=True,
)
def aggregate(context: Context, series: list[TimeSeries], how: str, x_files_factor: float | None) -> list[TimeSeries]:
    """Combines all series into one by the aggregation `func`, such as `sum` or `median`, slot by slot. Where less than a share of
    `xFilesFactor` of the series has a value, the result has a gap.
    """
    return combine(context, series, how, x_files_factor)


@_combining("multiplySeries")
def multiply_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The product of all series, slot by slot. A gap in one of them makes a gap; a single series stays as it is."""
    series = joined(lists)
    if len(lists) == len(series) == 1:
        return series
    return combine(context, series, "multiply")


@function("powSeries", group="Combine", params=[Param("seriesList", Kind.SERIES, required=True, multiple=True)], resets=True)
def pow_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The first series raised to the power of the second, that to the power of the third, and so on."""
    series = joined(lists)
    if not series:
        return []
    aligned = align(series)
    values, *exponents = aggregation.stack(aligned.columns)
    for exponent in exponents:
        values = _power(values, exponent)
    return [aligned.made(f"powSeries({','.join(one.name for one in series)})", values, context.x_files_factor)]


def _power(base: Floats, exponent: Floats) -> Floats:
    """A gap where one of them is a gap, and for what is no number or overflows."""
    with np.errstate(all="ignore"):
        result = np.power(base, exponent)
    overflowed = np.isinf(result) & np.isfinite(base) & np.isfinite(exponent)
    return np.where(overflowed | np.isnan(base) | np.isnan(exponent), np.nan, result)


@function("countSeries", group="Combine", params=[_LISTS_IF_ANY], commutes=SHIFTED, resets=True)
def count_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """A line at the number of series, whether they have values or not."""
    if not lists:
        return [replace(level(context, 0), expression="countSeries()")]
    series = joined(lists)
    if not series:
        return []
    aligned = align(series)
    values = np.full(max(map(len, aligned.columns)), float(len(series)))
    return [aligned.made(f"countSeries({expressions(series)})", values, context.x_files_factor)]


@function(
    "percentileOfSeries",
    group="Combine",
    params=[
        Param("seriesList", Kind.SERIES, required=True),
        Param("n", Kind.FLOAT, required=True),
        Param("interpolate", Kind.BOOLEAN, default=False),
    ],
    resets=True,
)
def percentile_of_series(context: Context, series: list[TimeSeries], percent: float, interpolate: bool) -> list[TimeSeries]:
    """The `n`-th percentile of the values of all series in each slot: one of them, or with `interpolate` a value between two."""
    if not 0 < percent <= 100:
        raise QueryError(f"percentileOfSeries: n={percent:g} is not above 0 and at most 100")
    if not series:
        return []
    aligned = align(series)
    values = aggregation.by_blocks(
        aligned.columns, lambda block, axis: aggregation.percentile(block, percent, axis, interpolate=interpolate)
    )
    return [aligned.made(f"percentileOfSeries({series[0].expression},{percent:g})", values, context.x_files_factor)]


@function("group", group="Combine", params=[_LISTS_IF_ANY], commutes=ALWAYS)
def group(_: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """All series of several lists as one list."""
    return joined(lists)


@function("isNonNull", group="Transform", params=[Param("seriesList", Kind.SERIES, required=True)])
def is_non_null(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """1 where a series has a value, 0 in its gaps."""
    return each(series, "isNonNull", lambda values: (~np.isnan(values)).astype(np.float64), isNonNull=1)


FUNCTIONS: Final = (
    aggregate,
    average_series,
    count_series,
    diff_series,
    group,
    is_non_null,
    max_series,
    min_series,
    multiply_series,
    percentile_of_series,
    pow_series,
    range_of_series,
    stddev_series,
    sum_series,
)

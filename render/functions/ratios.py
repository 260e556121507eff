"""Series divided by series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from .. import aggregation
from ..context import Context
from ..function import ALWAYS, NEVER, Commutes, Given, function
from ..grids import align
from ..nodes import grouped, key_of
from ..parameters import Kind, Param
from ..time_series import TimeSeries
from .combining import combine, expressions
from .pairing import pairs

_MISSING: Final = "MISSING"
_DIVIDENDS: Final = Param("dividendSeriesList", Kind.SERIES, required=True)


@function("divideSeries", group="Combine", params=[_DIVIDENDS, Param("divisorSeries", Kind.SERIES, required=True)], resets=True)
def divide_series(context: Context, dividends: list[TimeSeries], divisors: list[TimeSeries]) -> list[TimeSeries]:
    """Divides every series by the one series `divisorSeries`, slot by slot. Where that is 0 there is a gap."""
    if not divisors:
        return [_emptied(one.named(f"divideSeries({one.name},{_MISSING})")) for one in dividends]
    if len(divisors) > 1:
        raise QueryError(f"divideSeries: divisorSeries is {len(divisors)} series, want one")
    return [_divided(context, one, divisors[0]) for one in dividends]


@function(
    "divideSeriesLists",
    group="Combine",
    params=[_DIVIDENDS, Param("divisorSeriesList", Kind.SERIES, required=True)],
    resets=True,
)
def divide_series_lists(context: Context, dividends: list[TimeSeries], divisors: list[TimeSeries]) -> list[TimeSeries]:
    """Divides the first series of the first list by the first of the second list, the second by the second, and so on."""
    return [_divided(context, one, other) for one, other in pairs("divideSeriesLists", dividends, divisors)]


def _divided(context: Context, dividend: TimeSeries, divisor: TimeSeries) -> TimeSeries:
    aligned = align([dividend, divisor])
    name = f"divideSeries({dividend.name},{divisor.name})"
    return aligned.made(name, _quotient(*aligned.columns), context.x_files_factor)


def _quotient(dividend: Floats, divisor: Floats) -> Floats:
    """As long as the longer one. A gap where one of them is a gap, and for what is divided by 0."""
    if len(dividend) != len(divisor):
        dividend, divisor = aggregation.stack([dividend, divisor])
    with np.errstate(all="ignore"):
        return np.where(divisor == 0, np.nan, dividend / divisor)


def _percent(part: Floats, whole: Floats) -> Floats:
    return _quotient(part, whole) * 100.0


def _emptied(series: TimeSeries) -> TimeSeries:
    return series.with_values(np.full(len(series.values), np.nan))


def _percent_commutes(given: Given) -> Commutes:
    total = given["total"]
    return ALWAYS if isinstance(total, int | float) and total > 0 else NEVER


_NUMBER: Final = Param("total", Kind.FLOAT, required=True)


@function(
    "asPercent",
    "pct",
    group="Combine",
    params=[
        Param("seriesList", Kind.SERIES, required=True),
        Param("total", Kind.ANY),
        Param("nodes", Kind.NODE_OR_TAG, multiple=True),
    ],
    commutes=_percent_commutes,
    resets=True,
)
def as_percent(context: Context, series: list[TimeSeries], total: Any = None, *nodes: object) -> list[TimeSeries]:
    """Every series as a percentage of `total`: a number, one series, or as many series as there are, which are matched by name.
    Without `total` that is the sum of all series. With `nodes`, numbers of nodes or tags, series and totals that have the same
    nodes belong together, and several totals are added.
    """
    if not series:
        return []
    if nodes:
        return _percents_by_node(context, series, _totals(total), nodes)
    if isinstance(total, list):
        return _percents_of_series(context, series, total)
    if total is None:
        return _percents_of_sum(context, series)
    return _percents_of_number(context, series, total)


def _percents_of_sum(context: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    aligned = align(series)
    whole = aggregation.across("sum", aligned.columns)
    return _percents(context, series, aligned.columns, whole, f"sumSeries({expressions(series)})")


def _percents_of_series(context: Context, series: list[TimeSeries], totals: list[TimeSeries]) -> list[TimeSeries]:
    if len(totals) == len(series):
        return [_percent_of(context, one, total) for one, total in zip(_by_name(series), _by_name(totals), strict=True)]
    if len(totals) != 1:
        wanted = f"want a number, one series, or as many as the {len(series)} that are divided"
        raise QueryError(f"asPercent: total is {len(totals)} series; {wanted}")
    *parts, whole = align([*series, *totals]).columns
    return _percents(context, series, parts, whole, totals[0].name)


def _percents_of_number(context: Context, series: list[TimeSeries], total: Any) -> list[TimeSeries]:
    whole = np.full(len(series[0].values), _NUMBER.take(total, "asPercent"))
    return _percents(context, series, align(series).columns, whole, str(total))


def _percents(
    context: Context, series: Sequence[TimeSeries], parts: Sequence[Floats], whole: Floats, text: str
) -> list[TimeSeries]:
    """As in Graphite each keeps its step, although its values may be fewer than its slots."""
    return [
        TimeSeries.of(
            f"asPercent({one.name},{text})",
            one.start,
            one.stop,
            one.step_s,
            _percent(part, whole),
            x_files_factor=context.x_files_factor,
        )
        for one, part in zip(series, parts, strict=True)
    ]


def _percent_of(context: Context, part: TimeSeries, whole: TimeSeries) -> TimeSeries:
    aligned = align([part, whole])
    return aligned.made(f"asPercent({part.name},{whole.name})", _percent(*aligned.columns), context.x_files_factor)


def _by_name(series: list[TimeSeries]) -> list[TimeSeries]:
    return sorted(series, key=lambda one: one.name)


def _totals(total: Any) -> list[TimeSeries] | None:
    if total is None or isinstance(total, list):
        return total
    raise QueryError(f"asPercent: total={total!r:.200} is no list of series, which it must be where nodes are given")


def _percents_by_node(
    context: Context, series: list[TimeSeries], totals: list[TimeSeries] | None, nodes: Sequence[object]
) -> list[TimeSeries]:
    parts = grouped(series, nodes)
    wholes = {key: _sum(context, group) for key, group in (parts if totals is None else grouped(totals, nodes)).items()}
    percents = [
        _percent_of(context, one, wholes[key]) if key in wholes else _without_partner(context, one, f"{one.name},{_MISSING}")
        for key, group in parts.items()
        for one in group
    ]
    lonely = (whole for key, whole in wholes.items() if key not in parts)
    return percents + [_without_partner(context, one, f"{_MISSING},{one.name}") for one in lonely]


def _sum(context: Context, series: list[TimeSeries]) -> TimeSeries:
    if len(series) == 1:
        return series[0]
    aligned = align(series)
    return aligned.made(f"sumSeries({expressions(series)})", aggregation.across("sum", aligned.columns), context.x_files_factor)


def _without_partner(context: Context, series: TimeSeries, text: str) -> TimeSeries:
    return align([series]).made(f"asPercent({text})", _emptied(series).values, context.x_files_factor)


@function(
    "weightedAverage",
    group="Combine",
    params=[
        Param("seriesListAvg", Kind.SERIES, required=True),
        Param("seriesListWeight", Kind.SERIES, required=True),
        Param("nodes", Kind.NODE_OR_TAG, multiple=True),
    ],
    resets=True,
)
def weighted_average(context: Context, series: list[TimeSeries], weights: list[TimeSeries], *nodes: object) -> list[TimeSeries]:
    """The mean of `seriesListAvg`, in which each series counts as much as the series of `seriesListWeight` with the same `nodes`
    says.
    """
    list(pairs("weightedAverage", series, weights))
    averages = {key_of(one, nodes): one for one in series}
    weight_of = {key_of(one, nodes): one for one in weights}
    products = [_product(context, one, weight_of[key]) for key, one in averages.items() if key in weight_of]
    if not products:
        return []
    (total,), (weight,) = combine(context, products, "sum"), combine(context, weights, "sum")
    names = [",".join(sorted({one.expression for one in each})) for each in (series, weights)]
    name = f"weightedAverage({', '.join([*names, ','.join(map(str, nodes))])})"
    values = _quotient(total.values, weight.values)
    return [TimeSeries.of(name, total.start, total.stop, total.step_s, values, x_files_factor=context.x_files_factor)]


def _product(context: Context, series: TimeSeries, weight: TimeSeries) -> TimeSeries:
    """As in Graphite slots are matched by their place, whatever their steps are."""
    with np.errstate(over="ignore"):
        values = aggregation.reduce("multiply", aggregation.stack([series.values, weight.values]), 0)
    return replace(series, values=values, consolidation="average", x_files_factor=context.x_files_factor)


FUNCTIONS: Final = (as_percent, divide_series, divide_series_lists, weighted_average)

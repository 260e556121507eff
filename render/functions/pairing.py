"""Two lists of series become one, pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from ...schema.errors import QueryError
from ..context import Context
from ..function import LINEAR, NEVER, Commutes, Given, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries
from .combining import combine, commuting

_FIRST: Final = Param("seriesListFirstPos", Kind.SERIES, required=True)
_SECOND: Final = Param("seriesListSecondPos", Kind.SERIES, required=True)

_pairing: Final = partial(function, group="Combine", resets=True)


def pairs(function: str, first: list[TimeSeries], second: list[TimeSeries]) -> Iterator[tuple[TimeSeries, TimeSeries]]:
    """QueryError, which names ``function``, if one list is longer than the other."""
    if len(first) != len(second):
        raise QueryError(f"{function} wants two lists of as many series, got {len(first)} and {len(second)}")
    return zip(first, second, strict=True)


def _combined(
    context: Context, both: Iterable[tuple[TimeSeries, TimeSeries]], how: str, x_files_factor: float | None = None
) -> list[TimeSeries]:
    """Each pair is named by its series' names, not by their expressions."""
    short = how.removesuffix("Series")
    return [
        replace(combined, name=f"{short}Series({one.name},{other.name})")
        for one, other in both
        for combined in combine(context, [one, other], how, x_files_factor)
    ]


def _aggregate_commutes(given: Given) -> Commutes:
    return commuting(given["func"] or "") if given["xFilesFactor"] is None else NEVER


@_pairing(
    "aggregateSeriesLists",
    params=[_FIRST, _SECOND, Param("func", Kind.AGGREGATION, required=True), Param("xFilesFactor", Kind.FLOAT)],
    commutes=_aggregate_commutes,
)
def aggregate_series_lists(
    context: Context, first: list[TimeSeries], second: list[TimeSeries], how: str, x_files_factor: float | None
) -> list[TimeSeries]:
    """Combines the first series of both lists by the aggregation `func`, the second of both, and so on. With an `xFilesFactor`
    above 0.5 a gap in one of the two makes a gap.
    """
    return _combined(context, pairs("aggregateSeriesLists", first, second), how, x_files_factor)


@_pairing("sumSeriesLists", params=[_FIRST, _SECOND], commutes=LINEAR)
def sum_series_lists(context: Context, first: list[TimeSeries], second: list[TimeSeries]) -> list[TimeSeries]:
    """Adds the first series of both lists, the second of both, and so on."""
    return _combined(context, pairs("sumSeriesLists", first, second), "sum")


@_pairing("diffSeriesLists", params=[_FIRST, _SECOND], commutes=LINEAR)
def diff_series_lists(context: Context, first: list[TimeSeries], second: list[TimeSeries]) -> list[TimeSeries]:
    """Subtracts the first series of the second list from the first of the first list, the second from the second, and so on."""
    return _combined(context, pairs("diffSeriesLists", first, second), "diff")


@_pairing("multiplySeriesLists", params=[_FIRST, _SECOND])
def multiply_series_lists(context: Context, first: list[TimeSeries], second: list[TimeSeries]) -> list[TimeSeries]:
    """Multiplies the first series of both lists, the second of both, and so on."""
    return _combined(context, pairs("multiplySeriesLists", first, second), "multiply")


FUNCTIONS: Final = (aggregate_series_lists, diff_series_lists, multiply_series_lists, sum_series_lists)

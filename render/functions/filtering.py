"""Some series out of many: by their values or by their names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

from ...schema import regex
from .. import aggregation
from ..context import Context
from ..function import ALWAYS, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_LISTS: Final = Param("seriesLists", Kind.SERIES, required=True, multiple=True)
_LEVEL: Final = Param("n", Kind.FLOAT, required=True)
_PATTERN: Final = Param("pattern", Kind.STRING, required=True)
_GROUP: Final = "Filter Series"


# What holds for a NaN is what is said of a series without a value: that it is less than every number.
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": lambda value, level: not value >= level,
    "<=": lambda value, level: not value > level,
}


def _filtered(series: list[TimeSeries], how: str, sign: str, level: float) -> list[TimeSeries]:
    holds = _COMPARISONS[sign]
    return [one for one in series if holds(aggregation.of_all(how, one.values), level)]


@function(
    "filterSeries",
    group=_GROUP,
    params=[
        _SERIES,
        Param("func", Kind.AGGREGATION, required=True),
        Param("operator", Kind.STRING, required=True, options=tuple(sorted(_COMPARISONS))),
        Param("threshold", Kind.FLOAT, required=True),
    ],
)
def filter_series(_: Context, series: list[TimeSeries], how: str, sign: str, level: float) -> list[TimeSeries]:
    """Series of which the aggregation `func` stands to `threshold` as `operator` says, such as `'max', '>', 1000`. A series
    without values counts as less than every number."""
    return _filtered(series, how, sign, level)


@function("averageAbove", group=_GROUP, params=[_SERIES, _LEVEL])
def average_above(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with an average above `n`."""
    return _filtered(series, "average", ">", level)


@function("averageBelow", group=_GROUP, params=[_SERIES, _LEVEL])
def average_below(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with an average of at most `n`, or without values."""
    return _filtered(series, "average", "<=", level)


@function("currentAbove", group=_GROUP, params=[_SERIES, _LEVEL])
def current_above(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with a last value above `n`."""
    return _filtered(series, "last", ">", level)


@function("currentBelow", group=_GROUP, params=[_SERIES, _LEVEL])
def current_below(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with a last value of at most `n`, or without values."""
    return _filtered(series, "last", "<=", level)


@function("maximumAbove", group=_GROUP, params=[_SERIES, _LEVEL])
def maximum_above(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with a maximum above `n`."""
    return _filtered(series, "max", ">", level)


@function("maximumBelow", group=_GROUP, params=[_SERIES, _LEVEL])
def maximum_below(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with a maximum of at most `n`, or without values."""
    return _filtered(series, "max", "<=", level)


@function("minimumAbove", group=_GROUP, params=[_SERIES, _LEVEL])
def minimum_above(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with a minimum above `n`."""
    return _filtered(series, "min", ">", level)


@function("minimumBelow", group=_GROUP, params=[_SERIES, _LEVEL])
def minimum_below(_: Context, series: list[TimeSeries], level: float) -> list[TimeSeries]:
    """Series with a minimum of at most `n`, or without values."""
    return _filtered(series, "min", "<=", level)


@function("removeEmptySeries", group=_GROUP, params=[_SERIES, Param("xFilesFactor", Kind.FLOAT)])
def remove_empty_series(_: Context, series: list[TimeSeries], share: float | None) -> list[TimeSeries]:
    """Series with values: at least one, and a share of `xFilesFactor` of all slots."""
    return [one for one in series if aggregation.enough(aggregation.filled(one.values), len(one.values), share or 0.0)]


@function(
    "useSeriesAbove",
    group=_GROUP,
    params=[
        _SERIES,
        Param("value", Kind.FLOAT, required=True),
        Param("search", Kind.STRING, required=True),
        Param("replace", Kind.STRING, required=True),
    ],
    keeps_step=False,
)
def use_series_above(context: Context, series: list[TimeSeries], level: float, search: str, new: str) -> list[TimeSeries]:
    r"""Instead of each series with a maximum above `value` the one whose target is its name, in which the regular expression
    `search` is replaced by `replace`."""
    pattern = regex.compile(search)
    targets = [pattern.sub(new, one.name) for one in _filtered(series, "max", ">", level)]
    return [one for found in context.targets(targets) for one in found if len(one.values)]


@function("grep", group=_GROUP, params=[_SERIES, _PATTERN], commutes=ALWAYS)
def grep(_: Context, series: list[TimeSeries], pattern: str) -> list[TimeSeries]:
    """Series in whose name the regular expression `pattern` matches."""
    matching = regex.compile(pattern)
    return [one for one in series if matching.search(one.name)]


@function("exclude", group=_GROUP, params=[_SERIES, _PATTERN], commutes=ALWAYS)
def exclude(_: Context, series: list[TimeSeries], pattern: str) -> list[TimeSeries]:
    """Series in whose name the regular expression `pattern` does not match."""
    matching = regex.compile(pattern)
    return [one for one in series if not matching.search(one.name)]


@function("limit", group=_GROUP, params=[_SERIES, Param("n", Kind.INTEGER, required=True)], commutes=ALWAYS)
def limit(_: Context, series: list[TimeSeries], n: int) -> list[TimeSeries]:
    """The first `n` series."""
    return series[:n]


@function("unique", group=_GROUP, params=[_LISTS], commutes=ALWAYS)
def unique(_: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """All series, but of those of one name the first alone."""
    named: dict[str, TimeSeries] = {}
    for series in lists:
        for one in series:
            named.setdefault(one.name, one)
    return list(named.values())


@function(
    "fallbackSeries",
    group="Special",
    params=[_SERIES, Param("fallback", Kind.SERIES, required=True)],
    commutes=ALWAYS,
)
def fallback_series(_: Context, series: list[TimeSeries], fallback: list[TimeSeries]) -> list[TimeSeries]:
    """The series of the first list or, if there are none, those of `fallback`."""
    return series or fallback


FUNCTIONS: Final = (
    filter_series,
    average_above,
    average_below,
    current_above,
    current_below,
    maximum_above,
    maximum_below,
    minimum_above,
    minimum_below,
    remove_empty_series,
    use_series_above,
    grep,
    exclude,
    limit,
    unique,
    fallback_series,
)

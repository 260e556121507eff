"""What a value makes of those before it: differences, sums, delays."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from ...schema.times import parse_offset
from ..context import Context
from ..function import function
from ..parameters import Kind, Param
from ..rounding import rounded
from ..time_series import TimeSeries
from .results import derived, each

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_BOUNDS: Final = (Param("maxValue", Kind.FLOAT), Param("minValue", Kind.FLOAT))
_RATE_DIGITS: Final = 6


@function("derivative", group="Transform", params=[_SERIES])
def derivative(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """How much each value is more than the one before it."""
    return [derived(one, f"derivative({one.name})", {"derivative": 1}, values=_differences(one.values)) for one in series]


@function("nonNegativeDerivative", group="Transform", params=[_SERIES, *_BOUNDS])
def non_negative_derivative(
    _: Context, series: list[TimeSeries], highest: float | None, lowest: float | None
) -> list[TimeSeries]:
    """How much a counter grew since the value before. Where it fell, `maxValue` says at which value it began anew, and
    `minValue` with which; without them there is a gap. Values beyond them are left out."""
    name = "nonNegativeDerivative"
    return [derived(one, f"{name}({one.name})", {name: 1}, values=_growth(one.values, highest, lowest)) for one in series]


@function("perSecond", group="Transform", params=[_SERIES, *_BOUNDS])
def per_second(_: Context, series: list[TimeSeries], highest: float | None, lowest: float | None) -> list[TimeSeries]:
    """How much a counter grew in a second, since the value before. `maxValue` and `minValue` are those of
    nonNegativeDerivative."""
    return [
        derived(one, f"perSecond({one.name})", {"perSecond": 1}, values=_rate(one.values, one.step_s, highest, lowest))
        for one in series
    ]


def _differences(values: Floats) -> Floats:
    result = np.empty_like(values)
    result[:1] = np.nan
    with np.errstate(over="ignore", invalid="ignore"):
        np.subtract(values[1:], values[:-1], out=result[1:])
    return result


def _rate(values: Floats, step_s: int, highest: float | None, lowest: float | None) -> Floats:
    growth = _growth(values, highest, lowest)
    growth /= step_s
    return rounded(growth, _RATE_DIGITS)


def _growth(values: Floats, highest: float | None, lowest: float | None) -> Floats:
    """A new array of the differences, in which those below 0 are made up for where that can be, and else gaps."""
    if highest is None and lowest is None:
        return _without_negatives(_differences(values))
    sound = _between(values, highest, lowest)
    growth = _differences(sound)
    fallen = np.flatnonzero(growth < 0)
    growth[fallen] = _wrapped(sound[fallen], sound[fallen - 1], highest, lowest)
    return growth


def _without_negatives(values: Floats) -> Floats:
    """The same array, in a quarter of the time that a mask takes: a number with all of its bits set is NaN."""
    values += 0.0  # a negative zero is none of them
    bits = values.view(np.int64)
    bits |= bits >> 63
    return values


def _between(values: Floats, highest: float | None, lowest: float | None) -> Floats:
    beyond = np.zeros(len(values), np.bool_)
    if highest is not None:
        beyond |= values > highest
    if lowest is not None:
        beyond |= values < lowest
    return np.where(beyond, np.nan, values)


def _wrapped(values: Floats, before: Floats, highest: float | None, lowest: float | None) -> Floats:
    """The growth of a counter that went on at ``lowest`` once it had passed ``highest``; if that is not known, since then."""
    if highest is None:
        return values - (lowest or 0.0)
    return highest + 1 + values - before - (lowest or 0.0)


@function("integral", group="Transform", params=[_SERIES])
def integral(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """The sum of all values up to each."""
    return [derived(one, f"integral({one.name})", {"integral": 1}, values=_running_sum(one.values)) for one in series]


def _running_sum(values: Floats) -> Floats:
    gaps = np.isnan(values)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.cumsum(np.where(gaps, 0.0, values))
    total[gaps] = np.nan
    return total


@function("integralByInterval", group="Transform", params=[_SERIES, Param("intervalUnit", Kind.STRING, required=True)])
def integral_by_interval(context: Context, series: list[TimeSeries], interval: str) -> list[TimeSeries]:
    """The sum of all values up to each, begun anew after every `intervalUnit` of the graph, such as 1d."""
    interval_s = abs(parse_offset(interval))
    if interval_s == 0:
        raise QueryError(f"integralByInterval: intervalUnit={interval!r} is not longer than 0 seconds")
    tags = {"integralByInterval": interval}
    return [
        derived(one, f"integralByInterval({one.name},'{interval}')", tags, values=_sums(one, context.after, interval_s))
        for one in series
    ]


def _sums(series: TimeSeries, origin: int, interval_s: int) -> Floats:
    """Each interval is a row of its own, so that what came before it does not blur its sums."""
    times = series.start - origin + np.arange(len(series.values)) * series.step_s
    begins = times // interval_s != (times - series.step_s) // interval_s
    begins[:1] = True
    first = np.flatnonzero(begins)
    row = np.cumsum(begins) - 1
    column = np.arange(len(times)) - first[row]
    table = np.zeros((len(first), int(column.max(initial=0)) + 1))
    table[row, column] = np.nan_to_num(series.values, nan=0.0, posinf=np.inf, neginf=-np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.cumsum(table, axis=1)[row, column])


@function("delay", group="Transform", params=[_SERIES, Param("steps", Kind.INTEGER, required=True)])
def delay(_: Context, series: list[TimeSeries], steps: int) -> list[TimeSeries]:
    """Moves every value `steps` slots later, or earlier if that is negative. What moves out of the graph is lost."""
    return [derived(one, f"delay({one.name},{steps})", {"delay": steps}, values=_moved(one.values, steps)) for one in series]


def _moved(values: Floats, steps: int) -> Floats:
    moved = np.full_like(values, np.nan)
    if steps >= 0:
        moved[steps:] = values[: max(0, len(values) - steps)]
    else:
        moved[:steps] = values[-steps:]
    return moved


@function("changed", group="Special", params=[_SERIES])
def changed(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """1 where a value differs from the one before it, gaps passed over, and 0 everywhere else."""
    return each(series, "changed", _changes)


def _changes(values: Floats) -> Floats:
    there = np.flatnonzero(~np.isnan(values))
    known = values[there]
    result = np.zeros(len(values))
    result[there[1:]] = known[1:] != known[:-1]
    return result


FUNCTIONS: Final = (
    changed,
    delay,
    derivative,
    integral,
    integral_by_interval,
    non_negative_derivative,
    per_second,
)

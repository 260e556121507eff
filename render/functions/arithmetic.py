"""Every value by itself becomes another one."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from .. import aggregation
from ..context import Context
from ..function import ALWAYS, LINEAR, MONOTONE, SHIFTED, Commutes, Given, function
from ..parameters import Kind, Param
from ..rounding import rounded
from ..time_series import TimeSeries
from .results import each, edited

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_FACTOR: Final = Param("factor", Kind.FLOAT, required=True)
_TURNED: Final[Commutes] = {**LINEAR, "max": "min", "min": "max"}
_MOST_DIGITS: Final = 100_000  # far more than a double has
_RATE_DIGITS: Final = 6  # what Graphite leaves of rates


@function("absolute", group="Transform", params=[_SERIES])
def absolute(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Values without their sign."""
    return each(series, "absolute", np.abs, absolute=1)


@function("add", group="Transform", params=[_SERIES, Param("constant", Kind.FLOAT, required=True)], commutes=SHIFTED)
def add(_: Context, series: list[TimeSeries], constant: float) -> list[TimeSeries]:
    """Adds `constant` to every value."""
    return each(series, "add", lambda values: values + constant, f",{_cut('add', 'constant', constant)}", add=constant)


@function("offset", group="Transform", params=[_SERIES, _FACTOR], commutes=SHIFTED)
def offset(_: Context, series: list[TimeSeries], factor: float) -> list[TimeSeries]:
    """Adds `factor` to every value."""
    return each(series, "offset", lambda values: values + factor, f",{factor:g}", offset=factor)


def _scaled(given: Given) -> Commutes:
    factor = given["factor"]
    if factor is None:
        return LINEAR
    return ALWAYS if factor >= 0 else _TURNED


@function("scale", group="Transform", params=[_SERIES, _FACTOR], commutes=_scaled)
def scale(_: Context, series: list[TimeSeries], factor: float) -> list[TimeSeries]:
    """Multiplies every value by `factor`."""
    return each(series, "scale", lambda values: values * factor, f",{factor:g}", scale=factor)


@function("scaleToSeconds", group="Transform", params=[_SERIES, Param("seconds", Kind.FLOAT, required=True)])
def scale_to_seconds(_: Context, series: list[TimeSeries], seconds: float) -> list[TimeSeries]:
    """Takes values as amounts for one step of their series, and gives amounts for `seconds`."""
    arguments = f",{_cut('scaleToSeconds', 'seconds', seconds)}"
    tags = {"scaleToSeconds": seconds}
    return [
        edited(one, f"scaleToSeconds({one.name}{arguments})", tags, values=_per(seconds / one.step_s, one.values))
        for one in series
    ]


def _per(factor: float, values: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return rounded(values * factor, _RATE_DIGITS)


@function("invert", group="Transform", params=[_SERIES])
def invert(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """One divided by every value. Zeros become gaps."""
    return each(series, "invert", lambda values: _power(values, -1.0), invert=1)


@function("pow", group="Transform", params=[_SERIES, _FACTOR])
def power(_: Context, series: list[TimeSeries], factor: float) -> list[TimeSeries]:
    """Raises every value to the power of `factor`. A result that is no number becomes a gap."""
    return each(series, "pow", lambda values: _power(values, factor), f",{factor:g}", pow=factor)


@function("squareRoot", group="Transform", params=[_SERIES])
def square_root(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """The square root of every value. Negative values become gaps."""
    return each(series, "squareRoot", lambda values: _power(values, 0.5), squareRoot=1)


def _power(values: Floats, exponent: float) -> Floats:
    """A gap for what overflows, too."""
    result = np.power(values, exponent)
    overflowed = np.isinf(result) & np.isfinite(values) & math.isfinite(exponent)
    result[overflowed | np.isnan(values)] = np.nan
    return result


@function("exp", group="Transform", params=[_SERIES], commutes=MONOTONE)
def exponential(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Raises e to the power of every value."""
    return each(series, "exp", np.exp, exp="e")


@function("sigmoid", group="Transform", params=[_SERIES], commutes=MONOTONE)
def sigmoid(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Brings every value x between 0 and 1 by the logistic function 1 / (1 + exp(-x))."""
    return each(series, "sigmoid", lambda values: 1 / (1 + np.exp(-values)), sigmoid="sigmoid")


@function("logit", group="Transform", params=[_SERIES])
def logit(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """The logarithm of the odds x / (1 - x) of every value x between 0 and 1. All other values become gaps."""
    return each(series, "logit", lambda values: _logarithm(np.where(values < 1, values / (1 - values), np.nan)), logit="logit")


def _base(value: Any) -> float:
    """Fractions are bases, too, although the function says that it takes an integer."""
    return value if isinstance(value, float) else int(value)


@function("log", group="Transform", params=[_SERIES, Param("base", Kind.INTEGER, default=10, takes=_base)])
def logarithm(_: Context, series: list[TimeSeries], base: float) -> list[TimeSeries]:
    """The logarithm of every value to `base`. Zeros and negative values become gaps."""
    if base <= 0 or base == 1:
        raise QueryError(f"log: base={base} has no logarithms; want a positive number other than 1")
    return each(series, "log", lambda values: _logarithm(values) / math.log(base), f", {base}", log=base)


def _logarithm(values: Floats) -> Floats:
    return np.log(np.where(values > 0, values, np.nan))


@function("round", group="Transform", params=[_SERIES, Param("precision", Kind.INTEGER, listed_default=0)], commutes=MONOTONE)
def round_off(_: Context, series: list[TimeSeries], precision: int | None) -> list[TimeSeries]:
    """Rounds every value to `precision` digits after the point, or before it if that is negative."""
    digits = precision or 0
    if abs(digits) > _MOST_DIGITS:
        raise QueryError(f"round: precision={digits} is not within {_MOST_DIGITS} digits of the point")
    arguments = "" if precision is None else f",{precision:g}"
    return each(series, "round", lambda values: rounded(values, digits), arguments, round=digits)


@function("offsetToZero", group="Transform", params=[_SERIES])
def offset_to_zero(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Moves every series so that its smallest value is 0."""
    return [_moved_to_zero(one) for one in series]


def _moved_to_zero(series: TimeSeries) -> TimeSeries:
    lowest = aggregation.of_all("min", series.values)
    tag = None if math.isnan(lowest) else lowest
    return edited(series, f"offsetToZero({series.name})", {"offsetToZero": tag}, values=series.values - lowest)


@function("minMax", group="Transform", params=[_SERIES])
def min_max(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Brings every series between 0, its smallest value, and 1, its greatest. One that is level is 0."""
    return each(series, "minMax", _normalized)


def _normalized(values: Floats) -> Floats:
    lowest, highest = (aggregation.of_all(how, values) for how in ("min", "max"))
    above = values - lowest
    return above / (highest - lowest) if lowest < highest else above


def _cut(function: str, parameter: str, value: float) -> int:
    """What names show of ``value``."""
    if not math.isfinite(value):
        raise QueryError(f"{function}: {parameter}={value} is not finite")
    return int(value)


FUNCTIONS: Final = (
    absolute,
    add,
    exponential,
    invert,
    logarithm,
    logit,
    min_max,
    offset,
    offset_to_zero,
    power,
    round_off,
    scale,
    scale_to_seconds,
    sigmoid,
    square_root,
)

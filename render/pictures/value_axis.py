"""The axis of values: where it begins and ends, its labels, and where a value lies on it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...schema.grid import Floats
from .options import Options, Side

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

_UNITS: Final = {
    "si": (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)),
    "binary": (("Pi", 2.0**50), ("Ti", 2.0**40), ("Gi", 2.0**30), ("Mi", 2.0**20), ("Ki", 2.0**10)),
    "sec": (("Y", 365 * _DAY), ("M", 30 * _DAY), ("D", _DAY), ("H", _HOUR), ("m", _MINUTE)),
    "msec": (("Y", 365e3 * _DAY), ("M", 30e3 * _DAY), ("D", 1e3 * _DAY), ("H", 1e3 * _HOUR), ("m", 6e4), ("s", 1e3)),
    "none": (),
}

# A step may be smaller than needed by so much of itself, for floats are not exact.
_SLACK = 1e-4

# Beyond this a sum of two values may not be finite.
_HUGE = 1e300

_MOST_LABELS = 30


@dataclass(frozen=True, slots=True)
class ValueAxis:
    """``labels`` are (value, text), from low to high. ``log_base``: None for an even scale."""

    bottom: float
    top: float
    labels: tuple[tuple[float, str], ...]
    log_base: float | None = None

    def shares(self, values: Floats) -> Floats:
        """0 at the bottom, 1 at the top; NaN for what has no place."""
        if self.log_base is None:
            return np.clip((values - self.bottom) / (self.top - self.bottom), -100, 100)
        positive = np.log(np.where(values > 0, values, np.nan))
        return np.clip((positive - math.log(self.bottom)) / (math.log(self.top) - math.log(self.bottom)), -100, 100)

    def share(self, value: float) -> float:
        """Of one value; 0 for what has no place."""
        return float(np.nan_to_num(self.shares(np.array([value])))[0])


def value_axis(values: Limits, options: Options, side: Side) -> ValueAxis:
    """The axis for values within these limits, as ``side`` wants it."""
    if options.log_base:
        return _log_axis(*_wanted(max(values.least_positive, 1e-300), values.most, side), options)
    least, most = _wanted(values.least, values.most, side)
    step = _step(least, most, options)
    if side.step and 1 <= (most - least) / side.step <= _MOST_LABELS:
        step = side.step
    bottom = least if side.least is not None else step * math.floor(least / step + _SLACK)
    top = most if side.most is not None or most == side.limit else step * math.ceil(most / step - _SLACK)
    if side.limit is not None:
        top = max(min(top, side.limit), bottom + step)
    return ValueAxis(bottom, top, tuple(_labels(bottom, top, step, options)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the values that are drawn."""

    least: float = 0.0
    most: float = 1.0
    least_positive: float = 1.0

    @classmethod
    def of(cls, values: Floats, sums: Floats) -> Limits:
        """``sums``: how high they reach where they are on top of one another."""
        finite = values[np.isfinite(values)]
        if not len(finite):
            return cls()
        reached = sums[np.isfinite(sums)]
        positive = finite[finite > 0]
        return cls(
            _bounded(finite.min()),
            _bounded(reached.max() if len(reached) else finite.max()),
            _bounded(positive.min()) if len(positive) else 1.0,
        )


def _bounded(value: float) -> float:
    return max(-_HUGE, min(float(value), _HUGE))


def _wanted(least: float, most: float, side: Side) -> tuple[float, float]:
    """What of it ``side`` wants to see, with some room between."""
    least = least if side.least is None else side.least
    most = most if side.most is None else side.most
    if side.limit is not None:
        most = min(most, side.limit)
    reach = max(abs(least), abs(most))
    if most - least > 1e-12 * reach + 1e-290:
        return least, most
    room = 0.1 * reach if reach > 1e-9 else 1.0
    if side.least is not None:
        return least, least + room
    if side.most is not None or side.limit is not None:
        return most - room, most
    return (least + most) / 2 - room, (least + most) / 2 + room


def _step(least: float, most: float, options: Options) -> float:
    """The round one of which a fitting number reaches from ``least`` to ``most`` with the least room left over."""
    spread, divisors = most - least, options.divisors
    best = math.inf, spread
    for step in _round_steps(spread / max(divisors), options.units):
        if step * min(divisors) >= 2 * best[0] + spread:
            break
        bottom = step * math.floor(least / step + _SLACK)
        tops = (bottom + step * divisor for divisor in divisors)
        rooms = [(max(top - most, least - bottom), step) for top in tops if top >= most - _SLACK * step]
        best = min([best, *rooms], key=lambda room: room[0])
    return best[1]


def _round_steps(least: float, units: str) -> Iterator[float]:
    """Round numbers from ``least`` up."""
    base, mantissas = (2.0, (1,)) if units == "binary" else (10.0, (1, 2, 5))
    first = math.floor(math.log(least, base) - _SLACK)
    for exponent in itertools.count(first):
        yield from (mantissa * base**exponent for mantissa in mantissas if mantissa * base**exponent >= least * (1 - _SLACK))


def _labels(bottom: float, top: float, step: float, options: Options) -> Iterator[tuple[float, str]]:
    first = math.ceil(bottom / step - _SLACK)
    for number in range(first, first + _MOST_LABELS + 1):
        value = number * step
        if value > top + _SLACK * step:
            return
        yield value, _text(value, top - bottom, step, options.units)


def _text(value: float, span: float, step: float, units: str) -> str:
    """Fewer digits the wider the axis is."""
    scaled, unit = _scaled(value, step, units)
    across, span_unit = _scaled(span, step, units)
    size = abs(scaled)
    if size < 0.1:
        number = f"{scaled:g}"
    elif size < 1:
        number = f"{scaled:.2f}"
    elif across > 3 or unit != span_unit:
        number = f"{scaled:.1f}"
    else:
        number = f"{scaled:.2f}" if across > 0.1 else f"{scaled:g}"
    return f"{number} {unit}".rstrip()


def _scaled(value: float, step: float, units: str) -> tuple[float, str]:
    return next(((value / size, unit) for unit, size in _UNITS[units] if abs(value) >= size and step >= size), (value, ""))


def _log_axis(least: float, most: float, options: Options) -> ValueAxis:
    """From power to power of the base."""
    base = options.log_base or 10.0
    least = max(least, 1e-300)
    most = max(most, least)
    first = math.floor(math.log(least, base) + _SLACK)
    last = max(math.ceil(math.log(most, base) - _SLACK), first + 1)
    every = -(-(last - first) // _MOST_LABELS)
    powers = [base**exponent for exponent in range(first, last + 1, every)]
    return ValueAxis(
        max(base**first, 1e-307),
        base**last,
        tuple((power, _text(power, math.inf, math.inf, options.units)) for power in powers),
        base,
    )

"""Python's ``round`` over arrays: the double nearest to the decimal that is nearest to a value, of two such to the even one."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..schema.grid import Floats

_SPLITTER: Final = 2.0**27 + 1  # cuts a double into two halves of 26 bits (Dekker, 1971)
_MOST_DIGITS: Final = 308


def rounded(values: Floats, digits: int) -> Floats:
    """``values`` to ``digits`` after the point, before it if negative. Exactly as Python's up to 22 of them: powers of ten
    beyond are no doubles. What would overflow stays as it is."""
    if digits > _MOST_DIGITS:
        return values
    if digits < -_MOST_DIGITS:
        return values * 0.0
    power = 10.0 ** abs(digits)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * power if digits >= 0 else values / power
        result = np.rint(scaled)
        ties = np.abs(scaled - result) == 0.5
        if ties.any():
            result[ties] = _decided(result[ties], scaled[ties], _beyond(values[ties], scaled[ties], power, digits))
        (np.divide if digits >= 0 else np.multiply)(result, power, out=result)
        overflowed = np.isinf(result)
        if overflowed.any():
            np.copyto(result, values, where=overflowed)
    return result


def _decided(whole: Floats, scaled: Floats, beyond: Floats) -> Floats:
    """What seems to lie halfway belongs to the side where the exact value is; ``whole`` if it does lie halfway."""
    return np.where(beyond > 0, np.ceil(scaled), np.where(beyond < 0, np.floor(scaled), whole))


def _beyond(values: Floats, scaled: Floats, power: float, digits: int) -> Floats:
    """Of the sign that the exact scaled value less ``scaled`` has."""
    if digits >= 0:
        return _rest(values, power, scaled)
    return -_rest(scaled, power, values)


def _rest(values: Floats, factor: float, product: Floats) -> Floats:
    """The exact ``values * factor`` less ``product``, which is about as much."""
    high, low = _halves(values)
    factor_high, factor_low = _halves(np.float64(factor))
    return ((high * factor_high - product) + high * factor_low + low * factor_high) + low * factor_low


def _halves(values: Floats | np.float64) -> tuple[Floats, Floats]:
    shifted = values * _SPLITTER
    high = np.asarray(shifted - (shifted - values))
    return high, np.asarray(values - high)

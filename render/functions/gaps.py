"""Gaps filled, and closed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...schema.grid import Floats
from ..context import Context
from ..function import function
from ..intervals import summarized
from ..parameters import Kind, Param
from ..time_series import Style, TimeSeries
from .results import each, edited

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_LIMIT: Final = Param("limit", Kind.INT_OR_INF, default=math.inf, takes=float)


@function("keepLastValue", group="Transform", params=[_SERIES, _LIMIT])
def keep_last_value(_: Context, series: list[TimeSeries], limit: float) -> list[TimeSeries]:
    """Fills gaps with the last value before them. Gaps of more than `limit` slots are left as they are."""
    return each(series, "keepLastValue", lambda values: _kept(values, limit))


def _kept(values: Floats, limit: float) -> Floats:
    known = np.flatnonzero(~np.isnan(values))
    slots = np.diff(known, append=len(values))
    return _filled(values, known, slots, np.repeat(values[known], slots), limit)


@function("interpolate", group="Transform", params=[_SERIES, _LIMIT])
def interpolate(_: Context, series: list[TimeSeries], limit: float) -> list[TimeSeries]:
    """Fills gaps by a straight line between the values on either side. Gaps of more than `limit` slots, and those at the ends,
    are left as they are."""
    return each(series, "interpolate", lambda values: _interpolated(values, limit))


def _interpolated(values: Floats, limit: float) -> Floats:
    known = np.flatnonzero(~np.isnan(values))
    slots = np.diff(known)
    left, right = (np.repeat(values[at], slots) for at in (known[:-1], known[1:]))
    place = np.arange(len(left)) - np.repeat(known[:-1] - known[:1], slots)
    return _filled(values, known, slots, left + place * (right - left) / np.repeat(slots, slots), limit)


def _filled(values: Floats, known: NDArray[np.int64], slots: NDArray[np.int64], fills: Floats, limit: float) -> Floats:
    """``fills`` for the gaps of at most ``limit`` slots: they begin at the first of ``known``, each of which stands at the
    beginning of that many ``slots``."""
    result = values.copy()
    first = int(known[0]) if len(known) else 0
    part = result[first : first + len(fills)]
    np.copyto(part, fills, where=np.isnan(part) & np.repeat(slots - 1 <= limit, slots))
    return result


@function(
    "transformNull",
    group="Transform",
    params=[_SERIES, Param("default", Kind.FLOAT, default=0), Param("referenceSeries", Kind.SERIES)],
)
def transform_null(_: Context, series: list[TimeSeries], default: float, references: list[TimeSeries] | None) -> list[TimeSeries]:
    """Fills gaps with `default`; with `referenceSeries` only where one of these has a value."""
    if not references:
        return each(series, "transformNull", lambda values: _defaulted(values, default), f",{default:g}", transformNull=default)
    known = _known(references)
    arguments = f",{default:g},referenceSeries"
    tags = {"transformNull": default, "referenceSeries": 1}
    return each(series, "transformNull", lambda values: _defaulted(values, default, known), arguments, **tags)


def _defaulted(values: Floats, default: float, known: NDArray[np.bool_] | None = None) -> Floats:
    """``known``: in which slots, from the first on."""
    result = values.copy()
    part = result if known is None else result[: len(known)]
    gaps = np.isnan(part)
    part[gaps if known is None else gaps & known[: len(part)]] = default
    return result


def _known(series: Sequence[TimeSeries]) -> NDArray[np.bool_]:
    """In which slots one of ``series`` has a value."""
    known = np.zeros(max(len(one.values) for one in series), np.bool_)
    for one in series:
        known[: len(one.values)] |= ~np.isnan(one.values)
    return known


@function("compressPeriodicGaps", group="Transform", params=[_SERIES], keeps_step=False)
def compress_periodic_gaps(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Gives a series that has a value only in every n-th slot a step of n slots. n is guessed by the first three values that are
    not 0; a series without such an n stays as it is."""
    return [_compressed(edited(one, f"compressPeriodicGaps({one.name})", {})) for one in series]


def _compressed(series: TimeSeries) -> TimeSeries:
    first, slots = _period(series.values)
    if slots is None:
        return series
    start, step_s = (series.start + first * series.step_s, slots * series.step_s)
    values = summarized(series, "last", step_s, start, series.stop)
    stop = start + step_s * (len(values) - 1)
    return edited(series, series.name, {}, start=start, stop=stop, step_s=step_s, values=values, style=Style())


def _period(values: Floats) -> tuple[int, int | None]:
    """Where the first value stands and how many slots later the next one does, None if that is not how they go on. As in Graphite
    the value of the very first slot does not count."""
    seen = np.flatnonzero(~np.isnan(values) & (values != 0))
    first, second = (int(at) for at in (*seen[seen > 0][:2], 0, 0)[:2])
    third = 2 * second - first
    if second - first < 2 or third > len(values) - 2:
        return first, None
    alone = third in seen and bool(np.isnan(values[[third - 1, third + 1]]).all())
    return first, second - first if alone else None


FUNCTIONS: Final = (compress_periodic_gaps, interpolate, keep_last_value, transform_null)

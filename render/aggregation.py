"""Several values become one: Graphite's aggregations, where NaN is a gap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..schema.errors import QueryError
from ..schema.grid import Counts, Floats

Columns: TypeAlias = "Sequence[Floats]"

# Cells that are worked on at once, 8 MB: a copy of all would be as large as all that was read, shorter rows cost more each.
_BLOCK_CELLS: Final = 1 << 20

_ALIASES: Final = {"rangeOf": "range", "avg": "average", "total": "sum", "current": "last"}


def canonical(name: str) -> str:
    """The aggregation that ``name`` means: ``avg`` is ``average``, and ``sumSeries`` is ``sum``. QueryError if it is none."""
    short = name.removesuffix("Series")
    if short not in NAMES:
        raise QueryError(f"{name[:200]!r} is not an aggregation; want one of {', '.join(NAMES)}")
    return _ALIASES.get(short, short)


def reduce(name: str, values: Floats, axis: int = -1) -> Floats:
    """``values`` without its ``axis``. Where all is a gap the result is one; ``count`` and ``avg_zero`` are 0 there.

    ``name`` is any that ``canonical`` knows, or ``first``."""
    with np.errstate(all="ignore"):
        return _AGGREGATIONS[name if name in _AGGREGATIONS else canonical(name)](values, axis)


def of_all(name: str, values: Floats) -> float:
    """The aggregation of all ``values``; NaN if there are none, but for ``count``."""
    if not len(values):
        return 0.0 if canonical(name) == "count" else math.nan
    return float(reduce(name, values))


def across(name: str, columns: Columns, x_files_factor: float = 0.0) -> Floats:
    """Slot i of the result is the aggregation of slot i of each of ``columns``, of which a share of ``x_files_factor`` must be
    filled. Shorter ones count as gaps beyond their end."""
    known = canonical(name)
    there = _filled_across(columns)
    with np.errstate(all="ignore"):
        result = _FOLDS[known](columns, there) if known in _FOLDS else by_blocks(columns, _AGGREGATIONS[known])
    return np.where(enough(there, len(columns), x_files_factor), result, np.nan)


def by_blocks(columns: Columns, aggregate: Callable[[Floats, int], Floats]) -> Floats:
    """What ``aggregate`` makes along axis 0 of the array that has ``columns`` as its rows; it is given some slots at a time."""
    result = np.empty(max(map(len, columns)))
    width = max(1, _BLOCK_CELLS // len(columns))
    for first in range(0, len(result), width):
        result[first : first + width] = aggregate(stack([one[first : first + width] for one in columns]), 0)
    return result


def stack(columns: Columns) -> Floats:
    """A new array with ``columns`` as its rows; gaps fill those that are shorter."""
    rows = np.empty((len(columns), max(map(len, columns))))
    for row, values in zip(rows, columns, strict=True):
        row[: len(values)] = values
        row[len(values) :] = np.nan
    return rows


def percentile(values: Floats, percent: float, axis: int = -1, *, interpolate: bool = False) -> Floats:
    """The value at or above the rank ``percent`` / 100 * (n + 1) of the n that are filled; with ``interpolate`` what lies
    between its neighbours. ``percent`` is above 0 and at most 100."""
    ordered = np.sort(values, axis)  # gaps come last
    there = filled(values, axis)
    rank = percent / 100.0 * (there + 1)
    last = np.maximum(there - 1, 0)
    low = np.clip(np.floor(rank).astype(np.int64) - 1, 0, last)
    if not interpolate:
        return _take(ordered, np.clip(np.ceil(rank).astype(np.int64) - 1, 0, last), axis)
    high = np.clip(np.floor(rank).astype(np.int64), 0, last)
    below = _take(ordered, low, axis)
    return np.asarray(below + (rank - np.floor(rank)) * (_take(ordered, high, axis) - below))


def filled(values: Floats, axis: int = -1) -> Counts:
    """How many along ``axis`` are no gaps."""
    gaps = np.isnan(values)
    lacking = gaps.sum(axis) if gaps.any() else np.zeros(_without(values.shape, axis), np.int64)
    return np.asarray(values.shape[axis] - lacking)


def enough(there: Counts, total: float | Counts, x_files_factor: float | Floats) -> NDArray[np.bool_]:
    """Whether ``there`` of ``total`` values, and at least one, are a share of ``x_files_factor``."""
    share = there / np.maximum(total, 1)
    return np.asarray((there > 0) & (share >= x_files_factor))


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    kept = list(shape)
    del kept[axis]
    return tuple(kept)


def _sum(values: Floats, axis: int) -> Floats:
    total = values.sum(axis)
    if not np.isnan(total).any():
        return np.asarray(total)  # Fast path: no gap in it.
    gaps = np.isnan(values)
    return np.where(gaps.all(axis), np.nan, np.where(gaps, 0.0, values).sum(axis))


def _average(values: Floats, axis: int) -> Floats:
    return np.asarray(_sum(values, axis) / filled(values, axis))


def _average_of_all(values: Floats, axis: int) -> Floats:
    return np.asarray(np.where(np.isnan(values), 0.0, values).sum(axis) / values.shape[axis])


def _min(values: Floats, axis: int) -> Floats:
    return np.asarray(np.fmin.reduce(values, axis))


def _max(values: Floats, axis: int) -> Floats:
    return np.asarray(np.fmax.reduce(values, axis))


def _range(values: Floats, axis: int) -> Floats:
    return _max(values, axis) - _min(values, axis)


def _median(values: Floats, axis: int) -> Floats:
    ordered = np.sort(values, axis)  # gaps come last
    there = np.maximum(filled(values, axis), 1)
    low, high = ((there - 1) // 2, there // 2)
    below, above = (_take(ordered, at, axis) for at in (low, high))
    return np.where(low == high, below, (below + above) / 2)  # one value alone may be too large to be doubled


def _deviation(values: Floats, axis: int) -> Floats:
    """That of a whole population."""
    distance = values - np.expand_dims(_average(values, axis), axis)
    return np.sqrt(_average(distance * distance, axis))


def _product(values: Floats, axis: int) -> Floats:
    """A gap among the factors makes one of the product."""
    return np.asarray(values.prod(axis))


def _first(values: Floats, axis: int) -> Floats:
    return _take(values, _place_of_first(values, axis), axis)


def _last(values: Floats, axis: int) -> Floats:
    return _first(np.flip(values, axis), axis)


def _difference(values: Floats, axis: int) -> Floats:
    """The first value less all others, in their order: a sum of these would swallow small ones beside a huge one."""
    signed = -values
    place = np.expand_dims(_place_of_first(values, axis), axis)
    np.put_along_axis(signed, place, np.take_along_axis(values, place, axis), axis)
    return _sum(signed, axis)


def _count(values: Floats, axis: int) -> Floats:
    return filled(values, axis).astype(np.float64)


def _place_of_first(values: Floats, axis: int) -> Counts:
    """Of the first that is no gap."""
    return np.asarray(np.argmax(~np.isnan(values), axis))


def _take(values: Floats, at: Counts, axis: int) -> Floats:
    return np.take_along_axis(values, np.expand_dims(at, axis), axis).squeeze(axis)


def _filled_across(columns: Columns) -> Counts:
    there = np.zeros(max(map(len, columns)), np.int64)
    for there_too, column in _beside(there, columns):
        np.add(there_too, ~np.isnan(column), out=there_too)
    return there


def _sum_across(columns: Columns, there: Counts) -> Floats:
    """Gaps count as 0."""
    total = np.zeros(len(there))
    gapless = bool((there == len(columns)).all())
    for part, column in _beside(total, columns):
        np.add(part, column if gapless else np.where(np.isnan(column), 0.0, column), out=part)
    return total


def _average_across(columns: Columns, there: Counts) -> Floats:
    return _sum_across(columns, there) / there


def _extreme_across(which: np.ufunc, columns: Columns, there: Counts) -> Floats:
    extreme = np.full(len(there), np.nan)
    for part, column in _beside(extreme, columns):
        which(part, column, out=part)
    return extreme


def _range_across(columns: Columns, there: Counts) -> Floats:
    return _extreme_across(np.fmax, columns, there) - _extreme_across(np.fmin, columns, there)


def _count_across(_: Columns, there: Counts) -> Floats:
    return there.astype(np.float64)


def _beside(result: NDArray[np.float64] | Counts, columns: Columns) -> Iterator[tuple[NDArray[np.generic], Floats]]:
    """Each column, and the part of ``result`` that is as long."""
    for column in columns:
        yield result[: len(column)], column


_AGGREGATIONS: Final[Mapping[str, Callable[[Floats, int], Floats]]] = {
    "average": _average,
    "avg_zero": _average_of_all,
    "median": _median,
    "sum": _sum,
    "min": _min,
    "max": _max,
    "diff": _difference,
    "stddev": _deviation,
    "count": _count,
    "range": _range,
    "multiply": _product,
    "last": _last,
    "first": _first,
}

# The same for columns, a few times quicker than to bring them into one array first.
_FOLDS: Final[Mapping[str, Callable[[Columns, Counts], Floats]]] = {
    "average": _average_across,
    "sum": _sum_across,
    "min": partial(_extreme_across, np.fmin),
    "max": partial(_extreme_across, np.fmax),
    "count": _count_across,
    "range": _range_across,
}

# ``first`` consolidates slots, and is nothing that a target can name.
NAMES: Final = tuple(sorted({*_AGGREGATIONS, *_ALIASES} - {"first"}))

"""Several values become one: Graphite's aggregations over the rows or columns of an array, where NaN is a gap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..schema.errors import QueryError
from ..schema.grid import Floats

# Cells that are worked on at once: they stay in the processor's cache.
_BLOCK_CELLS: Final = 1 << 17

_ALIASES: Final = {"rangeOf": "range", "avg": "average", "total": "sum", "current": "last"}


def canonical(name: str) -> str:
    """The aggregation that ``name`` means: ``avg`` is ``average``, and ``sumSeries`` is ``sum``. QueryError if it is none."""
    short = name.removesuffix("Series")
    known = _ALIASES.get(short, short)
    if known not in _AGGREGATIONS:
        raise QueryError(f"{name[:200]!r} is not an aggregation; want one of {', '.join(NAMES)}")
    return known


def reduce(name: str, values: Floats, axis: int = -1) -> Floats:
    """``values`` without its ``axis``. Where all is a gap the result is one; ``count`` and ``avg_zero`` are 0 there."""
    with np.errstate(all="ignore"):
        return _AGGREGATIONS[canonical(name)](values, axis)


def of_all(name: str, values: Floats) -> float:
    """The aggregation of all ``values``; NaN if there are none, but for ``count``."""
    if not len(values):
        return 0.0 if canonical(name) == "count" else math.nan
    return float(reduce(name, values))


def across(name: str, columns: Sequence[Floats], x_files_factor: float = 0.0) -> Floats:
    """Slot i of the result is the aggregation of slot i of each of ``columns``, of which a share of ``x_files_factor`` must be
    filled. Shorter ones count as gaps beyond their end."""
    results = [np.empty(0)]
    for block in blocks(columns):
        reduced = reduce(name, block, 0)
        results.append(np.where(enough(filled(block, 0), len(columns), x_files_factor), reduced, np.nan))
    return np.concatenate(results)


def blocks(columns: Sequence[Floats]) -> Iterator[Floats]:
    """All ``columns`` as the rows of one array, a stretch of slots at a time; shorter ones are gaps beyond their end."""
    length = max(map(len, columns))
    width = max(1, _BLOCK_CELLS // len(columns))
    for first in range(0, length, width):
        yield _stack(columns, first, min(first + width, length))


def filled(values: Floats, axis: int = -1) -> NDArray[np.int64]:
    """How many along ``axis`` are no gaps."""
    return np.asarray(values.shape[axis] - np.isnan(values).sum(axis))


def enough(there: NDArray[np.int64], total: int | NDArray[np.int64], x_files_factor: float) -> NDArray[np.bool_]:
    """Whether ``there`` of ``total`` values, and at least one, are a share of ``x_files_factor``."""
    share = there / np.maximum(total, 1)
    return np.asarray((there > 0) & (share >= x_files_factor))


def _stack(columns: Sequence[Floats], first: int, stop: int) -> Floats:
    block = np.empty((len(columns), stop - first))
    for row, values in zip(block, columns, strict=True):
        part = values[first:stop]
        row[: len(part)] = part
        row[len(part) :] = np.nan
    return block


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
    return (_take(ordered, low, axis) + _take(ordered, high, axis)) / 2


def _deviation(values: Floats, axis: int) -> Floats:
    """That of a whole population."""
    distance = values - np.expand_dims(_average(values, axis), axis)
    return np.sqrt(_average(distance * distance, axis))


def _product(values: Floats, axis: int) -> Floats:
    """A gap among the factors makes one of the product."""
    return np.asarray(values.prod(axis))


def _first(values: Floats, axis: int) -> Floats:
    return _take(values, np.argmax(~np.isnan(values), axis), axis)


def _last(values: Floats, axis: int) -> Floats:
    return _first(np.flip(values, axis), axis)


def _difference(values: Floats, axis: int) -> Floats:
    """The first value less all others."""
    first = _first(values, axis)
    return first - (_sum(values, axis) - first)


def _count(values: Floats, axis: int) -> Floats:
    return filled(values, axis).astype(np.float64)


def _take(values: Floats, at: NDArray[np.int64], axis: int) -> Floats:
    return np.take_along_axis(values, np.expand_dims(at, axis), axis).squeeze(axis)


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

# ``first`` consolidates slots, and is nothing that a target can name.
NAMES: Final = tuple(sorted({*_AGGREGATIONS, *_ALIASES} - {"first"}))

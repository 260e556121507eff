"""Aggregations of neighbours: a window that slides along the rows of an array, where NaN is a gap.

A window is put together from runs of 1, 2, 4... neighbours, each made of two runs of half its length: a few passes over the array
whatever the width, and no running sum in which a huge value would leave its traces after it has left the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..schema.grid import Counts, Floats
from . import _recurrences, aggregation

# Cells that are worked on at once: they stay in the processor's cache.
_BLOCK_CELLS: Final = 1 << 14


def slide_each(name: str, rows: Sequence[Floats], width: int, x_files_factors: Sequence[float]) -> Iterator[Floats]:
    """As ``slide`` does it, for each of ``rows``, which are of one length."""
    height = max(1, _BLOCK_CELLS // len(rows[0]))
    for first in range(0, len(rows), height):
        yield from slide(name, np.stack(rows[first : first + height]), width, x_files_factors[first : first + height])


def slide(name: str, rows: Floats, width: int, x_files_factors: Sequence[float], total: int | None = None) -> Floats:
    """Slot i of each row is the aggregation ``name`` of its slots i to i + ``width``, so there are ``width`` - 1 less of them.

    For each row there is a share, of ``total`` slots or of ``width``, that must be filled. ``width`` is at least 1, and at most
    a row's length.
    """
    with np.errstate(all="ignore"):
        there = _there(rows, width)
        result = _SLIDES[aggregation.canonical(name)](rows, width, there)
    enough = aggregation.enough(there, total or width, np.array(x_files_factors)[:, np.newaxis])
    return np.where(enough, result, np.nan)


def _there(rows: Floats, width: int) -> Counts:
    """How many slots of each window are filled; one number if all are."""
    gaps = np.isnan(rows)
    if not gaps.any():
        return np.array(width)
    # Sums of whole numbers are exact: they may run on.
    before = np.zeros((len(rows), rows.shape[1] + 1), np.int64)
    np.cumsum(~gaps, axis=-1, out=before[:, 1:])
    return before[:, width:] - before[:, :-width]


def _runs(combine: Callable[[Any, Any], Any], rows: NDArray[Any], width: int) -> NDArray[Any]:
    """Along the last axis the values of ``width`` neighbours, combined from left to right."""
    slots = rows.shape[-1] - width + 1
    parts: list[NDArray[Any]] = []
    done, length = 0, 1
    while True:
        if width & length:
            parts.append(rows[..., done : done + slots])
            done += length
        if done == width:
            return reduce(combine, parts)
        rows = combine(rows[..., :-length], rows[..., length:])
        length *= 2


def _sum(rows: Floats, width: int, there: Counts) -> Floats:
    return _runs(np.add, _gaps_are(0.0, rows, there), width)


def _average(rows: Floats, width: int, there: Counts) -> Floats:
    return np.asarray(_sum(rows, width, there) / there)


def _product(rows: Floats, width: int, there: Counts) -> Floats:
    return _runs(np.multiply, _gaps_are(1.0, rows, there), width)


def _gaps_are(value: float, rows: Floats, there: Counts) -> Floats:
    return np.where(np.isnan(rows), value, rows) if there.ndim else rows


def _min(rows: Floats, width: int, _: Counts) -> Floats:
    return _runs(np.fmin, rows, width)


def _max(rows: Floats, width: int, _: Counts) -> Floats:
    return _runs(np.fmax, rows, width)


def _range(rows: Floats, width: int, there: Counts) -> Floats:
    return _max(rows, width, there) - _min(rows, width, there)


def _count(rows: Floats, width: int, there: Counts) -> Floats:
    return np.broadcast_to(there, (len(rows), rows.shape[1] - width + 1)).astype(np.float64)


def _last(rows: Floats, width: int, _: Counts) -> Floats:
    return _runs(_filled_one, rows, width)


def _filled_one(other: Floats, wanted: Floats) -> Floats:
    """``wanted`` where that is no gap."""
    return np.where(np.isnan(wanted), other, wanted)


def _difference(rows: Floats, width: int, there: Counts) -> Floats:
    """The first value less all others."""
    first = _runs(lambda earlier, later: _filled_one(later, earlier), rows, width)
    return np.asarray(first - (_sum(rows, width, there) - first))


def _deviation(rows: Floats, width: int, _: Counts) -> Floats:
    """That of a whole population."""
    there = ~np.isnan(rows)
    moments = np.stack([there, np.where(there, rows, 0.0), np.zeros(rows.shape)])
    number, _mean, squares = _runs(_pooled, moments, width)
    return np.asarray(np.sqrt(squares / number))


def _pooled(earlier: Floats, later: Floats) -> Floats:
    """Number, mean and sum of squared distances from the mean, of two groups together."""
    (n, mean, squares), (n_later, mean_later, squares_later) = earlier, later
    together = n + n_later
    share = n_later / np.maximum(together, 1)
    distance = mean_later - mean
    spread = distance * (distance * (n * share))
    return np.stack([together, mean + distance * share, squares + squares_later + spread])


def _median(rows: Floats, width: int, _: Counts) -> Floats:
    result = np.empty((len(rows), rows.shape[1] - width + 1))
    for row, medians in zip(rows, result, strict=True):
        _recurrences.medians(row, width, medians)
    return result


_SLIDES: Final[Mapping[str, Callable[[Floats, int, Counts], Floats]]] = {
    "average": _average,
    "avg_zero": _average,
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
}

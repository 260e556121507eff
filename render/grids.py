"""Bringing series to one grid, and to fewer slots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from ..schema.errors import QueryError
from ..schema.grid import Floats
from . import aggregation
from .time_series import TimeSeries

CONSOLIDATIONS: Final = {
    name: "average" if name == "avg" else name for name in ("sum", "average", "avg", "avg_zero", "max", "min", "first", "last")
}


class Aligned(NamedTuple):
    """Series of one step, and the range that holds them all: a multiple of that step."""

    series: list[TimeSeries]
    start: int
    stop: int
    step_s: int

    @property
    def columns(self) -> list[Floats]:
        """The values of each series; some may end early."""
        return [one.values for one in self.series]

    def made(self, name: str, values: Floats, x_files_factor: float) -> TimeSeries:
        """A new series in this range."""
        return TimeSeries.of(name, self.start, self.stop, self.step_s, values, x_files_factor=x_files_factor)


def align(series: Sequence[TimeSeries]) -> Aligned:
    """Every series at the least common multiple of their steps, consolidated in its own way; at least one. As in Graphite they
    keep their own starts: slots are matched by their place."""
    step_s = math.lcm(*(one.step_s for one in series))
    start = min(one.start for one in series)
    stop = max(one.stop for one in series)
    return Aligned([consolidate(one, step_s // one.step_s) for one in series], start, stop - (stop - start) % step_s, step_s)


def consolidate(series: TimeSeries, slots: int) -> TimeSeries:
    """``slots`` neighbours become one, counted from the first; the last may be of fewer."""
    if slots == 1:
        return series
    values = pool(series.values, slots, series.consolidation, series.x_files_factor)
    return replace(series, values=values, step_s=series.step_s * slots)


def pool(values: Floats, slots: int, consolidation: str, x_files_factor: float) -> Floats:
    """``values``, ``slots`` at a time. Raises QueryError for an unknown consolidation."""
    how = canonical_consolidation(consolidation)
    whole = len(values) // slots
    pooled = np.empty(-(-len(values) // slots))
    pooled[:whole] = _pool(values[: whole * slots].reshape(whole, slots), slots, how, x_files_factor)
    if whole < len(pooled):
        pooled[whole:] = _pool(values[whole * slots :].reshape(1, -1), slots, how, x_files_factor)
    return pooled


def canonical_consolidation(name: str) -> str:
    """``average`` for ``avg``. QueryError for a name that is none."""
    if name not in CONSOLIDATIONS:
        raise QueryError(f"{name[:200]!r} is not a consolidation; want one of {', '.join(CONSOLIDATIONS)}")
    return CONSOLIDATIONS[name]


def _pool(groups: Floats, slots: int, how: str, x_files_factor: float) -> Floats:
    if slots < len(groups):
        groups = np.ascontiguousarray(groups.T).T  # numpy is several times quicker where the values of a group lie apart
    there = aggregation.filled(groups)
    return np.where(aggregation.enough(there, slots, x_files_factor), aggregation.reduce(how, groups), np.nan)

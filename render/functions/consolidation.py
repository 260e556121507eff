"""How several slots become one."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..context import Context
from ..function import ALWAYS, function
from ..grids import CONSOLIDATIONS
from ..parameters import Kind, Param
from ..time_series import TimeSeries
from .results import edited

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)


@function(
    "consolidateBy",
    group="Special",
    params=[_SERIES, Param("consolidationFunc", Kind.STRING, required=True, options=tuple(CONSOLIDATIONS))],
    commutes=ALWAYS,
    consolidates="consolidationFunc",
)
def consolidate_by(_: Context, series: list[TimeSeries], how: str) -> list[TimeSeries]:
    """Where a graph has fewer points than there are values, shows the `consolidationFunc` of several values instead of their
    average: `max` keeps peaks, `sum` is right for counts."""
    return [_consolidated_by(one, how) for one in series]


@function("cumulative", group="Special", params=[_SERIES])
def cumulative(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """The same as consolidateBy with `sum`."""
    return [_consolidated_by(one, "sum") for one in series]


def _consolidated_by(series: TimeSeries, how: str) -> TimeSeries:
    return edited(series, f'consolidateBy({series.name},"{how}")', {"consolidateBy": how}, consolidation=how)


@function(
    "setXFilesFactor",
    "xFilesFactor",
    group="Special",
    params=[_SERIES, Param("xFilesFactor", Kind.FLOAT, required=True)],
)
def set_x_files_factor(context: Context, series: list[TimeSeries], share: float) -> list[TimeSeries]:
    """Where several values become one, by the functions around it or in a graph of fewer points, there is a gap unless a share of
    `xFilesFactor` of them is there: 0 asks for any value at all, 1 for every one."""
    context.ask(share)
    return [replace(one, x_files_factor=share, tags={**one.tags, "xFilesFactor": str(share)}) for one in series]


FUNCTIONS: Final = (consolidate_by, cumulative, set_x_files_factor)

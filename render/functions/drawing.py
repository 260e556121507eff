"""How lines are drawn: colours, widths, areas and axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from ..context import Context
from ..function import ALWAYS, function
from ..parameters import Kind, Param
from ..time_series import Style, TimeSeries

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_GROUP: Final = "Graph"
_UNNAMED_STACK: Final = "__DEFAULT__"


def _length(value: object) -> float:
    """Dashes may be half a point long, though Graphite lists their length as a whole number."""
    return value if isinstance(value, int | float) else int(str(value))


@function("alpha", group=_GROUP, params=[_SERIES, Param("alpha", Kind.FLOAT, required=True)], commutes=ALWAYS)
def alpha(_: Context, series: list[TimeSeries], opacity: float) -> list[TimeSeries]:
    """Draws lines and areas so that others show through them: with an `alpha` of 0 they cannot be seen, with 1 nothing else."""
    return [one.drawn(alpha=opacity) for one in series]


@function("color", group=_GROUP, params=[_SERIES, Param("theColor", Kind.STRING, required=True)], commutes=ALWAYS)
def color(_: Context, series: list[TimeSeries], name: str) -> list[TimeSeries]:
    """Draws all series in `theColor`: a name such as `green`, or `rrggbb` or `rrggbbaa` in hexadecimal digits."""
    return [one.drawn(color=name) for one in series]


@function("dashed", group=_GROUP, params=[_SERIES, Param("dashLength", Kind.INTEGER, default=5, takes=_length)], commutes=ALWAYS)
def dashed(_: Context, series: list[TimeSeries], length: float) -> list[TimeSeries]:
    """Draws lines as dashes of `dashLength`."""
    return [_renamed(one, f"dashed({one.name}, {length:g})", "dashed", length).drawn(dash=length) for one in series]


@function("drawAsInfinite", group=_GROUP, params=[_SERIES], commutes=ALWAYS)
def draw_as_infinite(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Draws a vertical line over the whole height of the graph wherever a value is above 0."""
    return [_renamed(one, f"drawAsInfinite({one.name})", "drawAsInfinite", 1).drawn(infinite=True) for one in series]


@function("lineWidth", group=_GROUP, params=[_SERIES, Param("width", Kind.FLOAT, required=True)], commutes=ALWAYS)
def line_width(_: Context, series: list[TimeSeries], width: float) -> list[TimeSeries]:
    """Draws lines of this `width`, whatever the graph's is."""
    return [one.drawn(line_width=width) for one in series]


@function("secondYAxis", group=_GROUP, params=[_SERIES], commutes=ALWAYS)
def second_y_axis(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Draws series by a second axis, at the right."""
    return [_renamed(one, f"secondYAxis({one.name})", "secondYAxis", 1).drawn(second_axis=True) for one in series]


def _renamed(series: TimeSeries, name: str, tag: str, value: object) -> TimeSeries:
    return replace(series, name=name, tags={**series.tags, tag: str(value)})


@function("areaBetween", group=_GROUP, params=[_SERIES], commutes=ALWAYS)
def area_between(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Fills the area between two series, in a graph with `areaMode=stacked`."""
    if len(series) != 2:
        raise QueryError(f"areaBetween: seriesList has {len(series)} series; want exactly 2")
    lower, upper = series
    name, tags = f"areaBetween({upper.expression})", {**upper.tags, "areaBetween": "1"}
    both = [replace(one, name=name, tags=tags).drawn(filled=True) for one in (lower, upper)]
    return [both[0].drawn(invisible=True), both[1]]


@function("stacked", group=_GROUP, params=[_SERIES, Param("stack", Kind.STRING, default=None)])
def stacked(context: Context, series: list[TimeSeries], stack: str | None) -> list[TimeSeries]:
    """Every series lies on those before it, with the area below filled. Series of another `stack` start at 0 again; those of one
    stack may come from several targets."""
    return [_laid_on(context.stacks, one, _UNNAMED_STACK if stack is None else stack) for one in series]


def _laid_on(stacks: dict[str, Floats], series: TimeSeries, stack: str) -> TimeSeries:
    below = stacks.get(stack, np.zeros(0))
    total = np.zeros(max(len(below), len(series.values)))
    total[: len(below)] = below
    top = total[: len(series.values)] + series.values
    gaps = np.isnan(series.values)
    total[: len(top)] = np.where(gaps, total[: len(top)], top)
    stacks[stack] = total
    filled = replace(series, values=top, expression=series.name, style=Style(filled=True))
    return _stacked(filled) if stack == _UNNAMED_STACK else filled


def _stacked(series: TimeSeries) -> TimeSeries:
    name = f"stacked({series.name})"
    return replace(series, name=name, expression=name, tags={**series.tags, "stacked": _UNNAMED_STACK})


FUNCTIONS: Final = (
    alpha,
    color,
    dashed,
    draw_as_infinite,
    line_width,
    second_y_axis,
    area_between,
    stacked,
)

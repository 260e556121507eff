"""The series of a graph, each with what the picture decides for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final

import numpy as np

from ...schema.grid import Floats
from ..time_series import TimeSeries
from .colors import Color, color
from .curves import fitted, stacked
from .options import Options
from .value_axis import Limits

_SHORTEST_DASH: Final = 1.0  # pixels


@dataclass(frozen=True, slots=True)
class Line:
    """``right``: belongs to the axis on the right. ``filled``: the area below it is drawn."""

    series: TimeSeries
    color: Color
    right: bool
    width: float
    dash: float | None
    filled: bool

    def with_series(self, series: TimeSeries) -> Line:
        return replace(self, series=series)

    @property
    def is_spikes(self) -> bool:
        return self.series.style.infinite


def lines(series: Sequence[TimeSeries], options: Options) -> list[Line]:
    """In the order in which they are drawn: what was stacked by a function comes first."""
    two_axes = any(one.style.second_axis for one in series)
    colors = cycle(options.theme.lines)
    found = [_line(one, options, colors, two_axes=two_axes) for one in series]
    if options.area_mode == "first" and found:
        found[0] = replace(found[0], filled=True)
    elif options.area_mode in ("all", "stacked") and not (options.area_mode == "stacked" and two_axes):
        found = [replace(one, filled=not one.is_spikes) for one in found]
    return sorted(found, key=lambda one: not one.series.style.filled)


def _line(series: TimeSeries, options: Options, colors: Iterator[Color], *, two_axes: bool) -> Line:
    style = series.style
    side = options.only if not two_axes else options.right if style.second_axis else options.left
    wanted = side.color or (color(style.color) if style.color else None) or next(colors)
    alpha = wanted.alpha if style.alpha is None else _within(style.alpha, 0, 1)
    return Line(
        series if not options.null_as_zero else series.with_values(np.nan_to_num(series.values, posinf=np.inf, neginf=-np.inf)),
        wanted.faded(0.0 if style.invisible else alpha),
        style.second_axis,
        _within(side.width or style.line_width or options.line_width, 0, 100),
        _dash(side.dash or style.dash or 0),
        style.filled,
    )


def _dash(length: float) -> float | None:
    """None where dashes could not be told apart, and drawing them one by one might take for ever."""
    return None if length < _SHORTEST_DASH else _within(length, _SHORTEST_DASH, 1_000)


def _within(value: float, least: float, most: float) -> float:
    """The nearest number that can be drawn; ``most`` for NaN."""
    return max(least, min(most, value))


def fitted_lines(found: Sequence[Line], range_s: float, pixels: float, options: Options) -> list[Line]:
    """With slots that can be told apart in ``pixels``, and on top of one another where that is wanted."""
    slim = [one.with_series(fitted(one.series, range_s, pixels, options.min_x_step)) for one in found]
    if not is_stack(found, options):
        return slim
    flat = [one for one in slim if not one.is_spikes]
    on_top = (one.with_series(series) for one, series in zip(flat, stacked([one.series for one in flat]), strict=True))
    return [one if one.is_spikes else next(on_top) for one in slim]


def is_stack(found: Sequence[Line], options: Options) -> bool:
    """Whether all lines are one stack; with two axes there is none."""
    return options.area_mode == "stacked" and not any(one.right for one in found)


def limits(plain: Sequence[Line], drawn: Sequence[Line]) -> Limits:
    """Of lines as they are, and as they are ``drawn``."""
    return Limits.of(_values(plain), _values(drawn))


def _values(found: Sequence[Line]) -> Floats:
    flat = [one.series.values for one in found if not one.is_spikes]
    return np.concatenate(flat) if flat else np.empty(0)

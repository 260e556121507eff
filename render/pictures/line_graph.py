"""A graph of series over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo

import numpy as np

from ...schema.grid import Floats
from ..time_series import TimeSeries
from .areas import Outline
from .canvas import Area, Canvas, Pen
from .curves import Frame, curve, spikes
from .legend import Entry
from .lines import Line, fitted_lines, limits, lines
from .options import Options
from .sheet import Sheet
from .time_axis import TimeAxis
from .value_axis import ValueAxis, value_axis

# Longer legends are shown on request alone.
_LEGEND_ENTRIES = 10

# Labels of values are as far from the graph.
_LABEL_GAP = 3

# Labels of values make the graph narrower, so its slots wider, its values other ones, and their labels, too: so often at most.
_ROUNDS = 4


def draw_lines(canvas: Canvas, series: Sequence[TimeSeries], options: Options, zone: tzinfo, check: Callable[[], None]) -> None:
    """Draw all of it; ``check`` is called for each line. Raises QueryError for a consolidation that is none."""
    sheet = Sheet(canvas, options)
    if not any(one.stop > one.start and len(one.values) for one in series):
        sheet.draw_nothing()
        return
    series = [one for one in series if len(one.values)]
    if any(len(one.values) == 1 for one in series) and options.line_mode == "slope":
        options = replace(options, line_mode="staircase")  # one value makes no slope
    _LineGraph(sheet, lines(series, options), options, zone, check).draw()


class _LineGraph:
    def __init__(self, sheet: Sheet, found: Sequence[Line], options: Options, zone: tzinfo, check: Callable[[], None]) -> None:
        self._sheet = sheet
        self._lines = found
        self._options = options
        self._two_axes = any(one.right for one in found)
        self._start = float(min(one.series.start for one in found))
        self._stop = self._start + max(self._range_s(), 1.0)
        self._zone = zone
        self._check = check

    def draw(self) -> None:
        self._sheet.draw_title()
        self._sheet.draw_side_titles(self._options.vtitle_right if self._two_axes else "")
        self._draw_legend()
        if not (self._options.hide_axes or self._options.hide_x_axis):
            self._sheet.shrink(bottom=2 * self._sheet.font.ascent)
        drawn, axes = self._fit()
        frame = Frame(self._sheet.area, self._start, self._stop, axes[0])
        if not self._options.hide_axes:
            self._draw_axes(frame, axes)
        self._draw_curves(drawn, [frame.over(axis) for axis in axes])

    def _range_s(self) -> float:
        """Steps of a staircase are as wide as they last."""
        stairs = self._options.line_mode == "staircase"
        return max(one.series.stop - (0 if stairs else one.series.step_s) for one in self._lines) - self._start

    def _draw_legend(self) -> None:
        hidden = self._options.hide_legend
        if hidden or (hidden is None and len(self._lines) > _LEGEND_ENTRIES):
            return
        shown = (one for one in self._lines if one.series.has_values() or not self._options.hide_null_from_legend)
        self._sheet.draw_legend([Entry(one.series.name, one.color.faded(1.0), one.right) for one in shown])

    def _fit(self) -> tuple[list[Line], list[ValueAxis]]:
        """The lines with as many slots as there is room for, and one axis or two, for whose labels there is room."""
        whole = self._sheet.area
        for _ in range(_ROUNDS):
            width = self._sheet.area.width
            drawn = fitted_lines(self._lines, self._stop - self._start, width, self._options)
            plain = fitted_lines(self._lines, self._stop - self._start, width, replace(self._options, area_mode="none"))
            axes = [self._axis(plain, drawn, right) for right in ((False, True) if self._two_axes else (False,))]
            self._sheet.area = whole
            self._make_room(axes)
            if self._sheet.area.width == width:
                break
        return drawn, axes

    def _axis(self, plain: Sequence[Line], drawn: Sequence[Line], right: bool) -> ValueAxis:
        options = self._options
        side = (options.right if right else options.left) if self._two_axes else options.only
        here = ([one for one in found if one.right is right] for found in (plain, drawn))
        return value_axis(limits(*here), options, side)

    def _make_room(self, axes: Sequence[ValueAxis]) -> None:
        if self._options.hide_axes or self._options.hide_y_axis:
            return
        widths = [max((self._sheet.font.width(text) for _, text in axis.labels), default=0) + _LABEL_GAP for axis in axes]
        # Half a label of the time axis may stand below the margin and the labels of values.
        free = self._sheet.area.left - self._options.margin if not self._options.vtitle else 0
        if self._two_axes:
            self._sheet.shrink(left=max(widths[0] - free, 0), right=widths[1])
        elif self._options.axis_on_right:
            self._sheet.shrink(right=widths[0])
        else:
            self._sheet.shrink(left=max(widths[0] - free, 0))

    def _draw_axes(self, frame: Frame, axes: Sequence[ValueAxis]) -> None:
        time_axis = TimeAxis(self._start, self._stop, frame.area.width, self._zone, self._options.clock_format)
        if not self._options.hide_y_axis:
            for axis, right in zip(axes, (self._options.axis_on_right and not self._two_axes, True), strict=False):
                self._label_values(frame.over(axis), right)
        if not self._options.hide_x_axis:
            self._label_times(frame, time_axis)
        if not self._options.hide_grid:
            self._draw_grid(frame, time_axis)

    def _label_values(self, frame: Frame, right: bool) -> None:
        for value, text in frame.axis.labels:
            y = float(frame.y(np.array([value]))[0])
            if right:
                self._sheet.write(text, frame.area.right + _LABEL_GAP, y)
            else:
                self._sheet.write(text, frame.area.left - _LABEL_GAP, y, "right")

    def _label_times(self, frame: Frame, axis: TimeAxis) -> None:
        """Those that have room."""
        font = self._sheet.font
        taken = 0.0
        for at, text in axis.labels():
            x, half = float(frame.x(np.array([at]))[0]), font.width(text) / 2
            if x - half >= taken:
                self._sheet.write(text, x, frame.area.bottom + font.ascent + font.height / 2, "center")
                taken = x + half + font.ascent / 2

    def _draw_grid(self, frame: Frame, axis: TimeAxis) -> None:
        """Fine lines first, for the strong ones to go over them."""
        theme, area = self._options.theme, frame.area
        values = np.array([value for value, _ in frame.axis.labels])
        minor, major = (Pen(color, 0.4, crisp=True) for color in (theme.minor, theme.major))
        self._rule(_across(area, frame.y(_between(values, self._options.minor_y))), minor)
        self._rule(_upright(area, frame.x(np.array(axis.minor()))), minor)
        self._rule(_across(area, frame.y(values)), major)
        self._rule(_upright(area, frame.x(np.array(axis.major()))), major)
        self._rule(_upright(area, np.array([area.left, area.right])), Pen(theme.major, 0.5, crisp=True))

    def _rule(self, ends: Floats, pen: Pen) -> None:
        for line in ends:
            self._sheet.canvas.stroke(line, pen)

    def _draw_curves(self, drawn: Sequence[Line], frames: Sequence[Frame]) -> None:
        self._sheet.canvas.clip(frames[0].area)
        self._fill_areas(drawn, frames)
        for one in drawn:
            self._check()
            frame = frames[one.right]
            if one.is_spikes:
                self._stroke(spikes(one.series, frame), one)
            elif not one.filled or self._options.area_alpha is not None:
                self._stroke(self._curve(one, frame), one)
        self._sheet.canvas.clip(None)

    def _fill_areas(self, drawn: Sequence[Line], frames: Sequence[Frame]) -> None:
        outlines = [Outline(frame.area.left, frame.area.right, frame.zero) for frame in frames]
        filled = []
        for one in (one for one in drawn if one.filled and not one.is_spikes):
            self._check()
            alpha = self._options.area_alpha
            shade = one.color if alpha is None or not one.color.alpha else one.color.faded(alpha)
            pieces = outlines[one.right].added(self._curve(one, frames[one.right]), overlap=shade.alpha == 1)
            filled += [(piece, shade) for piece in pieces]
        for piece, shade in reversed(filled):
            if shade.alpha:
                self._sheet.canvas.fill(piece, shade)

    def _curve(self, one: Line, frame: Frame) -> Floats:
        return curve(one.series, frame, self._options.line_mode, self._options.connected_limit)

    def _stroke(self, points: Floats, one: Line) -> None:
        if one.color.alpha and len(points):
            self._sheet.canvas.stroke(points, Pen(one.color, one.width, one.dash))


def _across(area: Area, y: Floats) -> Floats:
    """Lines (n, 2, 2)."""
    return np.array([[(area.left, at), (area.right, at)] for at in y])


def _upright(area: Area, x: Floats) -> Floats:
    return np.array([[(at, area.bottom), (at, area.top)] for at in x])


def _between(values: Floats, lines: int) -> Floats:
    """So many values between any two."""
    shares = np.arange(1, lines + 1) / (lines + 1)
    return (values[:-1, None] + np.diff(values)[:, None] * shares).ravel()

"""A circle in slices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np

from ...schema.grid import Floats
from .canvas import Canvas
from .colors import Color, known
from .legend import Entry
from .options import Options
from .sheet import Sheet
from .slices import Slice


def draw_pie(canvas: Canvas, slices: Sequence[Slice], options: Options) -> None:
    """Slices clockwise from the top. What is negative or not finite has none."""
    sheet = Sheet(canvas, options)
    sizes = np.array([one.value if 0 < one.value < math.inf else 0.0 for one in slices])
    total = sizes.sum()
    if not 0 < total < math.inf:
        sheet.draw_nothing()
        return
    sheet.draw_title()
    colors = [color for color, _ in zip(cycle(options.theme.lines), slices, strict=False)]
    if not options.hide_legend:
        sheet.draw_legend([Entry(one.name, color) for one, color in zip(slices, colors, strict=True)])
    _Pie(sheet, slices, sizes / total).draw(colors)


class _Pie:
    def __init__(self, sheet: Sheet, slices: Sequence[Slice], shares: Floats) -> None:
        area = sheet.area
        self._sheet = sheet
        self._slices = slices
        self._shares = shares
        self._edges = 2 * math.pi * np.concatenate(([0.0], np.cumsum(shares)))
        self._center = np.array([(area.left + area.right) / 2, (area.top + area.bottom) / 2])
        self._radius = min(area.width, area.height) / 2 * 0.95

    def draw(self, colors: Sequence[Color]) -> None:
        alpha = self._sheet.options.area_alpha
        for number, color in enumerate(colors):
            if self._shares[number]:
                self._sheet.canvas.fill(self._wedge(number), color if alpha is None else color.faded(alpha))
        for number, one in enumerate(self._slices):
            label = self._label(one, float(self._shares[number]))
            if label:
                x, y = self._at(self._edges[number : number + 2].mean(), 0.5)
                self._sheet.write(label, x, y, "center", self._sheet.options.value_labels_color or known("black"))

    def _at(self, angle: Floats | float, share: float = 1.0) -> Floats:
        """Points (..., 2) at so much of the radius; ``angle`` from the top, clockwise."""
        return self._center + share * self._radius * np.stack((np.sin(angle), -np.cos(angle)), axis=-1)

    def _wedge(self, number: int) -> Floats:
        first, last = self._edges[number : number + 2]
        rim = self._at(np.linspace(first, last, 2 + int((last - first) * self._radius)))
        return np.concatenate(([self._center], rim, [self._center]))

    def _label(self, one: Slice, share: float) -> str:
        options = self._sheet.options
        if options.value_labels == "none" or not share:
            return ""
        if options.value_labels == "percent":
            return f"{100 * share:.2f}%" if 100 * share >= options.value_labels_min else ""
        if one.value < options.value_labels_min:
            return ""
        return f"{one.value:.2f}" if one.value < 10 and one.value != int(one.value) else f"{one.value:.0f}"

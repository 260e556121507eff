"""A canvas with what every picture has: a title, letters, a colour for each line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from .canvas import Area, Canvas
from .colors import Color, known
from .fonts import Font
from .legend import Entry, Legend, unique
from .options import Options

Align = Literal["left", "center", "right"]

_SHIFTS = {"left": 0.0, "center": 0.5, "right": 1.0}


class Sheet:
    """``area`` is what is still free, in pixels from the upper left corner."""

    def __init__(self, canvas: Canvas, options: Options) -> None:
        self.canvas = canvas
        self.options = options
        self.font = Font(options.face)
        margin = options.margin
        self.area = Area(margin + (10 if margin else 0), margin, options.width - margin, options.height - margin)

    def shrink(self, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> None:
        """Take so much of the free area away; a pixel at least is left."""
        area = self.area
        x, y = area.left + left, area.top + top
        self.area = Area(x, y, max(area.right - right, x + 1), max(area.bottom - bottom, y + 1))

    def write(self, text: str, x: float, y: float, align: Align = "left", color: Color | None = None) -> None:
        """One line; ``y`` is its middle."""
        start = x - _SHIFTS[align] * self.font.width(text)
        base = y + self.font.ascent - self.font.height / 2
        self.canvas.text(text, start, base, self.font, color or self.options.theme.foreground)

    def draw_title(self) -> None:
        """Above all, in larger letters."""
        if not self.options.title:
            return
        font = self._larger()
        for line in self.options.title.split("\n"):
            x = self.options.width / 2 - font.width(line) / 2
            self.canvas.text(line, x, self.area.top + font.ascent, font, self.options.theme.foreground)
            self.shrink(top=font.height)
        self.shrink(top=self.options.margin)

    def draw_side_titles(self, right: str) -> None:
        """Upright on the left, and ``right`` on the right."""
        font = self._larger()
        for line in filter(None, self.options.vtitle.split("\n")):
            y = self.options.height / 2 + font.width(line) / 2
            self.canvas.text(line, self.area.left + font.ascent, y, font, self.options.theme.foreground, 90)
            self.shrink(left=font.height + 3)
        for line in filter(None, right.split("\n")):
            y = self.options.height / 2 - font.width(line) / 2
            self.canvas.text(line, self.area.right - font.ascent, y, font, self.options.theme.foreground, 270)
            self.shrink(right=font.height + 3)

    def draw_legend(self, entries: Sequence[Entry]) -> None:
        """At the bottom."""
        shown = [entry for entry in entries if entry.name]
        if not shown:
            return
        legend = Legend(unique(shown) if self.options.unique_legend else shown, self.area, self.font)
        legend.draw(self.canvas, self.options.theme.foreground)
        self.shrink(bottom=legend.height)

    def draw_nothing(self) -> None:
        """What stands where there is nothing to draw."""
        size = math.log(self.options.width * self.options.height + 1)
        font = Font(replace(self.options.face, size=max(size, 1.0)))
        x, y = (self.options.width - font.width("No Data")) / 2, self.options.height / 2 + font.ascent / 2
        self.canvas.text("No Data", x, y, font, known("red"))

    def _larger(self) -> Font:
        size = self.options.face.size
        return Font(replace(self.options.face, size=size + math.floor(math.log(size))))

"""Names and colours below a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .canvas import Area, Canvas, Pen
from .colors import Color, known
from .fonts import Font

_PADDING = 5

# Of the picture; what is left belongs to the graph.
_LARGEST_SHARE = 0.6

_BORDER = Pen(known("darkgrey"), 1.0, crisp=True)


class Entry(NamedTuple):
    """``right``: of a line that belongs to the axis on the right."""

    name: str
    color: Color
    right: bool = False


class Legend:
    """Entries in columns as wide as the longest name; those of the right axis in columns from the right."""

    def __init__(self, entries: Sequence[Entry], area: Area, font: Font) -> None:
        self._area = area
        self._font = font
        self._box = font.height - 1
        self._line = font.height + 1
        self._column = max(map(font.width, {entry.name for entry in entries})) + 2 * (self._box + _PADDING)
        columns = max(1, int(area.width / self._column))
        sides = [[entry for entry in entries if entry.right is right] for right in (False, True)]
        self._two_sided = all(sides) and columns > 1
        self._sides = sides if self._two_sided else [list(entries)]
        self._columns = columns // 2 if self._two_sided else columns
        self._rows = min(max(math.ceil(len(side) / self._columns) for side in self._sides), self._room())

    @property
    def height(self) -> float:
        return self._rows * self._line + _PADDING if self._rows else 0.0

    def draw(self, canvas: Canvas, color: Color) -> None:
        top = self._area.bottom - self.height + 2 * _PADDING
        for from_right, side in enumerate(self._sides):
            for number, entry in enumerate(side[: self._rows * self._columns]):
                row, column = divmod(number, self._columns)
                x = self._area.right - (column + 1) * self._column if from_right else self._area.left + column * self._column
                self._draw_entry(canvas, entry, x, top + row * self._line, color)

    def _draw_entry(self, canvas: Canvas, entry: Entry, x: float, y: float, color: Color) -> None:
        """A box and the name after it; on the right the other way round."""
        base = y + self._font.ascent
        if entry.right:
            x += self._column - self._box - _PADDING
            canvas.text(entry.name, x - _PADDING - self._font.width(entry.name), base, self._font, color)
        else:
            canvas.text(entry.name, x + self._box + _PADDING, base, self._font, color)
        box = np.array([(x, y), (x + self._box, y), (x + self._box, y + self._box), (x, y + self._box), (x, y)])
        canvas.fill(box, entry.color)
        canvas.stroke(box, _BORDER)

    def _room(self) -> int:
        return int(self._area.height * _LARGEST_SHARE / self._line)


def unique(entries: Sequence[Entry]) -> list[Entry]:
    """The first of each name."""
    return list({entry.name: entry for entry in reversed(entries)}.values())[::-1]

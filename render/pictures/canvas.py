"""What a picture is drawn on."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ...schema.grid import Floats
from .colors import Color
from .fonts import Font


class Pen(NamedTuple):
    """``width`` in pixels. ``dash``: so long is every dash and every gap. ``crisp``: on whole pixels, for lines of a grid."""

    color: Color
    width: float
    dash: float | None = None
    crisp: bool = False


class Area(NamedTuple):
    """A rectangle, in pixels from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Canvas(Protocol):
    """Points are float64 arrays (n, 2) of pixels from the upper left corner."""

    def clip(self, area: Area | None) -> None:
        """From now on nothing is drawn outside; None for everywhere."""

    def stroke(self, points: Floats, pen: Pen) -> None:
        """Draw a line through the points; a point of NaN interrupts it."""

    def fill(self, points: Floats, color: Color) -> None:
        """Fill a polygon."""

    def text(self, text: str, x: float, y: float, font: Font, color: Color, angle: int = 0) -> None:
        """Write from (x, y) on, which is on the base line; ``angle`` in degrees against the clock."""

    def data(self) -> bytes:
        """The file."""

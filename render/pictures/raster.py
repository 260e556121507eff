"""Pictures of pixels, as PNG."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox
from PIL import Image

from ...schema.grid import Floats
from .canvas import Area, Pen
from .colors import Color
from .fonts import Font

# Dots an inch at which a point is a pixel.
_DPI = 72

# Higher ones save little and take several times as long.
_COMPRESSION = 3


class Raster:
    """Implements Canvas."""

    def __init__(self, width: int, height: int, background: Color) -> None:
        self._height = height
        self._background = background
        self._renderer: Any = RendererAgg(width, height, _DPI)  # type: ignore[no-untyped-call] # the library types it not
        self._upside_down = Affine2D().scale(1, -1).translate(0, height)
        self._clip: Bbox | None = None
        self.fill(np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64), background)

    def clip(self, area: Area | None) -> None:
        self._clip = area and Bbox([[area.left, self._height - area.bottom], [area.right, self._height - area.top]])

    def stroke(self, points: Floats, pen: Pen) -> None:
        context = self._context(pen.color)
        context.set_linewidth(pen.width)
        context.set_joinstyle("round")
        context.set_snap(True if pen.crisp else None)
        if pen.dash:
            context.set_dashes(0, [pen.dash, pen.dash])
        self._renderer.draw_path(context, Path(points), self._upside_down, None)

    def fill(self, points: Floats, color: Color) -> None:
        context = self._context(color)
        context.set_linewidth(0)
        self._renderer.draw_path(context, Path(points), self._upside_down, color)

    def text(self, text: str, x: float, y: float, font: Font, color: Color, angle: int = 0) -> None:
        self._renderer.draw_text(self._context(color), x, y, font.shown(text), font.properties, angle)

    def data(self) -> bytes:
        image = Image.fromarray(np.asarray(self._renderer.buffer_rgba()))
        file = io.BytesIO()
        (image if self._background.alpha < 1 else image.convert("RGB")).save(file, "png", compress_level=_COMPRESSION)
        return file.getvalue()

    def _context(self, color: Color) -> Any:
        context = self._renderer.new_gc()
        context.set_foreground(color, isRGBA=True)
        context.set_capstyle("butt")
        context.set_clip_rectangle(self._clip)
        return context

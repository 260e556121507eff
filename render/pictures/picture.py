"""From series to the file of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from ..time_series import TimeSeries
from .canvas import Canvas
from .line_graph import draw_lines
from .options import Options
from .pie_graph import draw_pie
from .raster import Raster
from .slices import Slice
from .vector import Vector


def line_graph(kind: str, series: Sequence[TimeSeries], options: Options, zone: tzinfo, check: Callable[[], None]) -> bytes:
    """A graph of ``series``, with the times of ``zone``. ``kind``: ``svg``, or else PNG. ``check`` is called for each
    line, to raise when it takes too long. Raises QueryError."""
    canvas = _canvas(kind, options)
    draw_lines(canvas, series, options, zone, check)
    return canvas.data()


def pie_graph(kind: str, slices: Sequence[Slice], options: Options) -> bytes:
    """A circle of ``slices``."""
    canvas = _canvas(kind, options)
    draw_pie(canvas, slices, options)
    return canvas.data()


def _canvas(kind: str, options: Options) -> Canvas:
    made = Vector if kind == "svg" else Raster
    return made(options.width, options.height, options.theme.background)

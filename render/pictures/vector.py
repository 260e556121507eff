"""Pictures of lines, as SVG."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

import numpy as np

from ...schema.grid import Floats
from .canvas import Area, Pen
from .colors import Color
from .fonts import Font

_GENERIC: Final = {"DejaVu Sans": "sans-serif", "DejaVu Serif": "serif", "DejaVu Sans Mono": "monospace"}

# What XML cannot say at all.
_UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Vector:
    """Implements Canvas."""

    def __init__(self, width: int, height: int, background: Color) -> None:
        size = f'width="{width}" height="{height}"'
        self._parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}">']
        self._parts.append(f"<rect {size} {_paint('fill', background)}/>")
        self._clips = 0
        self._inside = ""

    def clip(self, area: Area | None) -> None:
        self._inside = ""
        if area:
            self._clips += 1
            self._inside = f' clip-path="url(#clip{self._clips})"'
            box = f'<rect x="{area.left:g}" y="{area.top:g}" width="{area.width:g}" height="{area.height:g}"/>'
            self._parts.append(f'<clipPath id="clip{self._clips}">{box}</clipPath>')

    def stroke(self, points: Floats, pen: Pen) -> None:
        dash = f' stroke-dasharray="{pen.dash:g}"' if pen.dash else ""
        look = f'fill="none" {_paint("stroke", pen.color)} stroke-width="{pen.width:g}"{dash} stroke-linejoin="round"'
        crisp = ' shape-rendering="crispEdges"' if pen.crisp and pen.width >= 1 else ""
        self._parts.append(f'<path d="{_way(points)}" {look}{crisp}{self._inside}/>')

    def fill(self, points: Floats, color: Color) -> None:
        self._parts.append(f'<path d="{_way(points)}Z" {_paint("fill", color)}{self._inside}/>')

    def text(self, text: str, x: float, y: float, font: Font, color: Color, angle: int = 0) -> None:
        turned = f' transform="rotate({-angle} {x:.2f} {y:.2f})"' if angle else ""
        letters = f'font-family="{font.family}, {_GENERIC[font.family]}" font-size="{font.face.size:g}"{_weight(font)}'
        place = f'x="{x:.2f}" y="{y:.2f}"{turned}'
        self._parts.append(f'<text {place} xml:space="preserve" {letters} {_paint("fill", color)}>{_said(text)}</text>')

    def data(self) -> bytes:
        return "\n".join([*self._parts, "</svg>\n"]).encode()


def _way(points: Floats) -> str:
    """A new line begins after each point of NaN."""
    breaks = np.flatnonzero(np.isnan(points[:, 1]))
    runs = (run[~np.isnan(run[:, 1])] for run in np.split(points, breaks))
    return "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in run.tolist()) for run in runs if len(run))


def _paint(what: str, color: Color) -> str:
    opacity = f' {what}-opacity="{color.alpha:.3g}"' if color.alpha < 1 else ""
    return f'{what}="{color.hex()}"{opacity}'


def _weight(font: Font) -> str:
    return (' font-weight="bold"' if font.face.bold else "") + (' font-style="italic"' if font.face.italic else "")


def _said(text: str) -> str:
    return escape(_UNSAYABLE.sub("\N{REPLACEMENT CHARACTER}", text))

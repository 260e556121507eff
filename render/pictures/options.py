"""How a picture is wanted: the parameters of Graphite that have to do with looks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import unquote_plus

from ...schema.errors import QueryError
from .colors import Color, color
from .themes import DEFAULT, THEMES, Theme

Default = TypeVar("Default", bound="float | None")

_LARGEST_SIDE = 5_000
_LARGEST_AREA = 10_000_000

# Directives alone: a width in one could make a label of gigabytes.
_CLOCK_FORMAT = re.compile(r"(?:[^%]|%-?[A-Za-z%]){1,100}")


@dataclass(frozen=True, slots=True)
class Side:
    """One value axis, and the lines that belong to it; None leaves it to the data."""

    least: float | None = None
    most: float | None = None
    limit: float | None = None
    step: float | None = None
    width: float | None = None
    color: Color | None = None
    dash: float | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """Letters: ``size`` in pixels."""

    name: str = "Sans"
    size: float = 10.0
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes in pixels. ``hide_legend`` None: as there is room. What is not sensible was passed over."""

    width: int = 330
    height: int = 250
    margin: int = 10
    theme: Theme = DEFAULT
    face: Face = field(default_factory=Face)
    title: str = ""
    vtitle: str = ""
    vtitle_right: str = ""
    line_mode: str = "slope"
    area_mode: str = "none"
    area_alpha: float | None = None
    line_width: float = 1.2
    connected_limit: float = math.inf
    null_as_zero: bool = False
    hide_legend: bool | None = None
    hide_axes: bool = False
    hide_x_axis: bool = False
    hide_y_axis: bool = False
    hide_grid: bool = False
    unique_legend: bool = False
    hide_null_from_legend: bool = False
    axis_on_right: bool = False
    units: str = "si"
    divisors: tuple[int, ...] = (4, 5, 6)
    log_base: float | None = None
    minor_y: int = 1
    min_x_step: float = 1.0
    clock_format: str | None = None
    only: Side = field(default_factory=Side)
    left: Side = field(default_factory=Side)
    right: Side = field(default_factory=Side)
    value_labels: str = "percent"
    value_labels_min: float = 5.0
    value_labels_color: Color | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Options:
        """From the parameters of a request, of which any may be odd. QueryError for a picture that would be too large."""
        words = _Words({name: text for name, text in given.items() if text and text.lower() != "default"})
        bare = words.flag("graphOnly")
        width, height = words.whole("width", 330, 1, 10**9), words.whole("height", 250, 1, 10**9)
        if max(width, height) > _LARGEST_SIDE or width * height > _LARGEST_AREA:
            raise QueryError(
                f"width={width}, height={height}: want at most {_LARGEST_SIDE} of each and {_LARGEST_AREA:,} pixels in all"
            )
        return cls(
            width=width,
            height=height,
            margin=0 if bare else words.whole("margin", 10, 0, min(width, height) // 3),
            theme=words.theme(),
            face=words.face(),
            title="" if bare else words.text("title"),
            vtitle="" if bare else words.text("vtitle"),
            vtitle_right="" if bare else words.text("vtitleRight"),
            line_mode=words.choice("lineMode", "slope", "staircase", "connected"),
            area_mode=words.choice("areaMode", "none", "first", "all", "stacked"),
            area_alpha=words.number("areaAlpha", 0, 1),
            line_width=words.number("lineWidth", 0, 100) or words.number("thickness", 0, 100) or 1.2,
            connected_limit=words.number("connectedLimit", 0) or math.inf,
            null_as_zero=words.flag("drawNullAsZero"),
            hide_legend=True if bare else words.maybe_flag("hideLegend"),
            hide_axes=bare or words.flag("hideAxes"),
            hide_x_axis=words.flag("hideXAxis"),
            hide_y_axis=words.flag("hideYAxis"),
            hide_grid=bare or words.flag("hideGrid"),
            unique_legend=words.flag("uniqueLegend"),
            hide_null_from_legend=words.flag("hideNullFromLegend"),
            axis_on_right=words.choice("yAxisSide", "left", "right") == "right",
            units=words.choice("yUnitSystem", "si", "binary", "sec", "msec", "none"),
            divisors=words.divisors(),
            log_base=words.log_base(),
            minor_y=words.whole("minorY", 1, 0, 20),
            min_x_step=words.number("minXStep", 0.01, 100) or 1.0,
            clock_format=words.clock_format(),
            only=words.side(""),
            left=words.side("Left"),
            right=words.side("Right"),
            value_labels=words.choice("valueLabels", "percent", "number", "none"),
            value_labels_min=_or(words.number("valueLabelsMin"), 5.0),
            value_labels_color=words.color("valueLabelsColor"),
        )


_FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class _Words:
    """Parameters, each read leniently."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def text(self, name: str) -> str:
        """Pages have always escaped it once too often."""
        return unquote_plus(self._given.get(name, ""))[:1_000]

    def choice(self, name: str, *choices: str) -> str:
        """The first one for what is none of them."""
        text = self._given.get(name, "").lower()
        return text if text in choices else choices[0]

    def maybe_flag(self, name: str) -> bool | None:
        return _FLAGS.get(self._given.get(name, "").lower())

    def flag(self, name: str) -> bool:
        return bool(self.maybe_flag(name))

    def number(self, name: str, least: float = -1e300, most: float = 1e300) -> float | None:
        """None for what is not between ``least`` and ``most``."""
        try:
            value = float(self._given.get(name, ""))
        except ValueError:
            return None
        return value if least <= value <= most else None

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self.number(name, least, most)
        return default if value is None else int(value)

    def color(self, name: str) -> Color | None:
        return color(self._given.get(name, ""))

    def theme(self) -> Theme:
        theme = THEMES.get(self._given.get("template", "default"), DEFAULT)
        lines = tuple(found for found in map(color, unquote_plus(self._given.get("colorList", "")).split(",")) if found)
        return Theme(
            self.color("bgcolor") or theme.background,
            self.color("fgcolor") or theme.foreground,
            self.color("majorGridLineColor") or theme.major,
            self.color("minorGridLineColor") or theme.minor,
            lines or theme.lines,
        )

    def face(self) -> Face:
        size = self.number("fontSize", 1, 200) or 10.0
        return Face(self._given.get("fontName", "Sans"), size, self.flag("fontBold"), self.flag("fontItalic"))

    def side(self, side: str) -> Side:
        """``side`` is empty where there is one axis alone."""
        lines = side.lower() or "no"
        least, most = self.number(f"yMin{side}"), self.number(f"yMax{side}")
        if not side:
            least, most = _or(least, self.number("min")), _or(most, self.number("max"))
        return Side(
            least,
            most,
            self.number(f"yLimit{side}"),
            self.number(f"yStep{side}", 1e-300),
            self.number(f"{lines}Width", 0, 100),
            self.color(f"{lines}Color"),
            self.number(f"{lines}Dashed", 0.1, 1_000),
        )

    def divisors(self) -> tuple[int, ...]:
        words = self._given.get("yDivisors", "").split(",")
        found = tuple(int(word) for word in words if word.isascii() and word.isdigit() and 1 <= int(word[:4]) <= 100)
        return found or (4, 5, 6)

    def log_base(self) -> float | None:
        if self._given.get("logBase", "").lower() == "e":
            return math.e
        return self.number("logBase", 1.001, 1e6)

    def clock_format(self) -> str | None:
        text = self._given.get("xFormat", "")
        return text if _CLOCK_FORMAT.fullmatch(text) else None


def _or(value: float | None, default: Default) -> float | Default:
    return default if value is None else value

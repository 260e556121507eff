"""What functions work on: a line of a graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..schema.grid import Floats

_WRAPPED = re.compile(r"[a-z]+[(].+[)]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """How it is drawn; what is None is left to the graph. ``filled``: with the area below it."""

    color: str | None = None
    alpha: float | None = None
    line_width: float | None = None
    dash: float | None = None
    filled: bool = False
    infinite: bool = False
    second_axis: bool = False
    invisible: bool = False


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """``values`` is float64, NaN for a gap; slot i begins at ``start + i * step_s``; read only, for many may share them.

    ``stop`` is what Graphite calls the end. It may differ from the end of the last slot, and then says how far answers go.
    ``expression`` is what functions put into the names of what they make of it. ``consolidation`` is how several slots
    become one, of which ``x_files_factor`` must be there (a share).
    """

    name: str
    start: int
    stop: int
    step_s: int
    values: Floats
    tags: Mapping[str, str]
    expression: str
    consolidation: str = "average"
    x_files_factor: float = 0.0
    style: Style = field(default_factory=Style)

    @classmethod
    def of(cls, name: str, start: int, stop: int, step_s: int, values: Floats, **more: Any) -> TimeSeries:
        """With the tags that ``name`` carries and ``name`` as its expression, unless ``more`` says otherwise."""
        return cls(name, start, stop, step_s, values, **{"tags": tags_of(name), "expression": name, **more})

    def named(self, name: str) -> TimeSeries:
        """Under another name, which is its expression, too."""
        return replace(self, name=name, expression=name)

    def with_values(self, values: Floats) -> TimeSeries:
        """Other values in the same slots."""
        return replace(self, values=values)

    def drawn(self, **style: Any) -> TimeSeries:
        """Drawn in another style."""
        return replace(self, style=replace(self.style, **style))

    def times(self) -> range:
        """Where the slots begin that an answer shows: none is after ``stop``."""
        return range(self.start, self.stop + 1, self.step_s)[: len(self.values)]

    def has_values(self) -> bool:
        """Whether any slot is filled."""
        return not bool(np.isnan(self.values).all())


def tags_of(name: str) -> dict[str, str]:
    """``name`` and the tags that a path carries. What looks like a function's result has its name alone."""
    base, *tags = name.split(";")
    if _WRAPPED.fullmatch(name) or not all("=" in tag for tag in tags):
        return {"name": name}
    return {"name": base, **dict(tag.split("=", 1) for tag in tags)}

"""All functions by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Final

from .function import Function

# The modules of functions/.
_FAMILIES: Final = (
    "arithmetic",
    "calculus",
    "combining",
    "consolidation",
    "drawing",
    "filtering",
    "forecasts",
    "gaps",
    "grouping",
    "legends",
    "limits",
    "lines",
    "moving",
    "naming",
    "outliers",
    "pairing",
    "ranking",
    "ratios",
    "shifting",
    "summaries",
    "synthetic",
)


@cache
def functions() -> Mapping[str, Function]:
    """Every name that a target may call. The first time takes 50 ms, for which the start of a service does not wait."""
    families = (import_module(f"{__package__}.functions.{name}") for name in _FAMILIES)
    known = (one for family in families for one in family.FUNCTIONS)
    return {name: one for one in known for name in one.names}

"""All functions by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from .function import Function
from .functions import (
    arithmetic,
    calculus,
    combining,
    consolidation,
    drawing,
    filtering,
    forecasts,
    gaps,
    grouping,
    legends,
    limits,
    lines,
    moving,
    naming,
    outliers,
    pairing,
    ranking,
    ratios,
    shifting,
    summaries,
    synthetic,
)

_FAMILIES = (
    arithmetic,
    calculus,
    combining,
    consolidation,
    drawing,
    filtering,
    forecasts,
    gaps,
    grouping,
    legends,
    limits,
    lines,
    moving,
    naming,
    outliers,
    pairing,
    ranking,
    ratios,
    shifting,
    summaries,
    synthetic,
)


@cache
def functions() -> Mapping[str, Function]:
    """Every name that a target may call."""
    known = (one for family in _FAMILIES for one in family.FUNCTIONS)
    return {name: one for one in known for name in one.names}

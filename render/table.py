"""All functions by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from .function import Function
from .functions import combining, naming, synthetic

_FAMILIES = (combining, naming, synthetic)


@cache
def functions() -> Mapping[str, Function]:
    """Every name that a target may call."""
    known = (one for family in _FAMILIES for one in family.FUNCTIONS)
    return {name: one for one in known for name in one.names}

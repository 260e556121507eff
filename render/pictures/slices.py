"""Slices of a circle."""

from __future__ import annotations

from typing import NamedTuple


class Slice(NamedTuple):
    """Part of a whole. What is not above zero, or infinite, is no part."""

    name: str
    value: float

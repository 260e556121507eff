"""Filled areas, none of which is drawn over an earlier one: that is how a stack is made of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...schema.grid import Floats
from .curves import runs

# Between neighbours a line of background would show if they only touched.
_OVERLAP = 0.7

_EDGE = 1e-6


class Outline:
    """What is filled so far: for every x a stretch of y around ``zero``. Pixels, y downward."""

    def __init__(self, left: float, right: float, zero: float) -> None:
        self._zero = zero
        self._x = np.array([left - 1.0, right + 1.0])
        self._above = np.array([zero, zero])
        self._below = self._above.copy()

    def added(self, points: Floats, *, overlap: bool) -> Iterator[Floats]:
        """The polygons that fill from zero to a curve leave to be filled. ``overlap``: they reach a little into earlier ones,
        which have to be drawn later."""
        reach = _OVERLAP if overlap else 0.0
        for run in runs(points):
            yield from self._add(run, reach)

    def _add(self, run: Floats, reach: float) -> Iterator[Floats]:
        first, last = run[0, 0], run[-1, 0]
        self._refine(np.concatenate(([first - _EDGE], run[:, 0], [last + _EDGE])))
        inside = slice(np.searchsorted(self._x, first), np.searchsorted(self._x, last, "right"))
        x = self._x[inside]
        y = np.interp(x, run[:, 0], run[:, 1])
        for border, further, towards in ((self._above, np.minimum, reach), (self._below, np.maximum, -reach)):
            old = border[inside].copy()
            border[inside] = further(old, y)
            grown = border[inside] != old
            if grown.any():
                yield _polygon(x, border[inside], old + towards * (grown & (old != self._zero)))

    def _refine(self, x: Floats) -> None:
        """The same outline with points at ``x``, too."""
        merged = np.union1d(self._x, x)
        self._above, self._below = (np.interp(merged, self._x, border) for border in (self._above, self._below))
        self._x = merged


def _polygon(x: Floats, outer: Floats, inner: Floats) -> Floats:
    return np.column_stack((np.concatenate((x, x[::-1])), np.concatenate((outer, inner[::-1]))))

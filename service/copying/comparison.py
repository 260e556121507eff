"""What two places have differently, counted and in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from ...schema.grid import COLUMNS, Grid
from .pairing import Difference, Pairing

_SHOWN: Final = 20


class Comparison:
    """``points``: compared so far, those that only one place has too; ``differing``: how many of them differ."""

    def __init__(self, pairing: Pairing) -> None:
        self._pairing = pairing
        self.missing = len(pairing.missing)
        self.paths = sum(len(group.paths) for group in pairing.groups)
        self.points = 0
        self.differing = 0

    def lines(self) -> Iterator[str]:
        """The first paths that are missing and the first points that differ; all is compared when there are no more. Raises
        Unavailable."""
        for path in self._pairing.missing[:_SHOWN]:
            yield f"{path}: missing"
        for found in self._pairing.all():
            yield from islice(_lines(found), max(0, _SHOWN - self.differing))
            self.points += int(np.count_nonzero((found.here.count > 0) | (found.there.count > 0)))
            self.differing += int(np.count_nonzero(found.where))

    def __str__(self) -> str:
        return (
            f"{self.paths:,} paths and {self.points:,} points compared: "
            f"{self.missing:,} paths missing, {self.differing:,} points differ"
        )


def _lines(found: Difference) -> Iterator[str]:
    step_s = found.here.step_s
    for row, slot in np.argwhere(found.where):
        at = found.here.start + int(slot) * step_s
        shown = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(at))
        here, there = (_point(grid, row, slot) for grid in (found.here, found.there))
        yield f"{found.paths[row]} at {shown} ({at}), step {step_s}s: {here}; there {there}"


def _point(grid: Grid, row: int, slot: int) -> str:
    if not grid.count[row, slot]:
        return "no point"
    values = ", ".join(f"{name} {float(getattr(grid, name)[row, slot])!r}" for name in COLUMNS)
    return f"count {grid.count[row, slot]}, {values}"

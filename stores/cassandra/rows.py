"""Rows as they were read: which of them count, and where their points go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...codec.points import add_points
from ...schema.grid import Grid
from ...schema.identity import Mode
from ...schema.protocols import ChunkSet
from .manifest import Erasure

Row = tuple[int, int, int, float, float, float, float]  # time, number of the set, count, sum, min, max, last

_WHOLE, _FLOAT = ("time", "number", "count"), ("sum", "min", "max", "last")
_ROW = np.dtype([*((name, "<i8") for name in _WHOLE), *((name, "<f8") for name in _FLOAT)])


class Rows:
    """Those that belong to ``sets``, in the order of these, which is that in which they are merged. What a change that was given
    up has left behind has a number that no set has."""

    def __init__(self, sets: Sequence[ChunkSet], erasures: Sequence[Erasure]) -> None:
        self._sets = sets
        self._erasures = erasures
        self._places = {one.number: place for place, one in enumerate(sets)}
        self._parts: list[tuple[int, NDArray[np.int64], NDArray[np.void]]] = []  # row of the grid, places of the sets, points

    def add(self, row: int, id_: int, rows: Sequence[Row]) -> None:
        """These are of the path ``id_``, and go to ``row`` of the grid."""
        if not rows:
            return
        points = np.array(rows, _ROW)
        places = np.array([self._places.get(number, -1) for number in points["number"].tolist()], np.int64)
        counting = (places >= 0) & ~self._erased(id_, points)
        self._parts.append((row, places[counting], points[counting]))

    def merge(self, into: Grid) -> None:
        """Merge all that was added into ``into``."""
        if not self._parts:
            return
        rows = np.concatenate([np.full(len(places), row) for row, places, _ in self._parts])
        places = np.concatenate([places for _, places, _ in self._parts])
        points = np.concatenate([points for _, _, points in self._parts])
        order = np.argsort(places, kind="stable")
        for run in self._runs(places, order):
            self._merge_run(rows[run], points[run], self._sets[places[run[0]]].identity.mode, into)

    def _erased(self, id_: int, points: NDArray[np.void]) -> NDArray[np.bool_]:
        erased = np.zeros(len(points), np.bool_)
        for one in self._erasures_of(id_):
            erased |= (points["number"] < one.number) & (points["time"] >= one.start) & (points["time"] < one.stop)
        return erased

    def _erasures_of(self, id_: int) -> Iterable[Erasure]:
        return (one for one in self._erasures if _holds(one, id_))

    def _runs(self, places: NDArray[np.int64], order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Neighbours of one mode."""
        modes = np.array([one.identity.mode for one in self._sets], np.int64)[places[order]]
        return [run for run in np.split(order, np.flatnonzero(np.diff(modes)) + 1) if len(run)]

    def _merge_run(self, rows: NDArray[np.int64], points: NDArray[np.void], mode: Mode, into: Grid) -> None:
        columns = (points["time"] - into.start) // into.step_s
        total, low, high, last = (points[name] for name in _FLOAT)
        add_points(into, rows, columns, points["count"], total, low, high, last, mode)


def _holds(one: Erasure, id_: int) -> bool:
    at = int(np.searchsorted(one.ids, id_))
    return at < len(one.ids) and int(one.ids[at]) == id_

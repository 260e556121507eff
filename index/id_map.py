"""Which id of a writer is which id of the union."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..schema.rows import Ids

NO_ID = 2**32 - 1  # where a trie or a map has none
LAST_DAY = 0xFFFF  # of those that a trie knows; later ones count as this one

_LEAST_ROOM = 1_024


class IdColumn:
    """A number for each id: ``nothing`` where none was put. Any thread may ask while one other puts."""

    def __init__(self, nothing: int) -> None:
        self._nothing = np.uint32(nothing)
        self._values = np.full(_LEAST_ROOM, nothing, np.uint32)

    def of(self, ids: Ids) -> Ids:
        """The numbers of ``ids``."""
        values = self._values
        return np.where(ids < len(values), values.take(ids, mode="clip"), self._nothing)

    def put(self, ids: Ids, numbers: Ids | int) -> None:
        if len(ids):
            self._reach(int(ids.max()) + 1)
            self._values[ids] = numbers

    def put_ids(self) -> Ids:
        """The ids that have a number, ascending."""
        return np.flatnonzero(self._values != self._nothing).astype(np.uint32)

    def _reach(self, size: int) -> None:
        """Who asks meanwhile still has the shorter array, which holds all that was put."""
        if size > len(self._values):
            room = max(size, len(self._values) * 3 // 2)
            wider = np.full(room, self._nothing, np.uint32)
            wider[: len(self._values)] = self._values
            self._values = wider


class IdMap:
    """The ids of one writer and of the union that stand for the same path, and on which days the writer saw it. Any thread may
    ask while one other changes it."""

    def __init__(self) -> None:
        self._union_ids = IdColumn(NO_ID)
        self._writer_ids = IdColumn(NO_ID)
        self._first = IdColumn(LAST_DAY)
        self._last = IdColumn(0)

    def union_ids(self, ids: Ids) -> Ids:
        """What the writer's ``ids`` are in the union; NO_ID where they have no path."""
        return self._union_ids.of(ids)

    def writer_ids(self, union_ids: Ids) -> Ids:
        """What ``union_ids`` are at the writer; NO_ID where it does not have their paths."""
        return self._writer_ids.of(union_ids)

    def holds(self, union_ids: Ids) -> NDArray[np.bool_]:
        """Which of them the writer has."""
        held: NDArray[np.bool_] = self.writer_ids(union_ids) != NO_ID
        return held

    def ids(self) -> Ids:
        """The writer's ids that have a path, ascending."""
        return self._union_ids.put_ids()

    def tie(self, ids: Ids, union_ids: Ids) -> None:
        """``ids[i]`` is ``union_ids[i]``: neither is tied to another."""
        self._union_ids.put(ids, union_ids)
        self._writer_ids.put(union_ids, ids)

    def untie(self, ids: Ids) -> None:
        """These ids of the writer have no path and were never seen."""
        union_ids = self.union_ids(ids)
        self._writer_ids.put(union_ids[union_ids != NO_ID], NO_ID)
        self._union_ids.put(ids, NO_ID)
        self._first.put(ids, LAST_DAY)
        self._last.put(ids, 0)

    def see(self, ids: Ids, day: int) -> None:
        """The writer saw ``ids`` on ``day``."""
        self._first.put(ids, np.minimum(self._first.of(ids), np.uint32(day)))
        self._last.put(ids, np.maximum(self._last.of(ids), np.uint32(day)))

    def days(self, number: int) -> Sequence[int]:
        """The first and the last day on which the writer saw id ``number``; nothing if it never did."""
        one = np.array([number], np.uint32)
        first, last = int(self._first.of(one)[0]), int(self._last.of(one)[0])
        return (first, last) if first <= last else ()

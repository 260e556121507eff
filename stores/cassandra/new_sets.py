"""The sets that one change writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

import numpy as np

from ...schema.identity import Identity, Level
from ...schema.protocols import ChunkSet, Slice
from .link import Batch, Request
from .manifest import NUMBERS_A_CHANGE, SetEntry
from .points import NewSet, Points
from .set_ids import put_ids


class NewSets:
    """``sets`` has them once all of ``requests`` were sent."""

    def __init__(self, points: Points, writer: str, level: Level, first_number: int, ttl_s: Callable[[int], int]) -> None:
        """``ttl_s(stop)``: how long rows live whose windows end at ``stop``."""
        self._points = points
        self._writer = writer
        self._level = level
        self._numbers = iter(range(first_number, first_number + NUMBERS_A_CHANGE))
        self._ttl_s = ttl_s
        self.sets: list[SetEntry] = []

    def requests(self, slices: Iterable[Slice]) -> Iterator[Request | Batch]:
        """What stores ``slices``: a set for each span that has a point. The arrays of a slice are done with when the next one is
        asked for."""
        for (identity, start, stop), pieces in groupby(slices, key=_set_of):
            yield from self._set(NewSet(next(self._numbers), start, stop, self._ttl_s(stop)), identity, pieces)

    def _set(self, one: NewSet, identity: Identity, pieces: Iterable[Slice]) -> Iterator[Request | Batch]:
        size, found = 0, [np.empty(0, np.uint32)]
        for piece in pieces:
            put = self._points.put(self._level, one, piece)
            size += put.size_bytes
            found.append(put.ids)
            yield from put.batches
        ids = np.concatenate(found)
        if len(ids):
            yield from put_ids(self._writer, one.number, ids, one.ttl_s, one.stop)
            chunks = ChunkSet(one.number, identity, one.start, one.stop, 0, size)
            self.sets.append(SetEntry(chunks, int(ids[-1]), one.number))


def _set_of(piece: Slice) -> tuple[Identity, int, int]:
    return piece.identity, piece.grid.start, piece.grid.stop

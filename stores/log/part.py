"""The rows of a segment as the engine reads them, to seal or to publish them."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...codec.chunk import MAX_SLOTS
from ...schema.errors import Damaged
from ...schema.grid import Grid
from ...schema.identity import Identity, Level
from ...schema.protocols import Extent
from ...schema.resolution import DAY_S, span_of
from ...schema.rows import Ids
from ..disk import disk
from .format import Kind
from .records import CELLS, KIND, OFFSET, TIME
from .segment import Segment

# Points of a path in a span: fewer are not worth a chunk.
_LEAST_POINTS = 90
# Cells of all grids that an extent is read into: mostly empty, and yet they cost their time.
_MOST_SPARSE_CELLS = 1 << 25

# Cells read, of 8 bytes each in a dense row, before the map is given back.
_CELLS_MAPPED = 4 << 20


class SegmentPart:
    """The rows of a segment that ``identity`` names, all acknowledged. The file, which may grow, is opened when they are first
    read, and held. One thread."""

    def __init__(self, path: Path, level: Level, identity: Identity) -> None:
        self.path = path
        self.level = level
        self.identity = identity
        self._after, self._through = identity.first - 1, identity.last
        self._cells_read = 0  # since the map was given back

    def extents(self) -> list[Extent]:
        """The spans it has points in, ascending. Raises Damaged, Unavailable."""
        with disk(self.path):
            lines = self._segment.rows(self._after, self._through)
            spans = lines[:, TIME] // span_of(self.level.step_s)
            by_span = [lines[spans == span] for span in np.unique(spans)]
            return [extent for _, some in groupby(by_span, key=self._stretch) for extent in self._extents_of(list(some))]

    def read(self, ids: Ids, into: Grid) -> None:
        """Merge the points of ``ids`` (ids[i] -> row i) that lie in ``into``'s range into it, in order of sequence."""
        self._segment.read(ids, self._after, self._through, into)
        # The writer reads every byte once: it need not have all of them in memory for that.
        self._cells_read += into.count.size
        if self._cells_read >= _CELLS_MAPPED:
            self._segment.give_back()
            self._cells_read = 0

    def _open(self) -> Segment:
        return Segment(self.path)

    def _stretch(self, lines: NDArray[np.int64]) -> tuple[int, int]:
        """Which day a span is of, and which part of it: no more than a chunk can hold."""
        day, second = divmod(int(lines[0, TIME]), DAY_S)
        span_s = span_of(self.level.step_s)
        return day, second // (MAX_SLOTS * self.level.step_s // span_s * span_s)

    def _extents_of(self, by_span: list[NDArray[np.int64]]) -> list[Extent]:
        """One for each span; of stragglers one for all, for each extent becomes chunks and a file of its own."""
        extents = [self._extent(of_span) for of_span in by_span]
        if len(extents) > 1 and all(_is_sparse(lines, extent) for lines, extent in zip(by_span, extents, strict=True)):
            whole = self._extent(np.concatenate(by_span))
            if whole.slots * len(whole.ids) <= _MOST_SPARSE_CELLS:
                return [whole]
        return extents

    @cached_property
    def _segment(self) -> Segment:
        with disk(self.path):
            return self._open()

    @cached_property
    def _sorted_ids(self) -> Ids:
        ids = np.unique(self._segment.ids)
        if len(ids) != len(self._segment.ids):
            raise Damaged(str(self.path), 0, "two of its slots are of one id")
        return ids

    def _extent(self, lines: NDArray[np.int64]) -> Extent:
        start, last = int(lines[:, TIME].min()), int(lines[:, TIME].max())
        return Extent(start, (last - start) // self.level.step_s + 1, self._ids_of(lines))

    def _ids_of(self, lines: NDArray[np.int64]) -> Ids:
        """Ascending ids that may have points in these records."""
        dense = int(lines[lines[:, KIND] == Kind.DENSE, CELLS].max(initial=0))
        if dense == len(self._sorted_ids):
            return self._sorted_ids
        sparse = [self._slots_of(line) for line in lines[lines[:, KIND] == Kind.SPARSE]]
        slots = np.unique(np.concatenate([np.arange(dense, dtype=np.uint32), *sparse]))
        return np.sort(self._segment.ids[slots])

    def _slots_of(self, line: NDArray[np.int64]) -> NDArray[np.uint32]:
        slots = self._segment.words(int(line[OFFSET]), int(line[CELLS]))
        if slots.max(initial=0) >= len(self._segment.ids):
            raise Damaged(
                str(self.path), int(line[OFFSET]), f"a cell of slot {slots.max()}, and there are {len(self._segment.ids)}"
            )
        return slots


def _is_sparse(lines: NDArray[np.int64], extent: Extent) -> bool:
    return int(lines[:, CELLS].sum()) < _LEAST_POINTS * len(extent.ids)

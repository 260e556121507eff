"""A closed segment, as the engine seals it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...schema.grid import Grid
from ...schema.identity import Identity, Level
from ...schema.protocols import Extent
from ...schema.resolution import span_of
from ...schema.rows import Ids
from ..disk import disk
from .format import Kind
from .records import CELLS, KIND, OFFSET, TIME
from .repair import check
from .segment import ALL_SEQUENCES, Segment

# Cells read, of 8 bytes each in a dense row, before the map is given back.
_CELLS_MAPPED = 4 << 20


class RolledSegment:
    """Nothing is appended to it any more. Opened, and checked byte for byte, when it is first read. One thread."""

    def __init__(self, path: Path, level: Level, identity: Identity) -> None:
        self.path = path
        self.level = level
        self.identity = identity
        self._cells_read = 0  # since the map was given back

    def extents(self) -> list[Extent]:
        """The spans it has points in, ascending. Raises Damaged, Unavailable."""
        with disk(self.path):
            lines = self._segment.rows(0, ALL_SEQUENCES)
            spans = lines[:, TIME] // span_of(self.level.step_s)
            return [self._extent(lines[spans == span]) for span in np.unique(spans)]

    def read(self, ids: Ids, into: Grid) -> None:
        """Merge the points of ``ids`` (ids[i] -> row i) that lie in ``into``'s range into it, in order of sequence."""
        self._segment.read(ids, 0, ALL_SEQUENCES, into)
        # The writer reads every byte of a segment once: it need not have all of them in memory for that.
        self._cells_read += into.count.size
        if self._cells_read >= _CELLS_MAPPED:
            self._segment.give_back()
            self._cells_read = 0

    @cached_property
    def _segment(self) -> Segment:
        with disk(self.path):
            return check(self.path)

    @cached_property
    def _sorted_ids(self) -> Ids:
        return np.sort(self._segment.ids)

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
        return self._segment.words(int(line[OFFSET]), int(line[CELLS]))

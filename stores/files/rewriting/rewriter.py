"""Strips made of the chunks of other blocks: copied where they stay as they are, else decoded and encoded as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ....codec.chunk import Buffer, encode
from ....schema.grid import Grid
from ....schema.rows import Ids
from .. import _strips
from ..block import Block
from ..chunks import Chunks, Numbers, key
from ..draft import BlockDraft
from .runs import Runs, Window

# Of a grid that is decoded at once: it stays in the processor's cache.
_GRID_BYTES = 4 << 20
_CELL_BYTES = 40

# The rows that `_strips.join` takes: strip, part, begin, end, source.
_Rows = NDArray[np.int64]


class Rewriter:
    """Makes strips for a block with a part for each of ``windows`` (ascending) of what ``blocks`` hold."""

    def __init__(self, blocks: Sequence[Block], windows: Sequence[Window], erased: Window | None = None) -> None:
        """Runs that are decoded lose what they have in ``erased``."""
        self._blocks = blocks
        self._step_s = blocks[0].header.level.step_s
        self._windows = key(*np.array(windows, np.int64).T)
        self._erased = erased

    def write(self, draft: BlockDraft, ids: Ids, chunks: Chunks, runs: Runs, decoded: NDArray[np.bool_]) -> None:
        """Append the strips of ``ids`` to ``draft``: of each run its only chunk or, where it is ``decoded``, what its chunks hold
        together. An id of which nothing is left gets no strip. Raises Damaged."""
        sources: list[Buffer] = [block.data for block in self._blocks]
        rows = np.concatenate([self._copied(chunks, runs, ~decoded), *self._encoded(chunks, runs, decoded, sources)])
        if len(rows) == 0:
            return
        rows = rows[np.argsort(key(rows[:, 0], rows[:, 1]))]
        left, rows[:, 0] = np.unique(rows[:, 0], return_inverse=True)
        ends = np.empty(len(left), np.int64)
        draft.add(ids[left], _strips.join(sources, rows, len(self._windows), ends), ends)

    def _copied(self, chunks: Chunks, runs: Runs, which: NDArray[np.bool_]) -> _Rows:
        at = runs.first[which]
        parts = np.searchsorted(self._windows, key(runs.start[which], runs.stop[which]))
        return np.stack([runs.strip[which], parts, chunks.begin[at], chunks.end[at], chunks.block[at]], axis=1)

    def _encoded(self, chunks: Chunks, runs: Runs, which: NDArray[np.bool_], sources: list[Buffer]) -> Iterator[_Rows]:
        """Their bytes are appended to ``sources``."""
        windows = key(runs.start, runs.stop)
        for window in np.unique(windows[which]).tolist():
            at = np.flatnonzero(which & (windows == window))
            covered = Window(int(runs.start[at[0]]), int(runs.stop[at[0]]))
            rows = max(1, _GRID_BYTES // (_CELL_BYTES * (covered.stop - covered.start)))
            for first in range(0, len(at), rows):
                some = runs.take(at[first : first + rows])
                yield from self._encode(self._decode(chunks, some, covered), some.strip, covered, sources)

    def _decode(self, chunks: Chunks, runs: Runs, window: Window) -> Grid:
        """Row i has the points of run i."""
        slots = window.stop - window.start
        grid = Grid.empty(window.start * self._step_s, self._step_s, len(runs.strip), slots)
        members = chunks.take(runs.members())
        rows = np.repeat(np.arange(len(runs.strip)), runs.chunks)
        origin = key(members.block, members.part)
        for one in np.unique(origin).tolist():  # by block: in order of sequence
            at = np.flatnonzero(origin == one)
            places = np.stack([members.begin[at], members.end[at]], axis=1)
            self._blocks[members.block[at[0]]].decode(places, rows[at], int(members.part[at[0]]), grid)
        if self._erased:
            _clear(grid, max(0, self._erased.start - window.start), min(slots, self._erased.stop - window.start))
        return grid

    def _encode(self, grid: Grid, strips: Numbers, window: Window, sources: list[Buffer]) -> Iterator[_Rows]:
        for piece in window.pieces():
            data, offsets = encode(_columns(grid, piece.start - window.start, piece.stop - window.start))
            kept = np.flatnonzero(offsets[1:] > offsets[:-1])
            rows = np.empty((len(kept), 5), np.int64)
            rows[:, 0], rows[:, 2], rows[:, 3] = strips[kept], offsets[:-1][kept], offsets[1:][kept]
            rows[:, 1], rows[:, 4] = np.searchsorted(self._windows, key(piece.start, piece.stop)), len(sources)
            sources.append(data)
            yield rows


def _clear(grid: Grid, first: int, end: int) -> None:
    grid.count[:, first:end] = 0
    for values in (grid.sum, grid.min, grid.max, grid.last):
        values[:, first:end] = np.nan


def _columns(grid: Grid, first: int, end: int) -> Grid:
    """Some of its slots; a copy, unless it has no others."""
    count = np.ascontiguousarray(grid.count[:, first:end])
    floats = (np.ascontiguousarray(values[:, first:end]) for values in (grid.sum, grid.min, grid.max, grid.last))
    return Grid(grid.start + first * grid.step_s, grid.step_s, count, *floats)

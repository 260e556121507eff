"""Closed segments to chunks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..schema.grid import Grid
from ..schema.protocols import ChunkStore, Extent, Log, LogSegment, Slice
from .slices import SLICE_BYTES, ids_at_once


def unsealed(log: Log, sealed: int) -> list[LogSegment]:
    """Closed segments, oldest first, beyond ``sealed``, the last sequence that is in chunks."""
    return [segment for segment in log.rolled() if segment.identity.last > sealed]


def seal(segment: LogSegment, store: ChunkStore) -> None:
    """Hand the oldest closed segment that is not in chunks to ``store``. Repeated it changes nothing.

    Raises Damaged, Refused, Unavailable.
    """
    store.seal(segment.level, segment.identity.last, slices(segment))


def drop_lasting(log: Log, lasting: int) -> None:
    """Remove the closed segments up to ``lasting``, the last sequence that is in chunks for good. Raises Unavailable."""
    for segment in log.rolled():
        if segment.identity.last > lasting:
            return
        log.drop(segment)


def set_aside(log: Log, segment: LogSegment, store: ChunkStore) -> str:
    """Take a segment that ``store`` refuses out of the way of those after it. Returns where it is kept. Raises Refused,
    Unavailable."""
    aside = log.set_aside(segment)
    # Its sequences are not to be given again.
    store.seal(segment.level, segment.identity.last, ())
    return aside


def slices(segment: LogSegment, most_bytes: int = SLICE_BYTES) -> Iterator[Slice]:
    """All of its points, span by span, some ids at a time. A slice's arrays are used again for the next one."""
    for extent in segment.extents():
        paths = min(len(extent.ids), ids_at_once(extent.slots, most_bytes))
        grid = Grid.empty(extent.start, segment.level.step_s, paths, extent.slots)
        yield from _of_extent(segment, extent, grid)


def _of_extent(segment: LogSegment, extent: Extent, grid: Grid) -> Iterator[Slice]:
    paths = grid.shape[0]
    for first in range(0, len(extent.ids), paths):
        ids = extent.ids[first : first + paths]
        if first:
            _clear(grid)
        part = _rows(grid, len(ids))
        segment.read(ids, part)
        yield Slice(segment.level, segment.identity, ids, part)


def _clear(grid: Grid) -> None:
    grid.count.fill(0)
    for values in (grid.sum, grid.min, grid.max, grid.last):
        values.fill(np.nan)


def _rows(grid: Grid, paths: int) -> Grid:
    """The first ``paths`` rows of a grid, as a view."""
    if paths == grid.shape[0]:
        return grid
    floats = (values[:paths] for values in (grid.sum, grid.min, grid.max, grid.last))
    return Grid(grid.start, grid.step_s, grid.count[:paths], *floats)

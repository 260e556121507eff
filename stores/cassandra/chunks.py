"""Chunks as they were read: which of them count, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...codec.chunk import decode, encode
from ...schema.errors import Damaged
from ...schema.grid import COLUMNS, Grid
from ...schema.identity import Level
from ...schema.protocols import ChunkSet
from ...schema.rows import Ids
from .checksum import CRC_BYTES, checked, is_sound
from .ddl import chunk_table
from .manifest import Erasure

Row = tuple[int, int, int, bytes]  # id, start, number of the set, value


class Chunks:
    """Those of ``rows`` that belong to ``sets``, in the order of these, which is that in which they are merged."""

    def __init__(self, level: Level, sets: Sequence[ChunkSet], rows: Sequence[Row]) -> None:
        self._level = level
        self._sets = sets
        places = {(one.number, one.start): place for place, one in enumerate(sets)}
        # What a change that was given up has left behind has a number that no set has.
        found = np.array([places.get((number, start), -1) for _, start, number, _ in rows], np.int64)
        order = np.argsort(found, kind="stable")[np.count_nonzero(found < 0) :]
        self._places = found[order]
        self._ids = np.array([row[0] for row in rows], np.int64)[order]
        self._values = [rows[at][3] for at in order.tolist()]

    def merge(self, ids: Ids, erasures: Sequence[Erasure], into: Grid) -> Damaged | None:
        """Merge the points of ``ids`` (ids[i] -> row i) that are not erased into ``into``. Returns why some are left out, None if
        none are. ``ids`` has all that the chunks are of."""
        damage = self._drop_unsound()
        self._erase(erasures)
        self._decode(ids, into)
        return damage

    def _drop_unsound(self) -> Damaged | None:
        sound = [is_sound(value) for value in self._values]
        if all(sound):
            return None
        damage = Damaged(self._name(sound.index(False)), 0, "it fails its checksum")
        self._keep(np.flatnonzero(sound))
        return damage

    def _erase(self, erasures: Sequence[Erasure]) -> None:
        """A chunk that is touched is coded anew without what is erased."""
        for one in erasures:
            touched = np.array([one.touches(each) for each in self._sets], np.bool_)
            for at in np.flatnonzero(touched[self._places] & np.isin(self._ids, one.ids)).tolist():
                self._values[at] = self._without(at, one)
        if erasures:
            self._keep(np.flatnonzero([len(value) > CRC_BYTES for value in self._values]))

    def _without(self, at: int, erasure: Erasure) -> bytes:
        one, step_s = self._sets[self._places[at]], self._level.step_s
        grid = Grid.empty(one.start, step_s, 1, _slots(one, step_s))
        self._merge_run(np.array([at]), np.zeros(1, np.int64), grid)
        blank(grid, erasure.start, erasure.stop)
        data, _ = encode(grid)
        return checked(data)

    def _decode(self, ids: Ids, into: Grid) -> None:
        by_id = np.argsort(ids, kind="stable")
        rows = by_id[np.searchsorted(ids, self._ids, sorter=by_id)]
        for run in self._runs():
            self._merge_run(run, rows[run], into)

    def _runs(self) -> Iterator[NDArray[np.int64]]:
        """Neighbours of one width and mode: they are decoded together."""
        if not self._values:
            return
        kinds = np.array([(_slots(one, self._level.step_s), one.identity.mode) for one in self._sets])[self._places]
        changes = np.flatnonzero((kinds[1:] != kinds[:-1]).any(axis=1)) + 1
        yield from np.split(np.arange(len(kinds)), changes)

    def _merge_run(self, run: NDArray[np.int64], rows: NDArray[np.int64], into: Grid) -> None:
        """Chunk ``run[i]`` -> row ``rows[i]``."""
        step_s = self._level.step_s
        first = self._sets[self._places[run[0]]]
        values = [self._values[at] for at in run.tolist()]
        ends = np.cumsum([len(value) for value in values])
        offsets = np.column_stack((np.concatenate(([0], ends[:-1])), ends - CRC_BYTES))
        starts = np.array([one.start for one in self._sets], np.int64)[self._places[run]]
        columns = (starts - into.start) // step_s
        try:
            decode(b"".join(values), offsets, rows, _slots(first, step_s), into, columns, first.identity.mode)
        except ValueError as error:
            raise Damaged(f"{chunk_table(step_s)}, read for {len(run)} chunks", 0, str(error)) from error

    def _keep(self, which: NDArray[np.int64]) -> None:
        self._places, self._ids = self._places[which], self._ids[which]
        self._values = [self._values[at] for at in which.tolist()]

    def _name(self, at: int) -> str:
        one = self._sets[self._places[at]]
        where = f"policy {self._level.policy}, id {self._ids[at]}, start {one.start}, number {one.number}"
        return f"{chunk_table(self._level.step_s)} ({where})"


def blank(grid: Grid, start: int, stop: int) -> None:
    """No point is left in those of ``grid``'s windows that are in [start, stop)."""
    first, last = ((max(0, time - grid.start)) // grid.step_s for time in (start, stop))
    grid.count[:, first:last] = 0
    for name in COLUMNS:
        getattr(grid, name)[:, first:last] = np.nan


def _slots(one: ChunkSet, step_s: int) -> int:
    return (one.stop - one.start) // step_s

"""The segment that is being written."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...schema.identity import Mode
from ...schema.rows import ABSENT, Cells, Ids, Rows
from ..disk import sync_folder, write_at
from .format import Kind, RecordHeader, SegmentHeader, padding
from .segment import Segment
from .slots import NO_SLOT, SlotTable

Bytes: TypeAlias = bytes | memoryview

_AHEAD = 1 << 20

# What is staged goes to the page cache in pieces of this size, so that a flush of any size needs little memory.
_PIECE = 4 << 20


class Mark(NamedTuple):
    """A place to come back to."""

    end: int
    slots: int
    last: int
    newest: int


class ActiveSegment:
    """Appends to one segment file: ``put`` rows, then ``commit``. One thread.

    The first header of an append goes to the file after all else of it. Readers stop where there is no header, so they see
    a whole append or nothing of it.
    """

    def __init__(self, path: Path, fd: int, header: SegmentHeader, table: SlotTable, mark: Mark) -> None:
        self.path = path
        self.header = header
        self.end, _, self.last, self.newest = mark
        self._fd = fd
        self._table = table
        self._had_points: NDArray[np.bool_] = np.zeros(len(table), np.bool_)
        # Most rows hold the ids of the row before.
        self._former_ids: Ids = np.empty(0, np.uint32)
        self._former_slots: NDArray[np.int64] = np.empty(0, np.int64)
        self._allocated = os.fstat(fd).st_size
        self._first = b""
        self._clear()

    @classmethod
    def create(cls, path: Path, header: SegmentHeader) -> ActiveSegment:
        """A new file. Nothing of it counts before the first commit."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        segment = cls(path, fd, header, SlotTable(), Mark(0, 0, 0, 0))
        segment._push(header.pack())
        return segment

    @classmethod
    def resume(cls, segment: Segment, newest: int) -> ActiveSegment:
        """Goes on behind the last record of ``segment``, which has been verified."""
        table = SlotTable()
        table.extend(segment.ids)
        mark = Mark(segment.end, len(table), segment.last, newest)
        active = cls(segment.path, os.open(segment.path, os.O_RDWR | os.O_CLOEXEC), segment.header, table, mark)
        active._had_points[:] = True  # to know better, all rows would have to be read
        return active

    @property
    def mode(self) -> Mode:
        return self.header.mode

    @property
    def slots(self) -> int:
        return len(self._table)

    @property
    def staged_end(self) -> int:
        """Where the file will end after a commit."""
        return self._next

    @property
    def mark(self) -> Mark:
        """The state after the last commit; nothing is staged."""
        return Mark(self.end, len(self._table), self.last, self.newest)

    def ids_with_points(self) -> Ids:
        """Ascending."""
        return np.sort(self._table.ids[self._had_points])

    def add_slots(self, ids: Ids, sequence: int) -> None:
        """Stage the next slots, for ids that have none; ``sequence``: of the row that comes next."""
        if len(ids) == 0:
            return
        self._table.extend(ids)
        self._had_points = np.concatenate([self._had_points, np.zeros(len(ids), np.bool_)])
        self._stage(Kind.SLOTS, sequence, 0, len(ids), 0, [_bytes(ids), padding(ids.nbytes)])

    def put(self, rows: Rows, sequence: int) -> None:
        """Stage the points of one window."""
        slots = self._slots_of(rows.ids, sequence)
        dense = 12 * len(slots) >= 8 * len(self._table)
        kind, parts = (Kind.DENSE, self._dense(slots, rows.cells)) if dense else (Kind.SPARSE, _sparse(slots, rows.cells))
        parts += [_bytes(array) for array in (rows.count, rows.sum, rows.min, rows.max, rows.last)]
        cells = len(self._table) if dense else len(slots)
        self._stage(kind, sequence, rows.time, cells, len(rows.count), parts)
        self.last = sequence
        self.newest = max(self.newest, rows.time)

    def commit(self) -> None:
        """All that was put is durable when this returns."""
        if not self._first:
            return
        self._spill()
        write_at(self._fd, self._first, self.end)
        os.fdatasync(self._fd)
        if self.end == 0:
            sync_folder(self.path.parent)
        self.end = self._next
        self._clear()

    def finish(self) -> None:
        """Cut off what was allocated ahead: from now on every byte of the file must make sense."""
        os.ftruncate(self._fd, self.end)
        os.fdatasync(self._fd)
        self._allocated = self.end

    def cut(self, mark: Mark) -> None:
        """Back to ``mark``. What was put or committed since then is gone."""
        if self.end > mark.end:
            self._blank(mark.end)
        else:
            os.ftruncate(self._fd, mark.end)
            self._allocated = mark.end
        self._table.cut(mark.slots)
        self._had_points = self._had_points[: mark.slots]
        self._former_ids, self._former_slots = self._former_ids[:0], self._former_slots[:0]
        self.end, _, self.last, self.newest = mark
        self._clear()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _slots_of(self, ids: Ids, sequence: int) -> NDArray[np.int64]:
        if not np.array_equal(ids, self._former_ids):
            self._former_slots = self._find_or_add(ids, sequence).astype(np.int64)
            self._former_ids = ids.copy()
            self._had_points[self._former_slots] = True
        return self._former_slots

    def _find_or_add(self, ids: Ids, sequence: int) -> NDArray[np.uint32]:
        slots = self._table.find(ids)
        new = ids[slots == NO_SLOT]
        if len(new) == 0:
            return slots
        self.add_slots(new, sequence)
        return self._table.find(ids)

    def _dense(self, slots: NDArray[np.int64], cells: Cells) -> list[Bytes]:
        row = np.full(len(self._table), ABSENT, np.uint64)
        row[slots] = cells
        return [_bytes(row)]

    def _stage(self, kind: Kind, sequence: int, time: int, cells: int, multis: int, parts: list[Bytes]) -> None:
        crc = 0
        for part in parts:
            crc = zlib.crc32(part, crc)
        batch = self.end
        header = RecordHeader(kind, sequence, time, batch, cells, multis, sum(map(len, parts)), crc)
        self._push(header.pack())
        for part in parts:
            self._push(part)
        if self._next - self._spilled >= _PIECE:
            self._spill()

    def _push(self, data: Bytes) -> None:
        if not self._first:
            self._first = bytes(data)
            self._spilled = self.end + len(data)
        else:
            self._staged.append(data)
        self._next += len(data)

    def _spill(self) -> None:
        """Write what is staged, all but the first header."""
        if self._next > self._allocated:
            allocated = -(-self._next // _AHEAD) * _AHEAD
            os.posix_fallocate(self._fd, self._allocated, allocated - self._allocated)
            self._allocated = allocated
        write_at(self._fd, b"".join(self._staged), self._spilled)
        self._staged.clear()
        self._spilled = self._next

    def _blank(self, begin: int) -> None:
        """Zeros from ``begin`` on, headers first. Nothing is cut off: a reader that knows no writer may have mapped it."""
        for at in range(begin, self.end, _PIECE):
            write_at(self._fd, bytes(min(_PIECE, self.end - at)), at)

    def _clear(self) -> None:
        self._first = b""
        self._staged: list[Bytes] = []
        self._next = self._spilled = self.end


def _sparse(slots: NDArray[np.int64], cells: Cells) -> list[Bytes]:
    order = np.argsort(slots)
    places = slots[order].astype(np.uint32)
    return [_bytes(places), padding(places.nbytes), _bytes(cells[order])]


def _bytes(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).view(np.uint8).data

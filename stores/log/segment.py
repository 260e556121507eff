"""A segment file as its readers see it, in the writer's process or any other."""

from __future__ import annotations

import mmap
import os
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...schema.errors import Damaged
from ...schema.grid import Grid
from ...schema.identity import Mode
from ...schema.rows import Ids
from ..disk import disk
from ._gather import gather
from .format import RECORD_BYTES, Kind, RecordHeader, SegmentHeader
from .records import CELLS, CRC, KIND, MULTIS, OFFSET, SEQUENCE, SIZE, SLOTS, TIME, Records
from .slots import NO_SLOT, SlotTable

# Headers of small records lie close together: one read brings many.
_WINDOW = 4_096

_HEADER_BYTES = 1_024

# At a header that does not make sense: the writer may just be writing it.
_LOOKS = 3

ALL_SEQUENCES: Final = 2**63 - 1  # no writer says how far its log counts


class Segment:
    """Follows one segment file while it grows. Any thread.

    Headers are read with pread and only whole records are touched in the map: a writer may cut off what never was a whole
    record, and a map of bytes that are gone would kill the reader.

    What was parsed without a word from the writer counts until the file changes, or the writer does say a word.
    """

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError when the file is gone or nothing is written to it yet, Damaged, StoreError."""
        self.path = path
        self._fd = -1
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            parsed = SegmentHeader.parse(os.pread(self._fd, _HEADER_BYTES, 0), str(path))
        except BaseException:
            self.close()
            raise
        if parsed is None:
            self.close()
            raise FileNotFoundError(path)
        self.header, self.end = parsed
        self.inode = os.fstat(self._fd).st_ino
        self._records = Records()
        self._table = SlotTable()
        self._vouched = 0  # records that the writer stands for
        self._verified = 0  # records known to be whole
        self._torn = -1  # where a record begins that was seen not to be whole
        self._stamp = (0, 0)
        self._file: mmap.mmap | None = None
        self._map: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._lock = threading.Lock()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()

    @property
    def ids(self) -> Ids:
        """The id of each slot."""
        return self._table.ids

    @property
    def last(self) -> int:
        """The sequence of the last row parsed so far; 0 if none."""
        rows = self._records.rows(0, ALL_SEQUENCES)
        return int(rows[-1, SEQUENCE]) if len(rows) else 0

    @property
    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def verify(self) -> None:
        """Parse what was appended, up to the first record that is not whole."""
        with disk(self.path), self._lock:
            self._follow(ALL_SEQUENCES)
            self._verify()

    def refuse_rest(self) -> None:
        """To be called when all of the file was acknowledged: Damaged if it was not parsed to its last byte."""
        if self.end != self.size:
            raise Damaged(str(self.path), self.end, "a record that was acknowledged fails its checksum")

    def rows(self, after: int, through: int) -> NDArray[np.int64]:
        """Lines (see ``records``) of the dense and sparse records with ``after`` < sequence <= ``through``, unverified."""
        with disk(self.path), self._lock:
            self._follow(through)
            return self._records.rows(after, through)

    def read(self, ids: Ids, after: int, through: int, into: Grid) -> None:
        """Merge the cells of ``ids`` (ids[i] -> row i) of those records whose windows lie in ``into``, in order.

        ``through`` is a sequence the writer has acknowledged, or ALL_SEQUENCES: then all is verified first.
        """
        with disk(self.path), self._lock:
            self._follow(through)
            if through == ALL_SEQUENCES:
                self._verify()
            lines = self._records.rows(after, through)
            slots = self._table.find(ids)
            log = self._mapped()
        self._gather(log, lines, slots, into)

    def give_back(self) -> None:
        """Let the system have the memory of the map; what is wanted again is mapped again."""
        with self._lock:
            if self._file:
                self._file.madvise(mmap.MADV_DONTNEED)

    def words(self, offset: int, count: int) -> NDArray[np.uint32]:
        """``count`` 32-bit words from byte ``offset`` on: ids or slots."""
        return np.frombuffer(os.pread(self._fd, 4 * count, offset), "<u4")

    def headers(self, at: int) -> Iterator[tuple[int, RecordHeader]]:
        """Records from byte ``at`` on, one behind the other, up to the first without a sound header."""
        window, base = b"", at
        while True:
            if at + RECORD_BYTES > base + len(window):
                window, base = os.pread(self._fd, _WINDOW, at), at
            header = RecordHeader.parse(window, at - base)
            if header is None:
                return
            yield at, header
            at += RECORD_BYTES + header.size

    def _follow(self, through: int) -> None:
        """Parse what was appended, up to sequence ``through``."""
        if through != ALL_SEQUENCES or self._has_changed():
            self._cut(self._vouched)
            self._torn = -1
        if self.end == self._torn:
            return
        for at, header in self.headers(self.end):
            if not self._records.last <= header.sequence <= through:
                break
            if not self._take(at + RECORD_BYTES, header):
                self._refuse_vouched(at, through)
                break
        if through != ALL_SEQUENCES:
            self._refuse_what_is_no_header()
            self._vouched = len(self._records)

    def _refuse_what_is_no_header(self) -> None:
        """Behind the last record there is nothing yet. Something that is no header was one, and may have been acknowledged."""
        for _ in range(_LOOKS):
            found = os.pread(self._fd, RECORD_BYTES, self.end)
            if not any(found) or RecordHeader.parse(found, 0):
                return
        raise Damaged(str(self.path), self.end, "the header of a record fails its checksum")

    def _has_changed(self) -> bool:
        """Whether the file was written to since the last call."""
        stat = os.fstat(self._fd)
        former, self._stamp = self._stamp, (stat.st_mtime_ns, stat.st_size)
        return self._stamp != former

    def _refuse_vouched(self, at: int, through: int) -> None:
        if through != ALL_SEQUENCES:
            raise Damaged(str(self.path), at, "a record that was acknowledged fails its checksum")

    def _verify(self) -> None:
        for number in range(max(self._vouched, self._verified), len(self._records)):
            line = self._records.lines[number]
            if not self._is_whole(int(line[OFFSET]), int(line[SIZE]), int(line[CRC])):
                self._cut(number)
                self._torn = self.end
                break
        self._verified = len(self._records)

    def _gather(self, log: NDArray[np.uint8], lines: NDArray[np.int64], slots: NDArray[np.uint32], into: Grid) -> None:
        column = (lines[:, TIME] - into.start) // into.step_s
        inside = (column >= 0) & (column < into.shape[1])
        lines = lines[inside]
        records = np.ascontiguousarray(lines[:, [KIND, TIME, OFFSET, CELLS, MULTIS]])
        records[:, TIME] = column[inside]
        rows = np.flatnonzero(slots != NO_SLOT)
        rows = rows[np.argsort(slots[rows], kind="stable")]
        grid = (into.count, into.sum, into.min, into.max, into.last)
        bad = gather(log, records, slots[rows].astype(np.int64), rows, self.header.mode is Mode.REPLACE, *grid)
        if bad >= 0:
            raise Damaged(str(self.path), int(lines[bad, OFFSET]), "a cell is neither a sample nor an entry of its record")

    def _take(self, offset: int, header: RecordHeader) -> bool:
        """False for new slots that are not whole: ids that make no sense must not get into the table, not even for a while. And
        for a dense record that has not a cell for each slot: slots are missing before it."""
        if header.kind == Kind.DENSE and header.cells != len(self._table):
            return False
        slots = header.kind == Kind.SLOTS
        if slots and not self._is_whole(offset, header.size, header.crc):
            return False
        self._records.add(header, offset, len(self._table))
        if slots:
            self._table.extend(self.words(offset, header.cells))
        self.end = offset + header.size
        return True

    def _cut(self, count: int) -> None:
        """Forget the records from ``count`` on."""
        if count < len(self._records):
            line = self._records.lines[count]
            self.end = int(line[OFFSET]) - RECORD_BYTES
            self._table.cut(int(line[SLOTS]))
            self._records.cut(count)
            self._verified = min(self._verified, count)

    def _is_whole(self, offset: int, size: int, crc: int) -> bool:
        payload = os.pread(self._fd, size, offset)
        return (len(payload), zlib.crc32(payload)) == (size, crc)

    def _mapped(self) -> NDArray[np.uint8]:
        """A map of the file that reaches to the end of what was parsed. Raises Damaged if the file does not."""
        if len(self._map) < self.end:
            if self.size < self.end:
                raise Damaged(str(self.path), self.size, f"it ends there, within a record that goes on to byte {self.end}")
            self._file = mmap.mmap(self._fd, 0, prot=mmap.PROT_READ)
            self._map = np.frombuffer(self._file, np.uint8)
        return self._map

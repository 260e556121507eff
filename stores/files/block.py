"""A block file as its readers see it."""

from __future__ import annotations

import mmap
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...codec.chunk import decode
from ...schema.errors import Damaged
from ...schema.grid import Grid
from ...schema.identity import Mode
from ...schema.rows import Ids
from . import _strips
from .format import BlockHeader, Part, aligned

_HEADER_BYTES = 1_024


class _FailedChecksum(Damaged):
    """A group of strips is not what was written."""


class Block:
    """A mapped block; stays readable when its file is removed. Any thread.

    The index is verified when it is opened, each group of strips when one of them is read for the first time.
    """

    ids: Ids  # ascending; strip i is that of ids[i]
    parts: tuple[Part, ...]
    data: NDArray[np.uint8]  # all strips, one behind the other

    def __init__(self, path: Path, advice: int = mmap.MADV_RANDOM) -> None:
        """``advice`` tells the kernel how its strips will be read: here and there, if nothing else is said.

        Raises FileNotFoundError, Damaged, StoreError.
        """
        self.path = path
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.header = BlockHeader.parse(os.pread(fd, _HEADER_BYTES, 0), str(path))
            size = os.fstat(fd).st_size
            if size != self.header.file_bytes:
                raise Damaged(str(path), min(size, self.header.file_bytes), f"it has {size} bytes; want {self.header.file_bytes}")
            file = mmap.mmap(fd, size, prot=mmap.PROT_READ)
        finally:
            os.close(fd)
        self._read_index(np.frombuffer(file, np.uint8))
        self._file = file
        self._file.madvise(advice, 0, self.header.index_at)
        self._verified = np.zeros(self.header.groups, np.bool_)

    @property
    def strip_bytes(self) -> NDArray[np.int64]:
        """How long each strip is."""
        offsets = self._offsets.astype(np.int64)
        return offsets[1:] - offsets[:-1]

    def read(self, ids: Ids, into: Grid) -> None:
        """Merge the points of ``ids`` (ids[i] -> row i) that lie in ``into``'s range. Raises Damaged, when those whose strips are
        sound were merged."""
        strips, rows = self.find(ids)
        first = (into.start - self.header.start) // into.step_s
        wanted = [part.first < first + into.shape[1] and part.first + part.slots > first for part in self.parts]
        if len(rows) == 0 or not any(wanted):
            return
        marks = np.array(wanted, np.uint8)
        try:
            self._read(strips, rows, marks, into)
        except _FailedChecksum:
            sound = self._are_sound(strips)
            self._read(strips[sound], rows[sound], marks, into)
            raise

    def _read(self, strips: NDArray[np.int64], rows: NDArray[np.int64], wanted: NDArray[np.uint8], into: Grid) -> None:
        chunks = self.chunks(strips, wanted)
        widths = self._slots[chunks[:, 1]]
        # No two chunks of a strip share a slot, so they may come in any order.
        for slots in np.unique(widths).tolist():
            alike = chunks[widths == slots]
            self._decode(alike[:, 2:4], rows[alike[:, 0]], alike[:, 1], slots, into)

    def find(self, ids: Ids) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The strips of those of ``ids`` that have one, and the places of these in ``ids``."""
        found = np.minimum(np.searchsorted(self.ids, ids), self.header.ids - 1)
        at = np.flatnonzero(self.ids[found] == ids)
        return found[at], at

    def chunks(self, strips: NDArray[np.int64], wanted: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The chunks of ``strips`` in the parts that ``wanted`` (a byte each) marks: int64 rows (index in ``strips``, part,
        begin, end), where the last two are places in ``data``. Raises Damaged."""
        self._verify(strips // self.header.group)
        ranges = np.empty((len(strips), 2), np.int64)
        ranges[:, 0], ranges[:, 1] = self._offsets[strips], self._offsets[strips + 1]
        found = np.empty((len(strips) * max(1, int(np.count_nonzero(wanted))), 4), np.int64)
        try:
            return found[: _strips.locate(self.data, ranges, wanted, found)]
        except ValueError as error:
            raise Damaged(str(self.path), self.header.size, str(error)) from error

    def decode(self, places: NDArray[np.int64], rows: NDArray[np.int64], part: int, into: Grid) -> None:
        """Merge chunk i, which covers ``part`` and is ``data[begin:end]`` with (begin, end) = ``places[i]``, into row ``rows[i]``
        of ``into``. Raises Damaged."""
        self._decode(places, rows, np.full(len(rows), part), self.parts[part].slots, into)

    def _decode(
        self, places: NDArray[np.int64], rows: NDArray[np.int64], parts: NDArray[np.int64], slots: int, into: Grid
    ) -> None:
        """Chunk i covers part ``parts[i]``, of ``slots`` slots."""
        columns = (self.header.start - into.start) // into.step_s + self._first[parts]
        mode = Mode(self.header.identity.mode)
        try:
            decode(self.data, places, rows, slots, into, columns, mode)
        except ValueError as error:
            raise Damaged(str(self.path), self.header.size, str(error)) from error

    def verify(self) -> None:
        """Check all checksums, and that every chunk can be decoded. Raises Damaged."""
        if (np.diff(self.ids.astype(np.int64)) <= 0).any():
            raise Damaged(str(self.path), self.header.index_at, "its ids do not ascend")
        for group in range(self.header.groups):
            self.verify_group(group)

    def verify_group(self, group: int) -> None:
        """The same for one group of strips."""
        chunks = self.chunks(np.arange(*self._group_range(group)), np.ones(len(self.parts), np.uint8))
        for part in np.unique(chunks[:, 1]).tolist():
            places = chunks[chunks[:, 1] == part, 2:4]
            start = self.header.start + self.parts[part].first * self.header.level.step_s
            into = Grid.empty(start, self.header.level.step_s, 1, self.parts[part].slots)
            self.decode(places, np.zeros(len(places), np.int64), part, into)

    def group_ids(self, group: int) -> Ids:
        """Of the strips that share a checksum."""
        return self.ids[slice(*self._group_range(group))]

    def group_strips(self, group: int) -> tuple[bytes, NDArray[np.int64]]:
        """These strips, and where each of them ends."""
        first, last = self._group_range(group)
        offsets = self._offsets[first : last + 1].astype(np.int64)
        return self.data[offsets[0] : offsets[-1]].tobytes(), offsets[1:] - offsets[0]

    def let_go(self) -> None:
        """Give the pages of its strips back to the kernel: they count as this process's memory. Reading takes them up again."""
        self._file.madvise(mmap.MADV_DONTNEED, 0, self.header.index_at)

    def _read_index(self, file: NDArray[np.uint8]) -> None:
        header = self.header
        index = file[header.index_at :]
        if zlib.crc32(index.data) != header.index_crc:
            raise Damaged(str(self.path), header.index_at, "the index fails its checksum")
        offsets_at, checksums_at, parts_at = np.cumsum([aligned(size) for size in header.index_columns[:3]]).tolist()
        self.data = file[header.size : header.size + header.data_bytes]
        self.ids = np.frombuffer(index, "<u4", header.ids)
        self._offsets = np.frombuffer(index, f"<u{header.offset_bytes}", header.ids + 1, offsets_at)
        self._checksums = np.frombuffer(index, "<u4", header.groups, checksums_at)
        parts = np.frombuffer(index, "<u4", 2 * header.parts, parts_at)
        self.parts = tuple(Part(*pair) for pair in parts.reshape(-1, 2).tolist())
        self._first, self._slots = parts.reshape(-1, 2).T.astype(np.int64)

    def _verify(self, groups: NDArray[np.int64]) -> None:
        for group in np.unique(groups[~self._verified[groups]]).tolist():
            first, last = self._group_range(group)
            begin, end = int(self._offsets[first]), int(self._offsets[last])
            if zlib.crc32(self.data[begin:end].data) != self._checksums[group]:
                raise _FailedChecksum(
                    str(self.path), self.header.size + begin, f"strips {first} to {last - 1} fail their checksum"
                )
            self._verified[group] = True

    def _are_sound(self, strips: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array([self._is_sound(group) for group in (strips // self.header.group).tolist()], np.bool_)

    def _is_sound(self, group: int) -> bool:
        try:
            self._verify(np.array([group]))
        except _FailedChecksum:
            return False
        return True

    def _group_range(self, group: int) -> tuple[int, int]:
        """The first strip of a group, and the first one of the next."""
        return group * self.header.group, min((group + 1) * self.header.group, self.header.ids)


def next_id(path: Path) -> int:
    """One past the greatest id of the block at ``path``: two small reads. Raises FileNotFoundError, Damaged, StoreError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = BlockHeader.parse(os.pread(fd, _HEADER_BYTES, 0), str(path))
        # Ids ascend, and are the first column of the index.
        last = os.pread(fd, 4, header.index_at + 4 * (header.ids - 1))
    finally:
        os.close(fd)
    return int.from_bytes(last, "little") + 1

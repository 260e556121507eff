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
from .format import GROUP, BlockHeader, aligned

_HEADER_BYTES = 1_024


class Block:
    """A mapped block; stays readable when its file is removed. Any thread.

    The index is verified when it is opened, each group of chunks when one of them is read for the first time.
    """

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError, Damaged, StoreError."""
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
        self._map = np.frombuffer(file, np.uint8)
        self._read_index()
        # Chunks are read here and there: what lies around a page is not wanted with it.
        file.madvise(mmap.MADV_RANDOM, 0, self.header.index_at)
        self._verified = np.zeros(self.header.groups, np.bool_)

    def read(self, ids: Ids, into: Grid) -> None:
        """Merge the points of ``ids`` (ids[i] -> row i) that lie in ``into``'s range. Raises Damaged."""
        found = np.minimum(np.searchsorted(self._ids, ids), self.header.chunks - 1)
        rows = np.flatnonzero(self._ids[found] == ids)
        if len(rows) == 0:
            return
        chunks = found[rows]
        self._verify(chunks // GROUP)
        offsets = np.empty((len(chunks), 2), np.int64)
        offsets[:, 0], offsets[:, 1] = self._offsets[chunks], self._offsets[chunks + 1]
        column = (self.header.start - into.start) // into.step_s
        try:
            decode(self._data, offsets, rows, self.header.slots, into, column, Mode(self.header.identity.mode))
        except ValueError as error:
            raise Damaged(str(self.path), self.header.size, str(error)) from error

    def _read_index(self) -> None:
        header = self.header
        index = self._map[header.index_at :]
        if zlib.crc32(index.data) != header.index_crc:
            raise Damaged(str(self.path), header.index_at, "the index fails its checksum")
        offsets_at = aligned(4 * header.chunks)
        checksums_at = offsets_at + aligned(header.offset_bytes * (header.chunks + 1))
        self._data = self._map[header.size : header.size + header.data_bytes]
        self._ids: NDArray[np.uint32] = np.frombuffer(index, "<u4", header.chunks)
        self._offsets = np.frombuffer(index, f"<u{header.offset_bytes}", header.chunks + 1, offsets_at)
        self._checksums = np.frombuffer(index, "<u4", header.groups, checksums_at)

    def _verify(self, groups: NDArray[np.int64]) -> None:
        for group in np.unique(groups[~self._verified[groups]]).tolist():
            last = min((group + 1) * GROUP, self.header.chunks)
            begin, end = int(self._offsets[group * GROUP]), int(self._offsets[last])
            if zlib.crc32(self._data[begin:end].data) != self._checksums[group]:
                raise Damaged(
                    str(self.path), self.header.size + begin, f"chunks {group * GROUP} to {last - 1} fail their checksum"
                )
            self._verified[group] = True


def next_id(path: Path) -> int:
    """One past the greatest id of the block at ``path``: two small reads. Raises FileNotFoundError, Damaged, StoreError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = BlockHeader.parse(os.pread(fd, _HEADER_BYTES, 0), str(path))
        # Ids ascend, and are the first column of the index.
        last = os.pread(fd, 4, header.index_at + 4 * (header.chunks - 1))
    finally:
        os.close(fd)
    return int.from_bytes(last, "little") + 1

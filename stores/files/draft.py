"""A block while it is written."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...schema.rows import Ids
from ..disk import write_at
from .format import BlockHeader, Part, aligned


class BlockDraft:
    """Takes strips in order of their ids; the file gets its name when it is whole and durable."""

    def __init__(self, path: Path, header: BlockHeader, parts: Sequence[Part]) -> None:
        """``header`` with all but what is counted here: ids, bytes and checksum."""
        self.path = path
        self.header = replace(header, parts=len(parts))
        self._parts = parts
        self._draft = path.with_name(path.name + ".tmp")
        self._fd = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._end = self.header.size
        self._strips = 0
        self._ids: list[Ids] = []
        self._ends: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self._checksums: list[int] = []
        self._checksum = 0  # of the group that is not full yet

    def add(self, ids: Ids, data: bytes, ends: NDArray[np.int64]) -> None:
        """Append the strips of ``ids``, of at least a byte each: strip i ends at ``ends[i]`` of ``data``."""
        write_at(self._fd, data, self._end)
        self._add_checksums(data, ends)
        self._ids.append(ids)
        self._ends.append(ends + (self._end - self.header.size))
        self._end += len(data)
        self._strips += len(ids)

    def finish(self) -> BlockHeader | None:
        """Write index and header; give the file its name. None, and no file, when there was no strip."""
        if self._strips == 0:
            self.abandon()
            return None
        if self._strips % self.header.group:
            self._checksums.append(self._checksum)
        data_bytes = self._end - self.header.size
        width = 4 if data_bytes < 1 << 32 else 8
        index = self._index(width)
        crc = zlib.crc32(index)
        self.header = replace(self.header, ids=self._strips, data_bytes=data_bytes, offset_bytes=width, index_crc=crc)
        write_at(self._fd, index, self.header.index_at)
        write_at(self._fd, self.header.pack(), 0)
        os.fdatasync(self._fd)
        self._draft.rename(self.path)
        os.close(self._fd)
        return self.header

    def abandon(self) -> None:
        """Leave nothing behind."""
        os.close(self._fd)
        self._draft.unlink(missing_ok=True)

    def _add_checksums(self, data: bytes, ends: NDArray[np.int64]) -> None:
        view, begin, group = memoryview(data), 0, self.header.group
        for end in ends[group - 1 - self._strips % group :: group].tolist():
            self._checksums.append(zlib.crc32(view[begin:end], self._checksum))
            self._checksum, begin = 0, end
        self._checksum = zlib.crc32(view[begin:], self._checksum)

    def _index(self, width: int) -> bytes:
        columns = (
            np.concatenate(self._ids).astype("<u4"),
            np.concatenate(self._ends).astype(f"<u{width}"),
            np.array(self._checksums, "<u4"),
            np.array([(part.first, part.slots) for part in self._parts], "<u4"),
        )
        return b"".join(column.tobytes().ljust(aligned(column.nbytes), b"\0") for column in columns)

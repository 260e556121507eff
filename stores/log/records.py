"""What has been parsed of a segment: one line of integers for each record."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .format import Kind, RecordHeader

KIND: Final = 0
TIME: Final = 1
OFFSET: Final = 2  # of the payload
CELLS: Final = 3
MULTIS: Final = 4
SEQUENCE: Final = 5
SLOTS: Final = 6  # how many slots there were before it
SIZE: Final = 7
CRC: Final = 8

_FIELDS = 9


class Records:
    """A table of int64 (records, fields), in order of the file. Its first five fields are those of ``_gather.gather``."""

    def __init__(self) -> None:
        self._lines: NDArray[np.int64] = np.empty((16, _FIELDS), np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def last(self) -> int:
        """The sequence of the last record, 0 if there is none."""
        return int(self._lines[self._count - 1, SEQUENCE]) if self._count else 0

    @property
    def lines(self) -> NDArray[np.int64]:
        """A view: it must not be kept over ``add`` and ``cut``."""
        return self._lines[: self._count]

    def add(self, header: RecordHeader, offset: int, slots: int) -> None:
        """A record whose payload begins at byte ``offset``, in a segment that had ``slots`` slots before."""
        if self._count == len(self._lines):
            self._lines = np.concatenate([self._lines, np.empty_like(self._lines)])
        self._lines[self._count] = (
            header.kind,
            header.time,
            offset,
            header.cells,
            header.multis,
            header.sequence,
            slots,
            header.size,
            header.crc,
        )
        self._count += 1

    def cut(self, count: int) -> None:
        """Forget all records from ``count`` on."""
        self._count = min(count, self._count)

    def rows(self, after: int, through: int) -> NDArray[np.int64]:
        """The lines of dense and sparse records with ``after`` < sequence <= ``through``."""
        lines = self.lines
        wanted = (lines[:, KIND] != Kind.SLOTS) & (lines[:, SEQUENCE] > after) & (lines[:, SEQUENCE] <= through)
        return lines[np.flatnonzero(wanted)]

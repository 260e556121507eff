"""On which days each path had points."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..schema.rows import Ids

_NEVER: Final = 0xFFFF_FFFF

_PAGE_BITS: Final = 10
_PAGE: Final = 1 << _PAGE_BITS

# The page of all ids that nothing is known of.
_NOBODY: Final = 0

Days = NDArray[np.uint32]
Places = NDArray[np.int64]


class SeenDays:
    """First and last day (since 1970-01-01 UTC) of each id. One thread changes it.

    Ids are never used again, so those that live are few among many: pages of 1,024 ids exist only where one does.
    """

    def __init__(self) -> None:
        self._directory = np.full(1, _NOBODY, np.int64)  # its last entry stands for all pages behind it
        self._first: Days = np.full((1, _PAGE), _NEVER, np.uint32)
        self._last: Days = np.zeros((1, _PAGE), np.uint32)
        self._living = np.zeros(1, np.int64)  # ids of each page that are known and not forgotten
        self._free: list[int] = []

    @property
    def size_bytes(self) -> int:
        """Memory of all arrays."""
        return sum(array.nbytes for array in (self._directory, self._first, self._last, self._living))

    def load(self, ids: Ids, first: Days, last: Days) -> None:
        """What the names log knows, of ids that are not known here."""
        places = self._reserve(ids)
        self._first.reshape(-1)[places] = first
        self._last.reshape(-1)[places] = last
        self._count(places, 1)

    def news(self, day: int, ids: Ids) -> Ids:
        """Those of ``ids`` for which ``day`` is earlier than their first or later than their last."""
        places = self._places(ids)
        outside: Ids = ids[(self._first.reshape(-1)[places] > day) | (self._last.reshape(-1)[places] < day)]
        return outside

    def note(self, day: int, ids: Ids) -> None:
        """``ids`` had points on ``day``."""
        places = self._reserve(ids)
        first, last = self._first.reshape(-1), self._last.reshape(-1)
        self._count(places[first[places] == _NEVER], 1)
        first[places] = np.minimum(first[places], day)
        last[places] = np.maximum(last[places], day)

    def forget(self, ids: Ids) -> None:
        """The paths of ``ids`` are gone."""
        places = self._places(ids[self.knows(ids)])
        # What an open window still holds of them is no news.
        self._first.reshape(-1)[places], self._last.reshape(-1)[places] = 0, _NEVER
        self._count(places, -1)
        self._release(np.unique(places >> _PAGE_BITS))

    def knows(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of ``ids`` had points and have a path."""
        places = self._places(ids)
        known: NDArray[np.bool_] = (self._first.reshape(-1)[places] != _NEVER) & (self._last.reshape(-1)[places] != _NEVER)
        return known

    def _places(self, ids: Ids) -> Places:
        places = self._directory.take((ids >> _PAGE_BITS).astype(np.int64), mode="clip")
        places <<= _PAGE_BITS
        places += ids & (_PAGE - 1)
        return places

    def _count(self, places: Places, change: int) -> None:
        np.add.at(self._living, places >> _PAGE_BITS, change)

    def _reserve(self, ids: Ids) -> Places:
        """The places of ``ids``, on pages of their own."""
        pages = np.unique((ids >> _PAGE_BITS).astype(np.int64))
        if len(pages) and pages[-1] >= len(self._directory) - 1:
            more = int(pages[-1]) * 5 // 4 + 2 - len(self._directory)
            self._directory = np.concatenate([self._directory, np.full(more, _NOBODY)])
        for page in pages[self._directory[pages] == _NOBODY].tolist():
            self._directory[page] = self._new_page()
        return self._places(ids)

    def _new_page(self) -> int:
        if not self._free:
            used = len(self._living)
            more = used // 4 + 1
            self._first = np.concatenate([self._first, np.full((more, _PAGE), _NEVER, np.uint32)])
            self._last = np.concatenate([self._last, np.zeros((more, _PAGE), np.uint32)])
            self._living = np.concatenate([self._living, np.zeros(more, np.int64)])
            self._free = list(range(used, used + more))
        row = self._free.pop()
        self._first[row], self._last[row] = _NEVER, 0
        return row

    def _release(self, rows: Places) -> None:
        """Those of these pages on which nobody lives any more may be others' pages."""
        empty = rows[(self._living[rows] == 0) & (rows != _NOBODY)]
        self._directory[np.isin(self._directory, empty)] = _NOBODY
        self._free += empty.tolist()

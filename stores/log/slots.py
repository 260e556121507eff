"""The slot table of a segment: which id has which slot."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...schema.rows import Ids

NO_SLOT: Final = 0xFFFF_FFFF

_PAGE = 1_024


class SlotTable:
    """Slots in order of arrival, found by id in constant time.

    Ids are never reused, so those in use are few among many: pages of 1,024 ids exist only where one has a slot. Page 0 stays
    empty; the directory points all other ids to it.
    """

    def __init__(self) -> None:
        self._ids = np.empty(_PAGE, np.uint32)
        self._count = 0
        self._directory = np.zeros(1, np.int64)
        self._slots = np.full((1, _PAGE), NO_SLOT, np.uint32)
        self._pages = 1

    def __len__(self) -> int:
        return self._count

    @property
    def ids(self) -> Ids:
        """The id of each slot. A view."""
        return self._ids[: self._count]

    def find(self, ids: Ids) -> NDArray[np.uint32]:
        """The slot of each id, NO_SLOT if it has none."""
        pages = ids // _PAGE
        if len(ids) and pages.max() >= len(self._directory):
            pages = np.where(pages < len(self._directory), pages, 0)
            return np.where(ids // _PAGE == pages, self._lookup(pages, ids), np.uint32(NO_SLOT))
        return self._lookup(pages, ids)

    def extend(self, ids: Ids) -> None:
        """Give the next slots to ``ids``, which have none and hold no duplicates."""
        first, stop = self._count, self._count + len(ids)
        if stop > len(self._ids):
            self._ids = np.concatenate([self.ids, np.empty(stop, np.uint32)])
        self._ids[first:stop] = ids
        self._count = stop
        self._make_pages(ids // _PAGE)
        self._assign(ids, np.arange(first, stop, dtype=np.uint32))

    def cut(self, count: int) -> None:
        """Forget all slots from ``count`` on."""
        gone = self._ids[count : self._count]
        self._assign(gone, np.full(len(gone), NO_SLOT, np.uint32))
        self._count = min(count, self._count)

    def _lookup(self, pages: NDArray[np.uint32], ids: Ids) -> NDArray[np.uint32]:
        return self._slots.reshape(-1).take(self._directory.take(pages) * _PAGE + ids % _PAGE)

    def _assign(self, ids: Ids, slots: NDArray[np.uint32]) -> None:
        self._slots.reshape(-1)[self._directory[ids // _PAGE] * _PAGE + ids % _PAGE] = slots

    def _make_pages(self, pages: NDArray[np.uint32]) -> None:
        if len(pages) and pages.max() >= len(self._directory):
            grown = np.zeros(int(pages.max()) * 5 // 4 + 1, np.int64)
            grown[: len(self._directory)] = self._directory
            self._directory = grown
        new = np.unique(pages[self._directory[pages] == 0])
        wanted = self._pages + len(new)
        if wanted > len(self._slots):
            fresh = np.full((wanted, _PAGE), NO_SLOT, np.uint32)
            self._slots = np.concatenate([self._slots, fresh])
        self._directory[new] = np.arange(self._pages, wanted)
        self._pages = wanted

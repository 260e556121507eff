"""The slot table of a segment: which id has which slot."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...schema.rows import Ids

NO_SLOT: Final = 0xFFFF_FFFF

_PAGE_BITS = 10
_PAGE = 1 << _PAGE_BITS


class SlotTable:
    """Slots in order of arrival, found by id in constant time.

    Ids are never reused, so those in use are few among many: pages of 1,024 ids exist only where one has a slot. Page 0 stays
    empty; the directory points all other ids to it, and so does its last entry, which stands for all pages behind it.
    """

    def __init__(self) -> None:
        self._ids: NDArray[np.uint32] = np.empty(_PAGE, np.uint32)
        self._count = 0
        self._directory = np.zeros(1, np.int64)
        self._slots: NDArray[np.uint32] = np.full((1, _PAGE), NO_SLOT, np.uint32)
        self._pages = 1

    def __len__(self) -> int:
        return self._count

    @property
    def ids(self) -> Ids:
        """The id of each slot. A view."""
        return self._ids[: self._count]

    def find(self, ids: Ids) -> NDArray[np.uint32]:
        """The slot of each id, NO_SLOT if it has none."""
        return self._slots.reshape(-1).take(self._places(ids))

    def extend(self, ids: Ids) -> None:
        """Give the next slots to ``ids``, which have none and hold no duplicates."""
        first, stop = self._count, self._count + len(ids)
        if stop > len(self._ids):
            self._ids = np.concatenate([self.ids, np.empty(stop, np.uint32)])
        self._ids[first:stop] = ids
        self._count = stop
        self._make_pages(_pages_of(ids))
        self._slots.reshape(-1)[self._places(ids)] = np.arange(first, stop, dtype=np.uint32)

    def cut(self, count: int) -> None:
        """Forget all slots from ``count`` on."""
        self._slots.reshape(-1)[self._places(self._ids[count : self._count])] = NO_SLOT
        self._count = min(count, self._count)

    def _places(self, ids: Ids) -> NDArray[np.int64]:
        places = self._directory.take(_pages_of(ids), mode="clip")
        places <<= _PAGE_BITS
        places += ids & (_PAGE - 1)
        return places

    def _make_pages(self, pages: NDArray[np.int64]) -> None:
        last = int(pages.max(initial=-1))
        if last >= len(self._directory) - 1:
            grown = np.zeros(last * 5 // 4 + 2, np.int64)
            grown[: len(self._directory)] = self._directory
            self._directory = grown
        new = np.unique(pages[self._directory[pages] == 0])
        wanted = self._pages + len(new)
        if wanted > len(self._slots):
            fresh = np.full((wanted, _PAGE), NO_SLOT, np.uint32)
            self._slots = np.concatenate([self._slots, fresh])
        self._directory[new] = np.arange(self._pages, wanted)
        self._pages = wanted


def _pages_of(ids: Ids) -> NDArray[np.int64]:
    # int64: numpy converts any other index, element by element.
    return (ids >> _PAGE_BITS).astype(np.int64)

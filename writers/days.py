"""On which days each path had points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schema.rows import Ids

NEVER = 0xFFFF_FFFF


class SeenDays:
    """First and last day (since 1970-01-01 UTC) of each id, eight bytes an id. One thread changes it."""

    def __init__(self) -> None:
        self._first: NDArray[np.uint32] = np.empty(0, np.uint32)
        self._last: NDArray[np.uint32] = np.empty(0, np.uint32)

    def load(self, ids: Ids, first: NDArray[np.uint32], last: NDArray[np.uint32]) -> None:
        """What the names log knows."""
        self._reserve(ids)
        self._first[ids] = first
        self._last[ids] = last

    def news(self, day: int, ids: Ids) -> Ids:
        """Those of ``ids`` for which ``day`` is earlier than their first or later than their last."""
        self._reserve(ids)
        outside: Ids = ids[(self._first[ids] > day) | (self._last[ids] < day)]
        return outside

    def note(self, day: int, ids: Ids) -> None:
        """``ids`` had points on ``day``."""
        self._reserve(ids)
        self._first[ids] = np.minimum(self._first[ids], day)
        self._last[ids] = np.maximum(self._last[ids], day)

    def forget(self, ids: Ids) -> None:
        """The paths of ``ids`` are gone."""
        self._reserve(ids)
        # What an open window still holds of them is no news.
        self._first[ids], self._last[ids] = 0, NEVER

    def knows(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of ``ids`` had points and have a path."""
        self._reserve(ids)
        known: NDArray[np.bool_] = (self._first[ids] != NEVER) & (self._last[ids] != NEVER)
        return known

    def _reserve(self, ids: Ids) -> None:
        needed = int(ids.max()) + 1 if len(ids) else 0
        if needed > len(self._first):
            more = needed * 5 // 4 - len(self._first)
            self._first = np.concatenate([self._first, np.full(more, NEVER, np.uint32)])
            self._last = np.concatenate([self._last, np.zeros(more, np.uint32)])

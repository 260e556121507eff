"""How many requests are under way at a time."""

from __future__ import annotations

import threading


class Window:
    """Lets in as many as the cluster bears, between ``least`` and ``most``: one more for each window full of good answers, half
    as many after a troubled one. Any thread."""

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most
        self._limit = float(min(most, 4 * least))
        self._under_way = 0
        self._earning = 0  # so many answers are of requests that filled the window
        self._deaf = 0  # so many answers are of requests sent before the window became smaller
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        return int(self._limit)

    def is_full(self) -> bool:
        return self._under_way >= self.limit

    def enter(self, timeout_s: float | None = None) -> bool:
        """Wait for a place and take it; False if there was none in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self.is_full(), timeout_s):
                return False
            self._under_way += 1
            if self.is_full():
                self._earning = self._under_way
            return True

    def leave(self, *, troubled: bool) -> None:
        """Give a place back. ``troubled``: the answer was late, or none."""
        with self._changed:
            self._adapt(troubled=troubled)
            self._under_way -= 1
            self._changed.notify()

    def _adapt(self, *, troubled: bool) -> None:
        if self._deaf:
            self._deaf -= 1
        elif troubled:
            self._limit = max(self._least, self._limit / 2)
            self._earning = 0
            self._deaf = self._under_way - 1
        elif self._earning:
            self._earning -= 1
            self._limit = min(self._most, self._limit + 1 / self._limit)
            self._changed.notify()

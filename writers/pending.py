"""Closed windows on their way to the log."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..schema.head import HEAD_POINT, HeadAnswer
from ..schema.identity import Level, Mode
from ..schema.rows import Ids, Rows


class Closed(Protocol):
    """A window that takes no more samples. Any thread may read it."""

    level: Level
    time: int
    mode: Mode
    size_bytes: int

    def rows(self) -> Rows:
        """All of its points."""

    def points(self, ids: Ids) -> NDArray[np.void]:
        """The points of ``ids`` (dtype HEAD_POINT, ``index`` into ``ids``)."""


class Pending:
    """Windows handed over and not yet acknowledged, and the last sequence that is. Any thread.

    Both change in one step, so that a point is always either among the pending ones or in the log up to that sequence.
    """

    def __init__(self, last_sequence: int) -> None:
        self._last_sequence = last_sequence
        self._windows: deque[Closed] = deque()
        self._size_bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def size_bytes(self) -> int:
        """Memory of all of them."""
        return self._size_bytes

    @property
    def last_sequence(self) -> int:
        return self._last_sequence

    def put(self, windows: Sequence[Closed]) -> None:
        with self._lock:
            self._windows.extend(windows)
            self._size_bytes += sum(window.size_bytes for window in windows)

    def first(self, most_bytes: int) -> list[Closed]:
        """The oldest ones of one mode, up to ``most_bytes`` of them and at least one if there is any. They stay."""
        batch: list[Closed] = []
        with self._lock:
            for window in self._windows:
                most_bytes -= window.size_bytes
                if batch and (most_bytes < 0 or window.mode is not batch[0].mode):
                    break
                batch.append(window)
        return batch

    def acknowledge(self, count: int, last_sequence: int) -> None:
        """The oldest ``count`` windows are in the log now, which ends with ``last_sequence``."""
        with self._lock:
            self._size_bytes -= sum(self._windows.popleft().size_bytes for _ in range(count))
            self._last_sequence = last_sequence

    def head(self, policy: str, ids: Ids) -> HeadAnswer:
        """The points of ``ids`` in pending windows of ``policy``, oldest window first. What replaces shows when it is written."""
        with self._lock:
            windows = [window for window in self._windows if window.level.policy == policy and window.mode is Mode.ADD]
            last_sequence = self._last_sequence
        points = [window.points(ids) for window in windows]
        return HeadAnswer(last_sequence, np.concatenate([np.empty(0, HEAD_POINT), *points]))

"""A window taken out of the kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schema.head import HEAD_POINT
from ..schema.identity import Level, Mode
from ..schema.rows import Ids, Rows
from ._lines import Closed


class ClosedWindow:
    """It does not change any more and may be read in any thread until it is let go."""

    mode = Mode.ADD

    def __init__(self, level: Level, closed: Closed) -> None:
        self.level = level
        self.time = closed.time
        self.present = closed.present
        self.size_bytes = closed.size_bytes
        self._closed = closed

    def rows(self) -> Rows:
        """All points. Copied without the GIL."""
        ids = np.empty(self.present, np.uint32)
        cells = np.empty(self.present, np.uint64)
        self._closed.copy_cells(ids, cells)
        multis = self._closed.multis
        count = np.empty(multis, np.int64)
        total, low, high, last = (np.empty(multis) for _ in range(4))
        self._closed.copy_multis(count, total, low, high, last)
        return Rows(self.level, self.time, ids, cells, count, total, low, high, last)

    def points(self, ids: Ids) -> NDArray[np.void]:
        """The points of ``ids`` (dtype HEAD_POINT, ``index`` into ``ids``)."""
        return np.frombuffer(self._closed.points(np.ascontiguousarray(ids, np.uint32)), HEAD_POINT)

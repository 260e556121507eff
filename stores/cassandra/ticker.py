"""Time-outs without a clock."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

TICK_S = 0.05


class Ticker:
    """Counts ``now`` up, and calls ``each`` with it, every 50 ms or a little later, from a thread of its own.

    The driver has timers too, but its loop stands still when all connections are gone, which is when they are needed.
    """

    def __init__(self, each: Callable[[int], None]) -> None:
        self.now = 0
        self._each = each
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cassandra ticker", daemon=True)
        self._thread.start()

    def after(self, seconds: float) -> int:
        """What ``now`` will be when at least ``seconds`` have passed."""
        return self.now + math.ceil(seconds / TICK_S) + 1

    def seconds_to(self, tick: int) -> float:
        return max(0, tick - self.now) * TICK_S

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(TICK_S):
            self.now += 1
            self._each(self.now)

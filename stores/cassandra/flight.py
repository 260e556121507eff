"""What one caller has under way."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from functools import partial
from typing import Any

from .exchanges import Exchanges, Outcome
from .window import Window


class Flight:
    """Statements sent through a window, each with a number; their outcomes are taken as they come. One thread."""

    def __init__(self, exchanges: Exchanges, window: Window, profile: str, timeout_s: float) -> None:
        self._exchanges = exchanges
        self._window = window
        self._profile = profile
        self._timeout_s = timeout_s
        self._outcomes: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
        self._under_way = 0

    def begin(self, number: int, statement: Any, deadline: int) -> bool:
        """Send; False if the window had no place before ``deadline``."""
        left_s = self._exchanges.ticker.seconds_to(deadline)
        if left_s <= 0 or not self._window.enter(left_s):
            return False
        self._under_way += 1
        self._exchanges.begin(statement, self._profile, self._timeout_s, deadline, partial(self._done, number))
        return True

    def landed(self) -> Iterator[tuple[int, Outcome]]:
        """(number, outcome) of what is back, and of one more while the window is full."""
        while self._under_way and (self._window.is_full() or not self._outcomes.empty()):
            yield self._next()

    def rest(self) -> Iterator[tuple[int, Outcome]]:
        """(number, outcome) of all that is under way."""
        while self._under_way:
            yield self._next()

    def _next(self) -> tuple[int, Outcome]:
        self._under_way -= 1
        return self._outcomes.get()

    def _done(self, number: int, outcome: Outcome, troubled: bool) -> None:
        self._window.leave(troubled=troubled)
        self._outcomes.put((number, outcome))

"""What a process elsewhere keeps changing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ...schema.errors import Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """``trouble``: why there may be something newer than ``value``; None if there was not when it was last asked."""

    value: T
    trouble: Unavailable | None = None


class Followed(Generic[T]):
    """Asks now and then whether there is something newer, and keeps to the last that is known while no server answers. Any
    thread."""

    def __init__(self, ask: Callable[[T | None], T], monotonic: Callable[[], float], fresh_s: float) -> None:
        """``ask`` gives the newest, and is given what is known, None if nothing is. It raises Unavailable, and is called in one
        thread at a time, once in ``fresh_s`` seconds at most."""
        self._ask = ask
        self._monotonic = monotonic
        self._fresh_s = fresh_s
        self._asking = threading.Lock()  # over the two that follow
        self._asked = 0.0
        self._known: Known[T] | None = None

    def newest(self) -> Known[T]:
        """As it was ``fresh_s`` seconds ago, or later. Raises Unavailable while nothing is known."""
        known = self._known
        if known is None:
            with self._asking:
                return self._known or self._learn(None)
        if self._monotonic() - self._asked >= self._fresh_s and self._asking.acquire(blocking=False):
            # The others go on with what is known: a server that is away must not hold up all of them.
            try:
                known = self._learn(known.value)
            except Unavailable as error:
                self._known = known = Known(known.value, error)
                self._asked = self._monotonic()  # from the end of the wait, so that not every query waits
            finally:
                self._asking.release()
        return known

    def _learn(self, known: T | None) -> Known[T]:
        asked = self._monotonic()
        self._known = learnt = Known(self._ask(known))
        self._asked = asked
        return learnt

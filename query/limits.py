"""How much one query may ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..schema.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of the section ``[query]``. A query that goes past one is refused with LimitExceeded."""

    max_series: int = 10_000
    max_points: int = 20_000_000
    max_nodes: int = 1_000_000
    timeout_s: float = 30.0

    def check_series(self, series: int) -> None:
        if series > self.max_series:
            raise self.too_many_series()

    def too_many_series(self) -> LimitExceeded:
        return LimitExceeded(
            f"the query matches more than {self.max_series} series; narrow its targets or raise [query] max_series"
        )

    def check_points(self, points: int, after: int, until: int) -> None:
        if points > self.max_points:
            raise LimitExceeded(
                f"the query from {after} to {until} would answer {points} points, the limit is {self.max_points}; "
                "ask for a shorter time, a coarser step= or fewer series, or raise [query] max_points"
            )

    def deadline(self, clock: Callable[[], float]) -> Deadline:
        """A deadline that begins now; ``clock`` gives seconds and never goes back."""
        return Deadline(self.timeout_s, clock)


class Deadline:
    """The moment by which one query has to be answered."""

    def __init__(self, timeout_s: float, clock: Callable[[], float]) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self._end = clock() + timeout_s

    def check(self) -> None:
        """LimitExceeded once the time is over."""
        if self._clock() > self._end:
            raise LimitExceeded(
                f"the query took longer than {self._timeout_s:g} s; ask for a shorter time or fewer series, "
                "or raise [query] timeout_s"
            )

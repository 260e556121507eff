"""How much the series of one request take while it is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ..schema.errors import LimitExceeded
from .time_series import TimeSeries

# Of 8 bytes each. A day by ten seconds of a thousand series is a ninth of it.
_MOST_VALUES: Final = 80_000_000
# What a series takes beside its values, in values.
_HEAD: Final = 64


class Holding:
    """The values of all series that are held at a time: an array of several series counts for each. One thread."""

    def __init__(self) -> None:
        self._values = 0

    def add(self, held: Any) -> None:
        """``held`` may be anything; only series take memory worth counting. Raises LimitExceeded."""
        if not isinstance(held, list):
            return
        self._values += sum(len(one.values) + _HEAD for one in held if isinstance(one, TimeSeries))
        if self._values > _MOST_VALUES:
            raise LimitExceeded(
                f"the targets hold more than {_MOST_VALUES:,} values at the same time; ask for fewer series or a shorter time"
            )

    @contextmanager
    def for_now(self) -> Iterator[None]:
        """What is added within is let go at the end."""
        before = self._values
        try:
            yield
        finally:
            self._values = before

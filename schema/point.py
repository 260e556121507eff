"""One window's worth of samples of one path."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import InputError


@dataclass(frozen=True, slots=True)
class Point:
    """What the window that begins at ``time`` (unix seconds) holds. ``last`` is the latest arrival's value."""

    time: int
    count: int
    sum: float
    min: float
    max: float
    last: float

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InputError(f"a point at {self.time} has count {self.count}; it needs at least 1 sample")
        if self.min > self.max:
            raise InputError(f"a point at {self.time} has min {self.min!r} above max {self.max!r}")

    @classmethod
    def of(cls, time: int, value: float) -> Point:
        """The point of a single sample."""
        return cls(time, 1, value, value, value, value)

    @classmethod
    def parse(cls, text: str) -> Point:
        """Reads what ``str`` wrote: ``time count sum min max last``."""
        try:
            time, count, *values = text.split()
            total, low, high, last = map(float, values)
            return cls(int(time), int(count), total, low, high, last)
        except ValueError:
            raise InputError(f"{text!r} is not 'time count sum min max last'") from None

    @property
    def mean(self) -> float:
        return self.sum / self.count

    def add(self, later: Point) -> Point:
        """Both points' samples together; ``last`` is that of ``later``."""
        return Point(
            self.time,
            self.count + later.count,
            self.sum + later.sum,
            min(self.min, later.min),
            max(self.max, later.max),
            later.last,
        )

    def __str__(self) -> str:
        return f"{self.time} {self.count} {self.sum!r} {self.min!r} {self.max!r} {self.last!r}"

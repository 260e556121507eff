"""The axis of time: which moments have a line or a label, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


class _Scale(NamedTuple):
    """For so many seconds a pixel and more, unless the axis is longer than ``longest_s``; steps in seconds."""

    second_pixels: float
    minor_s: int
    major_s: int
    label_s: int
    format: str
    longest_s: float = float("inf")


_DATE = "%m/%d"
_SCALES: Final = (
    _Scale(0.00, 5, _MINUTE, 5, "%H:%M:%S", 10 * _MINUTE),
    _Scale(0.07, 10, _MINUTE, 10, "%H:%M:%S", 20 * _MINUTE),
    _Scale(0.14, 15, _MINUTE, 15, "%H:%M:%S", 30 * _MINUTE),
    _Scale(0.27, 30, 2 * _MINUTE, _MINUTE, "%H:%M", 2 * _HOUR),
    _Scale(0.5, _MINUTE, 2 * _MINUTE, _MINUTE, "%H:%M", 2 * _HOUR),
    _Scale(1.2, _MINUTE, 4 * _MINUTE, 2 * _MINUTE, "%H:%M", 3 * _HOUR),
    _Scale(2, _MINUTE, 10 * _MINUTE, 5 * _MINUTE, "%H:%M", 6 * _HOUR),
    _Scale(5, 2 * _MINUTE, 10 * _MINUTE, 10 * _MINUTE, "%H:%M", 12 * _HOUR),
    _Scale(10, 5 * _MINUTE, 20 * _MINUTE, 20 * _MINUTE, "%H:%M", _DAY),
    _Scale(30, 10 * _MINUTE, _HOUR, _HOUR, "%H:%M", 2 * _DAY),
    _Scale(60, 30 * _MINUTE, 2 * _HOUR, 2 * _HOUR, "%H:%M", 2 * _DAY),
    _Scale(100, 2 * _HOUR, 4 * _HOUR, 4 * _HOUR, "%a %H:%M", 6 * _DAY),
    _Scale(255, 6 * _HOUR, 12 * _HOUR, 12 * _HOUR, f"{_DATE} %H:%M", 10 * _DAY),
    _Scale(600, 6 * _HOUR, _DAY, _DAY, _DATE, 14 * _DAY),
    _Scale(1_000, 12 * _HOUR, _DAY, _DAY, _DATE, 365 * _DAY),
    _Scale(2_000, _DAY, 2 * _DAY, 2 * _DAY, _DATE, 365 * _DAY),
    _Scale(4_000, 2 * _DAY, 4 * _DAY, 4 * _DAY, _DATE, 365 * _DAY),
    _Scale(8_000, 84 * _HOUR, 7 * _DAY, 7 * _DAY, _DATE, 365 * _DAY),
    _Scale(16_000, 7 * _DAY, 14 * _DAY, 14 * _DAY, _DATE, 365 * _DAY),
    _Scale(32_000, 15 * _DAY, 30 * _DAY, 30 * _DAY, _DATE, 365 * _DAY),
    _Scale(64_000, 30 * _DAY, 60 * _DAY, 60 * _DAY, f"{_DATE} %Y"),
    _Scale(100_000, 60 * _DAY, 120 * _DAY, 120 * _DAY, f"{_DATE} %Y"),
    _Scale(120_000, 120 * _DAY, 240 * _DAY, 240 * _DAY, f"{_DATE} %Y"),
)

# More could not be told apart in the widest picture.
_MOST_TICKS = 5_000


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """From ``start`` to ``stop``, unix seconds, over ``pixels``."""

    start: float
    stop: float
    pixels: float
    zone: tzinfo
    format: str | None = None

    def minor(self) -> list[float]:
        """Unix seconds."""
        return list(self._ticks(self._scale.minor_s))

    def major(self) -> list[float]:
        return list(self._ticks(self._scale.major_s))

    def labels(self) -> list[tuple[float, str]]:
        """(unix seconds, text)."""
        shown = self.format or self._scale.format
        return [(at, datetime.fromtimestamp(at, self.zone).strftime(shown)) for at in self._ticks(self._scale.label_s)]

    @property
    def _scale(self) -> _Scale:
        range_s = self.stop - self.start
        fitting = [one for one in _SCALES if one.second_pixels <= range_s / self.pixels and range_s <= one.longest_s]
        return fitting[-1] if fitting else _SCALES[-1]

    def _ticks(self, step_s: int) -> Iterator[float]:
        """Round moments of the zone. Days are its days, some of which have 23 or 25 hours."""
        first = self._round(step_s)
        for number in range(_MOST_TICKS):
            if step_s % _DAY:
                at = first.timestamp() + number * step_s
            else:
                at = (first + timedelta(seconds=number * step_s)).timestamp()
            if at >= self.stop:
                return
            if at >= self.start:
                yield at

    def _round(self, step_s: int) -> datetime:
        """The last moment not after the start that is a multiple of the step within its day."""
        start = datetime.fromtimestamp(self.start, self.zone).replace(microsecond=0)
        midnight = start.replace(hour=0, minute=0, second=0)
        passed_s = (start.replace(tzinfo=None) - midnight.replace(tzinfo=None)).seconds
        return (
            start - timedelta(seconds=passed_s % step_s)
            if step_s < _HOUR
            else midnight + timedelta(seconds=passed_s // step_s * step_s)
        )

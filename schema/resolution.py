"""Resolutions and ladders: at which steps points are kept, and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .errors import ConfigError

DAY_S = 86_400

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": DAY_S, "w": 7 * DAY_S, "y": 365 * DAY_S}
_DURATION = re.compile(r"(\d+)([smhdwy]?)")


def parse_duration(text: str) -> int:
    """Seconds in ``10s``, ``5m``, ``168h``, ``7d``, ``2w``, ``2y`` or a bare number of seconds."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise ConfigError(f"{text!r} is not a duration; write a whole number and s, m, h, d, w or y, such as 10s or 7d")
    return int(match[1]) * _UNITS_S[match[2] or "s"]


def format_duration(seconds: int) -> str:
    """The shortest text that ``parse_duration`` reads back as ``seconds``."""
    for unit in ("y", "d", "h", "m"):
        if seconds % _UNITS_S[unit] == 0:
            return f"{seconds // _UNITS_S[unit]}{unit}"
    return f"{seconds}s"


def span_of(step_s: int) -> int:
    """Seconds of the aligned spans by which points of ``step_s`` are sealed: a multiple of the step that divides a day, with
    at least an hour and 360 slots in it where a day has as many."""
    first = -(-max(3_600, 360 * step_s) // step_s) * step_s
    return next((span for span in range(first, DAY_S, step_s) if DAY_S % span == 0), DAY_S)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Points of one ``step_s``, kept for ``ttl_s``. Written ``10s:7d``."""

    step_s: int
    ttl_s: int

    def __post_init__(self) -> None:
        if self.step_s <= 0 or DAY_S % self.step_s:
            raise ConfigError(f"step {self.step_s}s does not divide a day ({DAY_S}s)")
        if self.ttl_s < self.step_s:
            raise ConfigError(f"ttl {self.ttl_s}s is shorter than its step {self.step_s}s")

    @classmethod
    def parse(cls, text: str) -> Resolution:
        step, colon, ttl = text.partition(":")
        if not colon:
            raise ConfigError(f"resolution {text!r} is not step:ttl, such as 10s:7d")
        return cls(parse_duration(step), parse_duration(ttl))

    def __str__(self) -> str:
        return f"{format_duration(self.step_s)}:{format_duration(self.ttl_s)}"


@dataclass(frozen=True, slots=True)
class Ladder:
    """Resolutions from fine to coarse; each step a multiple of, each ttl longer than, the one before."""

    resolutions: tuple[Resolution, ...]

    def __post_init__(self) -> None:
        if not self.resolutions:
            raise ConfigError("a ladder needs at least one resolution, such as 10s:7d")
        for fine, coarse in zip(self.resolutions, self.resolutions[1:], strict=False):
            if coarse.step_s % fine.step_s or coarse.step_s == fine.step_s:
                raise ConfigError(f"step {coarse.step_s}s ({coarse}) is not a multiple of the finer step {fine.step_s}s ({fine})")
            if coarse.ttl_s <= fine.ttl_s:
                raise ConfigError(f"ttl {coarse.ttl_s}s ({coarse}) is not longer than the finer ttl {fine.ttl_s}s ({fine})")

    @classmethod
    def parse(cls, text: str | Sequence[str]) -> Ladder:
        """Reads ``"10s:7d,1m:30d"`` or the list form ``["5s:168h", "1m:720h"]``."""
        parts = text.split(",") if isinstance(text, str) else text
        return cls(tuple(Resolution.parse(part) for part in parts))

    @property
    def base(self) -> Resolution:
        """The finest resolution: the one samples are folded at."""
        return self.resolutions[0]

    def covering(self, age_s: float) -> Resolution | None:
        """The finest resolution whose ttl covers ``age_s``, or None when it is older than all."""
        return next((r for r in self.resolutions if age_s <= r.ttl_s), None)

    def __iter__(self) -> Iterator[Resolution]:
        return iter(self.resolutions)

    def __len__(self) -> int:
        return len(self.resolutions)

    def __str__(self) -> str:
        return ",".join(str(r) for r in self.resolutions)

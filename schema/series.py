"""What a query answers: one statistic of one path on a regular grid."""

from __future__ import annotations

from dataclasses import dataclass

from .grid import Floats


@dataclass(frozen=True, slots=True)
class Series:
    """``values`` is float64 of (stop - start) / step_s slots, NaN for a gap; times are unix seconds."""

    path: str
    start: int
    stop: int
    step_s: int
    values: Floats

    def __post_init__(self) -> None:
        slots = (self.stop - self.start) // self.step_s
        if len(self.values) != slots:
            raise ValueError(f"{self.path}: {len(self.values)} values for {slots} slots")

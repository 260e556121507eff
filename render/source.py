"""Where the series of a request come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..schema.grid import Floats
from .coarse import Coarse
from .time_series import TimeSeries


@dataclass(frozen=True, slots=True)
class Read:
    """All series that ``pattern`` matches, after ``after`` up to ``until``, unix seconds, by whisper's edges."""

    pattern: str
    after: int
    until: int
    coarse: Coarse | None = None


class Source(Protocol):
    """Answers the reads of one request. Raises LimitExceeded, QueryError, Unavailable."""

    def fetch(self, reads: Sequence[Read]) -> Mapping[Read, list[TimeSeries]]:
        """The series of each read, sorted by name, each name once; all reads are of one window."""

    def steps(self, patterns: Sequence[str], after: int, until: int) -> set[int]:
        """The steps that series of these patterns would have, without reading them."""

    def event_times(self, tags: Sequence[str], after: int, until: int) -> Floats:
        """Unix seconds of the events in [after, until) that have all of ``tags``; of all events if there are none."""

    def check(self) -> None:
        """Raises LimitExceeded once the request has taken too long."""

"""The series of one request, read from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..query.fetch import CoarseRead, FetchQuery, Found
from ..query.limits import Deadline
from ..query.missing import NOTHING
from ..render.coarse import Coarse
from ..render.source import Read
from ..render.time_series import TimeSeries
from ..schema.grid import Floats
from .backend import Backend

# Lines in a graph, of which nobody can tell more apart.
_MOST_EVENTS = 100_000


class StoredSeries:
    """Implements render's Source. One request, one thread. ``missing``: what was not there in what was read so far."""

    def __init__(self, backend: Backend, now: int, x_files_factor: float) -> None:
        self.missing = NOTHING
        self.deadline: Deadline = backend.deadline()
        self._backend = backend
        self._now = now
        self._x_files_factor = x_files_factor

    def fetch(self, reads: Sequence[Read]) -> Mapping[Read, list[TimeSeries]]:
        found: dict[Read, list[TimeSeries]] = {}
        for coarse in dict.fromkeys(read.coarse for read in reads):
            found |= self._fetch([read for read in reads if read.coarse == coarse])
        return found

    def steps(self, patterns: Sequence[str], after: int, until: int) -> set[int]:
        if not patterns:
            return set()
        return self._backend.reader.steps(FetchQuery(tuple(patterns), after, until, self._now))

    def event_times(self, tags: Sequence[str], after: int, until: int) -> Floats:
        found = self._backend.events.find(after, until + 1, tuple(tags), "intersection", _MOST_EVENTS)
        return np.array([event.when for event in found], np.float64)

    def check(self) -> None:
        self.deadline.check()

    def check_points(self, points: int, after: int, until: int) -> None:
        """LimitExceeded if they are more than an answer may have."""
        self._backend.reader.limits.check_points(points, after, until)

    def _fetch(self, reads: Sequence[Read]) -> dict[Read, list[TimeSeries]]:
        """Of reads that differ in their pattern alone."""
        first = reads[0]
        targets = tuple(read.pattern for read in reads)
        query = FetchQuery(targets, first.after, first.until, self._now, coarse=_coarse_read(first.coarse))
        answer = self._backend.reader.fetch(query, self.deadline)
        self.missing |= answer.missing
        by_target: dict[str, dict[str, TimeSeries]] = {target: {} for target in targets}
        for found in answer.found:
            by_target[found.target][found.series.path] = self._time_series(found, first)
        return {read: [one for _, one in sorted(by_target[read.pattern].items())] for read in reads}

    def _time_series(self, found: Found, read: Read) -> TimeSeries:
        series = found.series
        return TimeSeries.of(
            series.path,
            series.start,
            # The last slot of a coarse read reaches beyond the graph, which is not to become longer by that.
            min(series.stop, read.until + 1) if found.coarse else series.stop,
            series.step_s,
            series.values,
            expression=found.target,
            consolidation=read.coarse.usual if read.coarse else "average",
            x_files_factor=self._x_files_factor,
        )


def _coarse_read(coarse: Coarse | None) -> CoarseRead | None:
    if coarse is None:
        return None
    return CoarseRead(coarse.max_points, coarse.consolidation, coarse.allowed)

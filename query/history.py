"""Since when there are points at which step: a ladder may have had other steps before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..schema.identity import Level
from ..schema.policy import Policy
from ..schema.protocols import Snapshot
from .cut import ALL_SEQUENCES, Log, levels_of, log_span


class History:
    """Of what chunks and log hold."""

    def __init__(self, snapshot: Snapshot, logs: Mapping[Level, Log]) -> None:
        self._snapshot = snapshot
        self._logs = logs

    def step_since(self, policy: Policy, step_s: int, after: int) -> int:
        """``step_s``; or, where its points begin later than ``after`` and coarser ones are there for the time between, the finest
        step that has such. So a ladder that became finer does not hide what was kept before."""
        levels = levels_of(policy, self._snapshot, self._logs, step_s)
        sealed = [one.start for level in levels for one in self._snapshot.sets(level)]
        if sealed and min(sealed) <= after:
            return step_s  # Fast path: so it is all the time, but for the first weeks of a ladder.
        logged = [span[0] for level in levels if (span := self._logged(level))]
        first = min([*sealed, *logged], default=None)
        for level in self._coarser(policy, step_s):
            if any(min(stop, first or stop) - max(start, after) >= level.step_s for start, stop in self._stretches(level)):
                return level.step_s
        return step_s

    def _coarser(self, policy: Policy, step_s: int) -> Iterator[Level]:
        known = {level.step_s for level in (*self._snapshot.levels(), *self._logs) if level.policy == policy.name}
        return (Level(policy.name, step) for step in sorted(known) if step > step_s and step % step_s == 0)

    def _stretches(self, level: Level) -> Iterator[tuple[int, int]]:
        yield from ((one.start, one.stop) for one in self._snapshot.sets(level))
        logged = self._logged(level)
        if logged:
            yield logged

    def _logged(self, level: Level) -> tuple[int, int] | None:
        return log_span(self._snapshot, self._logs, level, ALL_SEQUENCES)

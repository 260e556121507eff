"""Since when there are points at which step: a ladder may have had other steps before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..schema.identity import Level
from ..schema.policy import Policy
from .cut import ALL_SEQUENCES, levels_of, log_span
from .origin import View


class History:
    """Of what chunks and logs of all origins hold."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views

    def step_since(self, policy: Policy, step_s: int, after: int) -> int:
        """``step_s``; or, where its points begin later than ``after`` and coarser ones are there for the time between, the finest
        step that has such. So a ladder that became finer does not hide what was kept before."""
        levels = [(view, level) for view in self._views for level in levels_of(policy, view.snapshot, view.logs, step_s)]
        sealed = [one.start for view, level in levels for one in view.snapshot.sets(level)]
        if sealed and min(sealed) <= after:
            return step_s  # Fast path: so it is all the time, but for the first weeks of a ladder.
        logged = [span[0] for view, level in levels if (span := _logged(view, level))]
        first = min([*sealed, *logged], default=None)
        for level in self._coarser(policy, step_s):
            if any(min(stop, first or stop) - max(start, after) >= level.step_s for start, stop in self._stretches(level)):
                return level.step_s
        return step_s

    def _coarser(self, policy: Policy, step_s: int) -> Iterator[Level]:
        levels = (level for view in self._views for level in (*view.snapshot.levels(), *view.logs))
        known = {level.step_s for level in levels if level.policy == policy.name}
        return (Level(policy.name, step) for step in sorted(known) if step > step_s and step % step_s == 0)

    def _stretches(self, level: Level) -> Iterator[tuple[int, int]]:
        for view in self._views:
            yield from ((one.start, one.stop) for one in view.snapshot.sets(level))
            logged = _logged(view, level)
            if logged:
                yield logged


def _logged(view: View, level: Level) -> tuple[int, int] | None:
    return log_span(view.snapshot, view.logs, level, ALL_SEQUENCES)

"""A source of a test's own series, which notes the windows it is asked for."""

import math
from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from typing import Any

import numpy as np
from cadent.render.context import Context
from cadent.render.evaluator import Evaluator
from cadent.render.table import functions
from cadent.render.time_series import TimeSeries

AFTER, UNTIL = 1_700_000_000, 1_700_003_600


@dataclass
class Recorded:
    """``paths``: step and a function from the unix second at which a slot begins to its value, None for a gap."""

    paths: dict[str, tuple[int, Any]]
    windows: list[tuple[int, int]] = field(default_factory=list)

    def fetch(self, reads):
        self.windows.append((reads[0].after, reads[0].until))
        return {read: self._series(read) for read in reads}

    def steps(self, patterns, after, until):
        return {self.paths[path][0] for pattern in patterns for path in self._found(pattern)}

    def check(self):
        pass

    def _found(self, pattern):
        """A pattern is a path, or ``*`` for all."""
        return sorted(path for path in self.paths if pattern in {path, "*"})

    def _series(self, read):
        return [self._one(path, read) for path in self._found(read.pattern)]

    def _one(self, path, read):
        step_s, value = self.paths[path]
        times = slots(read.after, read.until, step_s)
        values = np.array([math.nan if (found := value(at)) is None else found for at in times], float)
        values.flags.writeable = False
        return TimeSeries.of(path, times.start, times.stop, step_s, values, expression=read.pattern)


def slots(after: int, until: int, step_s: int) -> range:
    """By whisper's edges."""
    return range(after - after % step_s + step_s, until - until % step_s + step_s, step_s)


def evaluate(
    source: Recorded, target: str, zone: tzinfo = timezone.utc, after: int = AFTER, until: int = UNTIL
) -> list[TimeSeries]:
    evaluator = Evaluator(source, functions())
    return evaluator.evaluate([target], Context(after, until, until, zone, evaluator))


def of_values(target: str, values: list[float | None], step_s: int = 10) -> list[TimeSeries]:
    """What ``target`` gives where the path ``a`` has these values, in all slots of the request."""
    start = AFTER - AFTER % step_s + step_s
    paths = {"a": (step_s, lambda at: values[(at - start) // step_s])}
    return evaluate(Recorded(paths), target, until=start + (len(values) - 1) * step_s)

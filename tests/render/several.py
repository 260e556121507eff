"""Targets over a test's own series, of which the path ``*`` stands for all."""

from collections.abc import Callable, Mapping, Sequence

from cadent.render.time_series import TimeSeries
from recorded import AFTER, Recorded, evaluate

STEP_S = 10
START = AFTER - AFTER % STEP_S + STEP_S


def of_several(target: str, paths: Mapping[str, Sequence[float | None]]) -> list[TimeSeries]:
    """What ``target`` gives where each path has these values, None for a gap, in all slots of the request."""
    slots = max(map(len, paths.values()), default=1)
    source = Recorded({path: (STEP_S, _values_at(values)) for path, values in paths.items()})
    return evaluate(source, target, until=START + (slots - 1) * STEP_S)


def _values_at(values: Sequence[float | None]) -> Callable[[int], float | None]:
    return lambda at: values[(at - START) // STEP_S]


def names(series: Sequence[TimeSeries]) -> list[str]:
    return [one.name for one in series]

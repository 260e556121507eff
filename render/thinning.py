"""Fewer points than there are slots, as Graphite chooses them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from .grids import consolidate
from .time_series import TimeSeries


def thin(series: Sequence[TimeSeries], max_points: int) -> list[TimeSeries]:
    """At most ``max_points`` slots for the whole time that ``series`` cover together.

    Slots that become one begin at a multiple of their new step, so that a graph does not flicker from one refresh to the next;
    what is before the first of these is left out."""
    if not series:
        return []
    range_s = max(one.stop for one in series) - min(one.start for one in series)
    return [_thin(one, range_s, max_points) for one in series]


def _thin(series: TimeSeries, range_s: int, max_points: int) -> TimeSeries:
    if max_points == 1:
        return consolidate(series, max(1, len(series.values)))
    slots = math.ceil(range_s / series.step_s / max_points)
    if range_s / series.step_s <= max_points:
        return series
    step_s = slots * series.step_s
    nudge_s = step_s + series.start % series.step_s - series.start % step_s
    lost = max(0, nudge_s // series.step_s - 1)
    return consolidate(replace(series, start=series.start + nudge_s, values=series.values[lost:]), slots)

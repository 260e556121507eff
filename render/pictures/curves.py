"""From series to points in a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...schema.grid import Floats
from ..grids import consolidate
from ..time_series import TimeSeries
from .canvas import Area
from .value_axis import ValueAxis

# So much a step of a staircase leans, in pixels, so that every x has one y.
_LEAN = 1e-6


def fitted(series: TimeSeries, range_s: float, pixels: float, min_x_step: float) -> TimeSeries:
    """With no more slots than can be told apart in ``pixels``."""
    slots = range_s / series.step_s
    room = max(1, int(pixels / min_x_step))
    return consolidate(series, math.ceil(slots / room)) if slots > room else series


def stacked(series: Sequence[TimeSeries]) -> list[TimeSeries]:
    """Each on top of those before it, matched by place. A gap adds nothing."""
    total = np.zeros(max((len(one.values) for one in series), default=0))
    found = []
    for one in series:
        here = total[: len(one.values)]
        with np.errstate(over="ignore"):  # what is too large is infinite
            found.append(one.with_values(one.values + here))
            here += np.where(np.isfinite(one.values), one.values, 0)
    return found


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the axes put a moment and a value."""

    area: Area
    start: float
    stop: float
    axis: ValueAxis

    def x(self, times: Floats) -> Floats:
        return self.area.left + (times - self.start) / max(self.stop - self.start, 1) * self.area.width

    def y(self, values: Floats) -> Floats:
        return self.area.bottom - self.axis.shares(values) * self.area.height

    @property
    def zero(self) -> float:
        """The y from which areas are filled."""
        return self.area.bottom - self.axis.share(0.0) * self.area.height

    def over(self, axis: ValueAxis) -> Frame:
        return replace(self, axis=axis)


def curve(series: TimeSeries, frame: Frame, line_mode: str, connected_limit: float) -> Floats:
    """The points (n, 2) of its line; NaN interrupts it."""
    edges = frame.x(series.start + np.arange(len(series.values) + 1.0) * series.step_s)
    heights = frame.y(series.values)
    if line_mode == "staircase":
        return np.column_stack((_stairs(edges), np.repeat(heights, 2)))
    if line_mode == "connected":
        return _connected(edges[:-1], heights, connected_limit)
    return _sloping(edges[:-1], heights)


def spikes(series: TimeSeries, frame: Frame) -> Floats:
    """A line from bottom to top for each value above zero."""
    at = frame.x(series.start + np.flatnonzero(series.values > 0).astype(np.float64) * series.step_s)
    points = np.full((3 * len(at), 2), np.nan)
    points[:, 0] = np.repeat(at, 3)
    points[::3, 1] = frame.area.bottom
    points[1::3, 1] = frame.area.top
    return points


def runs(points: Floats) -> Iterator[Floats]:
    """The stretches without a gap."""
    there = ~np.isnan(points[:, 1])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], there, [False]))))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield points[first:end]


def _stairs(edges: Floats) -> Floats:
    return np.column_stack((edges[:-1], edges[1:] - _LEAN)).ravel()


def _sloping(x: Floats, y: Floats) -> Floats:
    """The line before a gap goes on to where the gap begins, so that a lone value shows."""
    gaps = np.isnan(y)
    held = y.copy()
    held[1:][gaps[1:]] = y[:-1][gaps[1:]]
    return np.insert(np.column_stack((x, held)), np.flatnonzero(gaps) + 1, np.nan, axis=0)


def _connected(x: Floats, y: Floats, limit: float) -> Floats:
    """Gaps of more than ``limit`` slots stay gaps."""
    there = np.flatnonzero(~np.isnan(y))
    wide = np.flatnonzero(np.diff(there) - 1 > limit) + 1
    return np.insert(np.column_stack((x[there], y[there])), wide, np.nan, axis=0)

"""Series that are not stored anywhere."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from typing import Final

import numpy as np

from ...schema.errors import LimitExceeded, QueryError
from ...schema.grid import Floats
from ...schema.times import parse_time
from ..context import Context
from ..function import ALWAYS, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_NAME: Final = Param("name", Kind.STRING, required=True)
_STEP: Final = Param("step", Kind.INTEGER, default=60)
_VALUE: Final = Param("value", Kind.FLOAT, required=True)
_LABEL: Final = Param("label", Kind.STRING)
_COLOR: Final = Param("color", Kind.STRING)
_IDENTITY_STEP_S: Final = 60

# A hundred days by the second, in 80 MB.
_MOST_SLOTS: Final = 10_000_000


def level(context: Context, value: float) -> TimeSeries:
    """A line at ``value`` over the whole graph, with a slot at its beginning, its middle and its end."""
    step_s = max(1, (context.until - context.after) // 2)
    return _series(context, str(value), step_s, np.full(3, value), expression=f"constantLine({value})")


@function("constantLine", group="Special", params=[_VALUE], keeps_step=False, commutes=ALWAYS)
def constant_line(context: Context, value: float) -> list[TimeSeries]:
    """A line at `value`, over the whole graph."""
    return [level(context, value)]


@function("threshold", group="Graph", params=[_VALUE, _LABEL, _COLOR], keeps_step=False, commutes=ALWAYS)
def threshold(context: Context, value: float, label: str | None, color: str | None) -> list[TimeSeries]:
    """A line at `value` over the whole graph, called `label` and drawn in `color` if these are given."""
    line = level(context, value)
    return [replace(line, name=label or line.name).drawn(color=color or None)]


@function(
    "verticalLine",
    group="Graph",
    params=[Param("ts", Kind.DATE, required=True), _LABEL, _COLOR],
    keeps_step=False,
    commutes=ALWAYS,
)
def vertical_line(context: Context, text: str, label: str | None, color: str | None) -> list[TimeSeries]:
    """A vertical line at the time `ts`, written as `from` and `until` are, called `label` and drawn in `color` if these are
    given."""
    at = parse_time(text, context.now, context.zone)
    if not context.after <= at <= context.until:
        raise QueryError(f"verticalLine: ts={text[:200]!r} is not between from and until")
    line = TimeSeries.of(label or "", at, at, 1, np.ones(2), x_files_factor=context.x_files_factor)
    return [line.drawn(infinite=True, color=color or None)]


@function("identity", group="Calculate", params=[_NAME], keeps_step=False, commutes=ALWAYS)
def identity(context: Context, name: str) -> list[TimeSeries]:
    """A series called `name` whose value at every full minute of the graph is that time, in unix seconds."""
    times = _times(context, "identity", _IDENTITY_STEP_S)
    return [_series(context, name, _IDENTITY_STEP_S, times, expression=f'identity("{name}")')]


@function("time", "timeFunction", group="Transform", params=[_NAME, _STEP], keeps_step=False, commutes=ALWAYS)
def time(context: Context, name: str, step_s: int) -> list[TimeSeries]:
    """A series called `name` whose value every `step` seconds is the time, in unix seconds."""
    return [_series(context, name, step_s, _times(context, "time", step_s))]


@function(
    "sin",
    "sinFunction",
    group="Transform",
    params=[_NAME, Param("amplitude", Kind.INTEGER, default=1, takes=float), _STEP],
    keeps_step=False,
    commutes=ALWAYS,
)
def sin(context: Context, name: str, amplitude: float, step_s: int) -> list[TimeSeries]:
    """A series called `name` whose value every `step` seconds is the sine of the time in seconds, times `amplitude`."""
    return [_series(context, name, step_s, np.sin(_times(context, "sin", step_s)) * amplitude)]


@function("randomWalk", "randomWalkFunction", group="Special", params=[_NAME, _STEP], keeps_step=False, commutes=ALWAYS)
def random_walk(context: Context, name: str, step_s: int) -> list[TimeSeries]:
    """A series called `name` that begins at 0 and goes up or down by less than a half every `step` seconds. The same name and
    time give the same walk."""
    slots = len(_times(context, "randomWalk", step_s))
    random = np.random.default_rng([zlib.crc32(name.encode()), context.after])
    moves = random.random(slots) - 0.5
    moves[0] = 0.0
    return [_series(context, name, step_s, moves.cumsum())]


@function(
    "events",
    group="Special",
    params=[Param("tags", Kind.STRING, required=True, multiple=True)],
    keeps_step=False,
    commutes=ALWAYS,
)
def events(context: Context, *tags: str) -> list[TimeSeries]:
    """How many events there were in each second that have all of these `tags`; `'*'` stands for all events. In a graph of
    more than a hundred days a slot is longer than a second."""
    range_s = context.until - context.after
    step_s = math.ceil(range_s / _MOST_SLOTS)
    at = context.evaluator.event_times(() if tags == ("*",) else tags, context)
    counts = np.bincount((at.astype(np.int64) - context.after) // step_s, minlength=-(-range_s // step_s))
    name = "events({})".format(", ".join(f'"{tag}"' for tag in tags))
    return [_series(context, name, step_s, np.where(counts, counts, np.nan), consolidation="sum")]


def _series(context: Context, name: str, step_s: int, values: Floats, **more: str) -> TimeSeries:
    return TimeSeries.of(name, context.after, context.until, step_s, values, x_files_factor=context.x_files_factor, **more)


def _times(context: Context, function: str, step_s: int) -> Floats:
    """Unix seconds from the beginning to before the end. QueryError, or LimitExceeded if they are too many."""
    if step_s < 1:
        raise QueryError(f"{function}: step={step_s} is not a number of seconds from 1 up")
    slots = -(-(context.until - context.after) // step_s)
    if slots > _MOST_SLOTS:
        raise LimitExceeded(
            f"{function}: step={step_s} gives {slots:,} slots; at most {_MOST_SLOTS:,} are made: take a longer step"
        )
    return np.arange(context.after, context.until, step_s, dtype=np.float64)


FUNCTIONS: Final = (
    constant_line,
    threshold,
    vertical_line,
    identity,
    time,
    sin,
    random_walk,
    events,
)

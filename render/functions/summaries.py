"""Series of another step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ...schema.errors import LimitExceeded, QueryError
from ...schema.times import parse_offset
from ..context import Context, Lazy
from ..function import Given, function
from ..intervals import Overlaps, summarized
from ..parameters import Kind, Param
from ..time_series import Style, TimeSeries
from .results import edited

_MOST_SLOTS: Final = 20_000_000

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_INTERVAL: Final = Param("intervalString", Kind.INTERVAL, required=True, suggestions=("10min", "1h", "1d"))
_AGGREGATION: Final = Param("func", Kind.AGGREGATION, default="sum")

_UNIT: Final = re.compile(r"(?P<unit>s|min|h|d|w|mon|y)(?:.*\D)?(?P<day>[1-7])?")
# How many of year, month, day, hour, minute and second are kept; graphite-web knows the units by how they begin.
_KEPT: Final = {"s": 6, "min": 5, "h": 4, "d": 3, "w": 3, "mon": 2, "y": 1}
_FIRST: Final[Sequence[tuple[str, Any]]] = (("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
_ALIGNED_UNITS_S: Final = ((_KEPT["d"], 86_400), (_KEPT["h"], 3_600), (_KEPT["min"], 60))
_UNITS: Final = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")


@function(
    "summarize",
    group="Transform",
    params=[_SERIES, _INTERVAL, _AGGREGATION, Param("alignToFrom", Kind.BOOLEAN, default=False)],
    keeps_step=False,
)
def summarize(context: Context, series: list[TimeSeries], interval: str, how: str, from_start: bool) -> list[TimeSeries]:
    """One value for every `intervalString`: the `func` of the values in it. Intervals begin at multiples of their length, or
    with `alignToFrom` where the graph begins."""
    interval_s = _seconds("summarize", interval, series)
    summaries = [_summary(context, one, how, interval_s, from_start) for one in series]
    arguments = f', "{interval}", "{how}"{", true" if from_start else ""}'
    tags = {"summarize": interval, "summarizeFunction": how}
    return [edited(one, f"summarize({one.name}{arguments})", tags) for one in summaries]


def _alignment(value: Any) -> str | None:
    """Other units are known than those listed. True and false were an argument of older versions of Graphite."""
    if isinstance(value, list):
        raise TypeError(value)
    return None if isinstance(value, bool) else str(value)


def _alignment_window(context: Context, given: Given, _: int | None) -> Sequence[tuple[int, int]]:
    return [(_smart_start(context, given["alignTo"]), context.until)]


@function(
    "smartSummarize",
    group="Transform",
    params=[
        _SERIES,
        _INTERVAL,
        _AGGREGATION,
        Param("alignTo", Kind.STRING, options=(None, *_UNITS, True, False), takes=_alignment),
    ],
    windows=_alignment_window,
    keeps_step=False,
)
def smart_summarize(context: Context, lazy: Lazy, interval: str, how: str, unit: str | None) -> list[TimeSeries]:
    """One value for every `intervalString`: the `func` of the values in it. The first interval begins where the graph does, or
    where its year, month, week, day, hour or minute began if `alignTo` says so; `weeks7` are weeks that begin on Sunday."""
    series = lazy.within(_smart_start(context, unit), context.until)
    interval_s = _seconds("smartSummarize", interval, series)
    summaries = [_summary(context, one, how, interval_s, from_start=True) for one in series]
    tags = {"smartSummarize": interval, "smartSummarizeFunction": how}
    return [edited(one, f'smartSummarize({one.name}, "{interval}", "{how}")', tags) for one in summaries]


def _summary(context: Context, series: TimeSeries, how: str, interval_s: int, from_start: bool) -> TimeSeries:
    """By intervals from the start of ``series`` on, or else from a multiple of ``interval_s`` on; then one begins at its stop,
    too, if that is such a multiple."""
    context.check()
    start, stop = (series.start, series.stop) if from_start else (series.start - series.start % interval_s, series.stop + 1)
    values = summarized(series, how, interval_s, start, stop)
    stop = start + len(values) * interval_s
    return replace(series, start=start, stop=stop, step_s=interval_s, values=values, style=Style())


def _hitcount_window(context: Context, given: Given, _: int | None) -> Sequence[tuple[int, int]]:
    return [(_hitcount_start(context, given["intervalString"], given["alignToInterval"]), context.until)]


@function(
    "hitcount",
    group="Transform",
    params=[_SERIES, _INTERVAL, Param("alignToInterval", Kind.BOOLEAN, default=False)],
    windows=_hitcount_window,
    keeps_step=False,
)
def hitcount(context: Context, lazy: Lazy, interval: str, aligned: bool) -> list[TimeSeries]:
    """How much came in every `intervalString`, if values are amounts per second. The last interval ends where the graph does;
    with `alignToInterval` the first one begins with a day, an hour or a minute."""
    series = lazy.within(_hitcount_start(context, interval, aligned), context.until)
    interval_s = _seconds("hitcount", interval, series)
    if aligned:
        series = [replace(one, stop=one.start + ((one.stop - one.start) // interval_s + 1) * interval_s) for one in series]
    arguments = f', "{interval}"{", true" if aligned else ""}'
    overlaps = {grid: Overlaps.of(one, interval_s) for grid, one in {_grid(one): one for one in series}.items()}
    counted = [_counted(context, one, interval_s, overlaps[_grid(one)]) for one in series]
    return [edited(one, f"hitcount({one.name}{arguments})", {"hitcount": interval}) for one in counted]


def _grid(series: TimeSeries) -> tuple[int, ...]:
    return series.start, series.stop, series.step_s, len(series.values)


def _counted(context: Context, series: TimeSeries, interval_s: int, overlaps: Overlaps) -> TimeSeries:
    context.check()
    values = overlaps.hits(series.values)
    return replace(series, start=overlaps.start, step_s=interval_s, values=values, style=Style())


def _seconds(function: str, interval: str, series: Sequence[TimeSeries] = ()) -> int:
    """Those of ``interval``. LimitExceeded if ``series`` would get far too many slots of it."""
    seconds = parse_offset(interval)
    if seconds <= 0:
        raise QueryError(f"{function}: intervalString={interval!r} is not longer than 0 seconds")
    slots = sum((one.stop - one.start) // seconds + 2 for one in series)
    if slots > _MOST_SLOTS:
        raise LimitExceeded(
            f"{function}: intervalString={interval!r} would give {slots} values, the limit is {_MOST_SLOTS}; take a longer one"
        )
    return seconds


def _smart_start(context: Context, unit: str | None) -> int:
    if unit is None:
        return context.after
    found = _UNIT.fullmatch(unit)
    if found is None:
        raise QueryError(f"smartSummarize: alignTo={unit!r} is not known; want one of {', '.join(_UNITS)}")
    day = int(found["day"] or 1) if found["unit"].startswith("w") else None
    return _begin(context, _KEPT[found["unit"]], day)


def _hitcount_start(context: Context, interval: str | None, aligned: bool) -> int:
    """Where the day, hour or minute began, of which the interval is a multiple or a part."""
    seconds = _seconds("hitcount", interval) if interval and aligned else 0
    kept = next((kept for kept, unit_s in _ALIGNED_UNITS_S if seconds >= unit_s), _KEPT["s"])
    return _begin(context, kept)


def _begin(context: Context, kept: int, weekday: int | None = None) -> int:
    """When the first ``kept`` of year, month, day, hour, minute and second began that the graph begins in, or its week, of which
    ``weekday`` is the first day (1: Monday); by the offset from UTC that holds where the graph begins."""
    moment = datetime.fromtimestamp(context.after, context.zone)
    fixed = moment.astimezone(timezone(moment.utcoffset() or timedelta()))
    begin = fixed.replace(**dict(_FIRST[kept - 1 :]))
    days = 0 if weekday is None else (moment.isoweekday() - weekday) % 7
    return int((begin - timedelta(days=days)).timestamp())


FUNCTIONS: Final = (hitcount, smart_summarize, summarize)

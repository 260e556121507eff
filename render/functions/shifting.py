"""Series of other times, and parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.resolution import DAY_S
from ...schema.times import parse_offset, parse_time
from ..context import Context, Lazy
from ..function import ALWAYS, NEVER, Commutes, Given, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_HOUR_S: Final = 3_600
_MOST_SHIFTS: Final = 1_000

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_SUGGESTIONS: Final = ("1h", "6h", "12h", "1d", "2d", "7d", "14d", "30d")


def _signed(interval: str) -> str:
    """Without a sign it is meant to go back in time."""
    return f"-{interval}" if interval[:1].isdigit() else interval


def _by_days(shift: str | None) -> bool:
    """Whether the slots of every step stay where they are."""
    return shift is not None and parse_offset(shift) % DAY_S == 0


def _shift_windows(context: Context, given: Given, _: int | None) -> Sequence[tuple[int, int]]:
    """The request's, which has the times of the result, and the shifted one."""
    here = (context.after, context.until)
    if given["timeShift"] is None:
        return [here]
    return [here, _shifted(context, _signed(given["timeShift"]), align_dst=given["alignDst"])]


def _shifted(context: Context, shift: str, *, align_dst: bool) -> tuple[int, int]:
    after, until = _later(context, shift)
    if align_dst:
        ahead_s = _clocks_ahead_s(context.zone, (context.after, context.until), (after, until))
        return after + ahead_s, until + ahead_s
    return after, until


def _later(context: Context, interval: str, times: int = 1) -> tuple[int, int]:
    """The window of ``context``, shifted so many ``times``."""
    by_s = times * parse_offset(interval)
    later = context.within(context.after + by_s, context.until + by_s)
    return later.after, later.until


def _clocks_ahead_s(zone: tzinfo, window: tuple[int, int], other: tuple[int, int]) -> int:
    """Seconds by which clocks are ahead of those in the ``other`` window. 0 if they change within one of the windows."""
    summer = {_is_summer(at, zone) for at in window}
    other_summer = {_is_summer(at, zone) for at in other}
    if len(summer) > 1 or len(other_summer) > 1:
        return 0
    return _HOUR_S * (int(summer.pop()) - int(other_summer.pop()))


def _is_summer(at: int, zone: tzinfo) -> bool:
    return bool(datetime.fromtimestamp(at, zone).dst())


def _shift_commutes(given: Given) -> Commutes:
    return ALWAYS if _by_days(given["timeShift"]) and not given["alignDst"] else NEVER


@function(
    "timeShift",
    group="Transform",
    params=[
        _SERIES,
        Param("timeShift", Kind.INTERVAL, required=True, suggestions=_SUGGESTIONS),
        Param("resetEnd", Kind.BOOLEAN, default=True),
        Param("alignDst", Kind.BOOLEAN, default=False),
    ],
    windows=_shift_windows,
    commutes=_shift_commutes,
)
def time_shift(context: Context, lazy: Lazy, shift: str, reset_end: bool, align_dst: bool) -> list[TimeSeries]:
    """What was there `timeShift` earlier, or later if that has a plus sign, at the times of the graph. With `resetEnd` it ends
    where the series itself does; with `alignDst` days begin together although clocks were changed in between."""
    here = lazy.here()
    if not here:
        return []
    shift = _signed(shift)
    return [
        replace(
            one,
            name=f'timeShift({one.name}, "{shift}")',
            tags={**one.tags, "timeShift": shift},
            start=here[0].start,
            stop=here[0].stop if reset_end else one.stop - one.start + here[0].start,
        )
        for one in lazy.within(*_shifted(context, shift, align_dst=align_dst))
    ]


def _stack_windows(context: Context, given: Given, _: int | None) -> Sequence[tuple[int, int]]:
    unit = _signed(given["timeShiftUnit"])
    shifts = _shifts(given["timeShiftStart"], given["timeShiftEnd"])
    return [(context.after, context.until), *(_later(context, unit, shift) for shift in shifts)]


def _shifts(first: int, stop: int) -> range:
    if stop - first > _MOST_SHIFTS:
        raise QueryError(f"timeStack: from timeShiftStart={first} to timeShiftEnd={stop} are more than {_MOST_SHIFTS} shifts")
    return range(first, stop)


@function(
    "timeStack",
    group="Transform",
    params=[
        _SERIES,
        Param("timeShiftUnit", Kind.INTERVAL, default="1d", suggestions=_SUGGESTIONS),
        Param("timeShiftStart", Kind.INTEGER, default=0, takes=int),
        Param("timeShiftEnd", Kind.INTEGER, default=7, takes=int),
    ],
    windows=_stack_windows,
    commutes=lambda given: ALWAYS if _by_days(given["timeShiftUnit"]) else NEVER,
)
def time_stack(context: Context, lazy: Lazy, unit: str, first: int, stop: int) -> list[TimeSeries]:
    """What was there several times `timeShiftUnit` earlier, or later if that has a plus sign, at the times of the graph:
    `timeShiftStart` times, and one more each time to before `timeShiftEnd`."""
    here = lazy.here()
    if not here:
        return []
    unit = _signed(unit)
    return [one for shift in _shifts(first, stop) for one in _stacked(context, lazy, unit, shift, here[0])]


def _stacked(context: Context, lazy: Lazy, unit: str, shift: int, here: TimeSeries) -> list[TimeSeries]:
    """All series of one shift, at the times of ``here``."""
    return [
        replace(
            one.named(f"timeShift({one.name}, {unit}, {shift})"),
            tags={**one.tags, "timeShiftUnit": unit, "timeShift": str(shift)},
            start=here.start,
            stop=here.stop,
        )
        for one in lazy.within(*_later(context, unit, shift))
    ]


@function(
    "timeSlice",
    group="Transform",
    params=[
        _SERIES,
        Param("startSliceAt", Kind.DATE, required=True),
        Param("endSliceAt", Kind.DATE, default="now"),
    ],
)
def time_slice(context: Context, series: list[TimeSeries], first: str, last: str) -> list[TimeSeries]:
    """Only what lies between `startSliceAt` and `endSliceAt`, both included: times as a graph's own, such as `'12:00 20260131'`
    or `'-2h'`."""
    begin, end = _time(context, "startSliceAt", first), _time(context, "endSliceAt", last)
    return [_sliced(one, context.after, begin, end) for one in series]


def _time(context: Context, parameter: str, text: str) -> int:
    try:
        return parse_time(text, context.now, context.zone)
    except QueryError as error:
        raise QueryError(f"timeSlice: {parameter}: {error}") from None


def _sliced(series: TimeSeries, after: int, begin: int, end: int) -> TimeSeries:
    """As in Graphite the first slot counts as if it began with the window, ``after`` which it does."""
    times = after + series.step_s * np.arange(len(series.values))
    inside = (times >= begin) & (times <= end)
    return replace(
        series,
        name=f"timeSlice({series.name}, {begin}, {end})",
        tags={**series.tags, "timeSliceStart": str(begin), "timeSliceEnd": str(end)},
        values=np.where(inside, series.values, np.nan),
    )


FUNCTIONS: Final = (time_shift, time_stack, time_slice)

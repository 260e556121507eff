from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from cadent.render.function import ALWAYS, NEVER
from cadent.render.functions.shifting import time_shift, time_stack
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import AFTER, UNTIL, Recorded, evaluate, slots

HOUR_S, DAY_S = 3_600, 86_400
BERLIN = ZoneInfo("Europe/Berlin")


def ramp():
    return Recorded({"a": (10, float)})


@given(st.integers(-5_000, 5_000), st.booleans())
def test_a_shift_shows_other_times_at_the_times_of_the_request(by_s, reset_end):
    (found,) = evaluate(ramp(), f"timeShift(a,'{by_s:+}s',{str(reset_end).lower()})")
    times = slots(AFTER, UNTIL, 10)
    shifted = slots(AFTER + by_s, UNTIL + by_s, 10)
    assert found.values.tolist() == list(map(float, shifted))
    assert (found.start, found.step_s) == (times.start, 10)
    assert found.stop == (times.stop if reset_end else times.start + shifted.stop - shifted.start)
    assert found.tags == {"name": "a", "timeShift": f"{by_s:+}s"}


def test_without_a_sign_it_goes_back():
    source = ramp()
    (found,) = evaluate(source, "timeShift(a,'1h')")
    assert (found.name, found.expression) == ('timeShift(a, "-1h")', "a")
    assert source.windows == [(AFTER, UNTIL), (AFTER - HOUR_S, UNTIL - HOUR_S)]


def seconds(*date):
    return int(datetime(*date, tzinfo=BERLIN).timestamp())


@pytest.mark.parametrize(
    ("day", "shift", "moved_s"),
    [
        ((2026, 4, 2), "7d", HOUR_S),  # clocks were put forward in between, on March 29
        ((2026, 10, 28), "7d", -HOUR_S),  # and back on October 25
        ((2026, 3, 25), "+7d", -HOUR_S),
        ((2026, 6, 10), "7d", 0),
        ((2026, 1, 10), "7d", 0),
        ((2026, 4, 5), "7d", 0),  # the earlier window holds the change
        ((2026, 3, 29), "7d", 0),  # the later one does
    ],
)
def test_days_begin_together_although_clocks_were_changed(day, shift, moved_s):
    source = ramp()
    after = seconds(*day)
    evaluate(source, f"timeShift(a,'{shift}',true,true)", BERLIN, after, after + DAY_S - 1)
    by_s = 7 * DAY_S if shift.startswith("+") else -7 * DAY_S
    assert source.windows[1] == (after + by_s + moved_s, after + DAY_S - 1 + by_s + moved_s)


def test_without_being_asked_clocks_do_not_matter():
    source = ramp()
    after = seconds(2026, 4, 2)
    evaluate(source, "timeShift(a,'7d')", BERLIN, after, after + DAY_S)
    assert source.windows[1] == (after - 7 * DAY_S, after - 6 * DAY_S)


@given(st.integers(-5, 5), st.integers(0, 6), st.sampled_from(["10min", "-90s", "+45s"]))
def test_a_stack_is_every_shift_from_the_first_to_before_the_last(first, count, unit):
    found = evaluate(ramp(), f"timeStack(a,'{unit}',{first},{first + count})")
    by_s = {"10min": -600, "-90s": -90, "+45s": 45}[unit]
    signed = unit if unit[0] in "+-" else f"-{unit}"
    assert [one.name for one in found] == [f"timeShift(a, {signed}, {shift})" for shift in range(first, first + count)]
    for one, shift in zip(found, range(first, first + count), strict=True):
        shifted = slots(AFTER + shift * by_s, UNTIL + shift * by_s, 10)
        assert one.values.tolist() == list(map(float, shifted))
        assert (one.start, one.stop) == (slots(AFTER, UNTIL, 10).start, slots(AFTER, UNTIL, 10).stop)
        assert one.tags == {"name": "a", "timeShiftUnit": signed, "timeShift": str(shift)}


@pytest.mark.parametrize("shift", ["1d", "-7d", "+2w", "0s", "24h", ""])
def test_by_whole_days_coarser_points_stay_where_they_are(shift):
    assert time_shift.commuting({"timeShift": shift, "alignDst": False}) == ALWAYS
    assert time_stack.commuting({"timeShiftUnit": shift}) == ALWAYS


@pytest.mark.parametrize("given_", [("1h", False), ("25h", False), ("1d", True), (None, False)])
def test_by_other_times_they_would_not(given_):
    shift, align = given_
    assert time_shift.commuting({"timeShift": shift, "alignDst": align}) == NEVER


@given(st.integers(-100, 4_000), st.integers(-100, 4_000))
def test_a_slice_is_what_lies_between_its_ends(begin, end):
    (found,) = evaluate(ramp(), f"timeSlice(a,'{AFTER + begin}','{AFTER + end}')")
    times = np.array(slots(AFTER, UNTIL, 10))
    counted = AFTER + 10 * np.arange(len(times))  # Graphite counts from the request's first second
    inside = (counted >= AFTER + begin) & (counted <= AFTER + end)
    assert np.array_equal(found.values, np.where(inside, times, np.nan), equal_nan=True)
    assert found.name == f"timeSlice(a, {AFTER + begin}, {AFTER + end})"


def test_a_slices_times_are_relative_to_the_requests_now_and_in_its_zone():
    after = seconds(2026, 6, 10)
    (found,) = evaluate(ramp(), "timeSlice(a,'06:00 20260610','-2h')", BERLIN, after, after + DAY_S)
    assert found.name == f"timeSlice(a, {after + 6 * HOUR_S}, {after + 22 * HOUR_S})"


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("timeShift(a,'x')", "timeShift: timeShift='x' is not an interval"),
        ("timeShift(a)", "timeShift lacks its argument timeShift"),
        ("timeShift(a,'1h','maybe')", "timeShift: resetEnd='maybe' is not true or false"),
        ("timeShift(a,'1000000000y')", "timeShift: timeShift='1000000000y' is not an interval"),
        ("timeShift(a,'3000y')", "of which no calendar knows the dates"),
        ("timeShift(a,'3000y',true,true)", "of which no calendar knows the dates"),
        ("timeStack(a,'x')", "timeStack: timeShiftUnit='x' is not an interval"),
        ("timeStack(a,'1d',0,1001)", "timeStack: from timeShiftStart=0 to timeShiftEnd=1001 are more than 1000 shifts"),
        ("timeStack(a,'1y',10000,10001)", "of which no calendar knows the dates"),
        ("timeStack(a,'1y',0,inf)", "timeStack: timeShiftEnd=inf is not a whole number"),
        ("timeSlice(a,'x')", "timeSlice: startSliceAt: 'x' is not a time"),
        ("timeSlice(a,'-1h','yesterdays')", "timeSlice: endSliceAt: 'yesterdays' is not a time"),
        ("timeSlice(a)", "timeSlice lacks its argument startSliceAt"),
    ],
)
def test_what_is_wrong_is_said(target, complaint):
    with pytest.raises(QueryError, match=complaint):
        evaluate(ramp(), target)

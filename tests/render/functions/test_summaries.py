import math
import statistics
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from cadent.schema.errors import LimitExceeded, QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import AFTER, UNTIL, Recorded, evaluate, of_values

VALUES = st.lists(st.none() | st.integers(-100, 100).map(float), min_size=1, max_size=60)
STEPS = st.sampled_from([1, 7, 10, 60])
INTERVALS = st.integers(1, 300)

AGGREGATIONS = {
    "sum": math.fsum,
    "average": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "count": len,
    "last": lambda values: values[-1],
    "range": lambda values: max(values) - min(values),
    "diff": lambda values: values[0] - math.fsum(values[1:]),
    "stddev": statistics.pstdev,
}


def assert_values(found, expected):
    assert found.values.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@given(VALUES, STEPS, INTERVALS, st.sampled_from(sorted(AGGREGATIONS)), st.booleans())
def test_an_interval_has_the_aggregation_of_the_slots_that_begin_in_it(values, step_s, interval_s, how, from_start):
    (found,) = of_values(f"summarize(a,'{interval_s}s','{how}',{str(from_start).lower()})", values, step_s)
    ((start, stop),) = {(one.start, one.stop) for one in of_values("a", values, step_s)}
    assert found.start == (start if from_start else start - start % interval_s)
    assert found.stop >= stop
    expected = []
    for begin in range(found.start, found.stop, interval_s):
        inside = [value for at, value in enumerate(values) if begin <= start + at * step_s < begin + interval_s]
        known = [value for value in inside if value is not None]
        expected.append(AGGREGATIONS[how](known) if known else math.nan)
    assert_values(found, expected)


def test_an_average_with_zeros_and_a_product_count_gaps():
    values = [2.0, None, 4.0]
    assert of_values("summarize(a,'30s','avg_zero',true)", values)[0].values.tolist() == [2.0]
    assert math.isnan(of_values("summarize(a,'30s','multiply',true)", values)[0].values[0])
    assert of_values("summarize(a,'30s','multiply',true)", [2.0, 3.0, 4.0])[0].values.tolist() == [24.0]


def test_an_interval_needs_its_share_of_values():
    values = [1.0, 1.0, None, 1.0, None, None]
    (found,) = of_values("summarize(setXFilesFactor(a,0.5),'30s','sum',true)", values)
    assert found.values.tolist() == pytest.approx([2.0, math.nan], nan_ok=True)


@given(VALUES, STEPS, INTERVALS)
def test_hits_are_values_by_the_seconds_that_lie_in_an_interval(values, step_s, interval_s):
    (found,) = of_values(f"hitcount(a,'{interval_s}s')", values, step_s)
    ((start, stop),) = {(one.start, one.stop) for one in of_values("a", values, step_s)}
    assert (stop - found.start) % interval_s == 0
    assert start - interval_s < found.start <= start
    expected = []
    for begin in range(found.start, stop, interval_s):
        seconds = [(second - start) // step_s for second in range(max(begin, start), begin + interval_s)]
        known = [values[at] for at in seconds if values[at] is not None]
        expected.append(math.fsum(known) if known else math.nan)
    assert_values(found, expected)


ZONES = st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"])
LENGTHS_S = {"weeks": 7 * 86_400, "days": 86_400, "hours": 3_600, "minutes": 60}


@given(st.integers(1_600_000_000, 1_700_000_000), ZONES, st.sampled_from(sorted(LENGTHS_S)), st.integers(1, 7))
def test_a_smart_summary_begins_with_a_unit_of_the_zone(after, zone, unit, weekday):
    source = Recorded({"a": (60, lambda at: 1.0)})
    name = f"weeks{weekday}" if unit == "weeks" else unit
    evaluate(source, f"smartSummarize(a,'1h','sum','{name}')", ZoneInfo(zone), after, after + 60)
    ((begin, until),) = source.windows
    local = datetime.fromtimestamp(begin, timezone(datetime.fromtimestamp(after, ZoneInfo(zone)).utcoffset()))
    assert until == after + 60
    assert begin <= after < begin + LENGTHS_S[unit]
    assert (local.hour * 3_600 + local.minute * 60 + local.second) % min(LENGTHS_S[unit], 86_400) == 0
    assert unit != "weeks" or local.isoweekday() == weekday


@pytest.mark.parametrize(
    ("unit", "begin"),
    [
        ("years", "2023-01-01 00:00:00"),
        ("months", "2023-11-01 00:00:00"),
        ("weeks", "2023-11-13 00:00:00"),
        ("weeks3", "2023-11-08 00:00:00"),
        ("weeks7", "2023-11-12 00:00:00"),
        ("days", "2023-11-14 00:00:00"),
        ("hours", "2023-11-14 22:00:00"),
        ("minutes", "2023-11-14 22:13:00"),
        ("seconds", "2023-11-14 22:13:20"),
        ("min", "2023-11-14 22:13:00"),
    ],
)
def test_units_of_smart_summaries(unit, begin):
    source = Recorded({"a": (60, lambda at: 1.0)})
    evaluate(source, f"smartSummarize(a,'1d','sum','{unit}')")  # from 2023-11-14 22:13:20, a Tuesday
    assert source.windows == [(int(datetime.fromisoformat(begin + "+00:00").timestamp()), UNTIL)]


@pytest.mark.parametrize("unit", ["None", "true", "false"])
def test_a_smart_summary_may_begin_with_the_graph(unit):
    source = Recorded({"a": (60, lambda at: 1.0)})
    evaluate(source, f"smartSummarize(a,'1d','sum',{unit})")
    assert source.windows == [(AFTER, UNTIL)]


@pytest.mark.parametrize(("interval", "begin"), [("1d", 22 * 3_600 + 800), ("1h", 800), ("90s", 20), ("30s", 0)])
def test_aligned_hits_begin_with_a_day_an_hour_or_a_minute(interval, begin):
    source = Recorded({"a": (10, lambda at: 1.0)})
    evaluate(source, f"hitcount(a,'{interval}',true)")
    assert source.windows == [(AFTER - begin, UNTIL)]


@pytest.mark.parametrize("name", ["summarize", "smartSummarize", "hitcount"])
@pytest.mark.parametrize("interval", ["0s", "-1h", "soon", ""])
def test_an_interval_that_is_none_is_said(name, interval):
    with pytest.raises(QueryError, match=rf"{name}: intervalString='{interval}' is not"):
        of_values(f"{name}(a,'{interval}')", [1.0])


@pytest.mark.parametrize("name", ["summarize", "smartSummarize", "hitcount"])
def test_a_summary_of_far_too_many_values_is_refused(name):
    with pytest.raises(LimitExceeded, match=rf"{name}: intervalString='1s' would give"):
        of_values(f"{name}(a,'1s')", [None] * 1_000, 86_400)


def test_a_unit_that_is_none_is_said():
    with pytest.raises(QueryError, match="smartSummarize: alignTo='fortnights'"):
        of_values("smartSummarize(a,'1h','sum','fortnights')", [1.0])


@pytest.mark.parametrize("how", ["3", "a", "'bogus'", "'first'"])
def test_what_is_no_aggregation_is_said(how):
    with pytest.raises(QueryError, match="summarize: func="):
        of_values(f"summarize(a,'1h',{how})", [1.0])

import math

import numpy as np
import pytest
from cadent.render.time_series import Style
from cadent.schema.errors import LimitExceeded, QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import AFTER, Recorded, evaluate

RANGES = st.integers(1, 10_000)
STEPS = st.integers(1, 500)


class Happened(Recorded):
    """``at``: unix seconds of events, by tag."""

    def __init__(self, **at):
        super().__init__({})
        self.at = at

    def event_times(self, tags, after, until):
        found = set.intersection(*(set(self.at[tag]) for tag in tags)) if tags else set().union(*self.at.values())
        return np.array(sorted(time for time in found if after <= time < until), float)


def made(target, range_s=3_600, source=None):
    (found,) = evaluate(source or Recorded({}), target, after=AFTER, until=AFTER + range_s)
    return found


@given(RANGES, st.floats(-1e300, 1e300))
def test_a_constant_line_goes_from_the_beginning_to_the_end(range_s, value):
    line = made(f"constantLine('{value!r}')", range_s)
    assert line.values.tolist() == [value] * 3
    assert (line.name, line.expression) == (str(value), f"constantLine({value})")
    assert line.start == AFTER
    assert list(line.times())[-1] <= AFTER + range_s
    assert AFTER + range_s - list(line.times())[-1] <= 1


def test_a_threshold_is_a_constant_line_with_label_and_color():
    line = made("threshold(5,'limit','red')")
    assert (line.name, line.expression, line.style) == ("limit", "constantLine(5.0)", Style(color="red"))
    assert made("threshold(5)").name == "5.0"


def test_a_vertical_line_stands_at_its_time():
    line = made("verticalLine('-10min','deploy','blue')")
    assert list(line.times()) == [AFTER + 3_000]
    assert (line.name, line.style) == ("deploy", Style(infinite=True, color="blue"))


@pytest.mark.parametrize("at", [AFTER, AFTER + 3_600])
def test_a_vertical_line_may_stand_at_either_end(at):
    assert list(made(f"verticalLine('{at}')").times()) == [at]


@pytest.mark.parametrize("at", [AFTER - 1, AFTER + 3_601])
def test_a_vertical_line_outside_the_graph_is_refused(at):
    with pytest.raises(QueryError, match=f"verticalLine: ts='{at}' is not between from and until"):
        made(f"verticalLine('{at}')")


@given(RANGES, STEPS)
def test_a_made_series_has_a_slot_for_every_step_before_the_end(range_s, step_s):
    times = list(range(AFTER, AFTER + range_s, step_s))
    found = made(f"time('a',{step_s})", range_s)
    assert list(found.times()) == found.values.tolist() == times
    sines = [2.5 * math.sin(at) for at in times]
    assert made(f"sin('a',2.5,{step_s})", range_s).values.tolist() == pytest.approx(sines, rel=1e-9, abs=1e-12)


@given(RANGES)
def test_an_identity_has_a_slot_a_minute(range_s):
    found = made("identity('a')", range_s)
    assert list(found.times()) == found.values.tolist() == list(range(AFTER, AFTER + range_s, 60))
    assert found.expression == 'identity("a")'


@given(RANGES, STEPS)
def test_a_walk_begins_at_zero_takes_small_steps_and_is_the_same_again(range_s, step_s):
    walk = made(f"randomWalk('a',{step_s})", range_s).values
    assert walk[0] == 0
    assert np.abs(np.diff(walk)).max(initial=0) <= 0.5
    assert made(f"randomWalk('a',{step_s})", range_s).values.tolist() == walk.tolist()
    assert len(walk) < 2 or made(f"randomWalk('b',{step_s})", range_s).values.tolist() != walk.tolist()


def test_events_are_counted_by_the_second():
    source = Happened(web=[AFTER, AFTER + 5], deploy=[AFTER + 5, AFTER + 7, AFTER + 60])
    nan = math.nan
    found = made("events('*')", 10, source)
    assert found.values.tolist() == pytest.approx([1, nan, nan, nan, nan, 1, nan, 1, nan, nan], nan_ok=True)
    assert (found.start, found.stop, found.step_s, found.consolidation) == (AFTER, AFTER + 10, 1, "sum")
    both = made("events('web','deploy')", 10, source)
    assert both.name == 'events("web", "deploy")'
    assert np.flatnonzero(both.values == 1).tolist() == [5]


def test_events_of_a_long_time_are_counted_in_longer_slots():
    year_s = 365 * 86_400
    found = made("events('*')", year_s, Happened(web=[AFTER, AFTER + 1, AFTER + year_s - 1]))
    assert found.step_s > 1
    assert len(found.values) <= 10_000_000
    assert np.nansum(found.values) == 3
    assert found.values[0] == 2
    assert found.times()[-1] + found.step_s >= AFTER + year_s


@pytest.mark.parametrize("function", ["time", "sin", "randomWalk"])
@pytest.mark.parametrize("step_s", [0, -60])
def test_a_step_that_is_none_is_refused(function, step_s):
    with pytest.raises(QueryError, match=f"{function}: step={step_s} is not a number of seconds"):
        made(f"{function}('a',step={step_s})")


@pytest.mark.parametrize("target", ["time('a',1)", "sin('a',1,1)", "randomWalk('a',1)", "identity('a')"])
def test_a_series_of_too_many_slots_is_refused(target):
    with pytest.raises(LimitExceeded, match="slots; at most 10,000,000 are made"):
        made(target, 1_600_000_000)


@pytest.mark.parametrize("target", ["constantLine('x')", "threshold('x')", "verticalLine('x')", "time('a','x')", "sin('a','x')"])
def test_an_argument_that_will_not_do_is_said(target):
    with pytest.raises(QueryError, match="'x'"):
        made(target)

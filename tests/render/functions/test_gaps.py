import math

import numpy as np
import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import Recorded, evaluate, of_values

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=40)
LIMITS = st.none() | st.integers(0, 6)


def runs(values):
    """First slot and the slot after the last, of every gap."""
    edges = [at for at in range(len(values) + 1) if ([1, *values, 1][at] is None) != ([1, *values, 1][at + 1] is None)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def assert_values(found, expected):
    gaps = [math.nan if value is None else value for value in expected]
    assert found.values.tolist() == pytest.approx(gaps, rel=1e-9, abs=1e-9, nan_ok=True)


@given(VALUES, LIMITS)
def test_the_last_value_is_kept_over_gaps_that_are_short_enough(values, limit):
    (found,) = of_values(f"keepLastValue(a,{limit})", values)
    expected = list(values)
    for first, stop in runs(values):
        if first > 0 and (limit is None or stop - first <= limit):
            expected[first:stop] = [values[first - 1]] * (stop - first)
    assert_values(found, expected)


@given(VALUES, LIMITS)
def test_a_line_goes_over_gaps_that_are_short_enough(values, limit):
    (found,) = of_values(f"interpolate(a,{limit})", values)
    expected = list(values)
    for first, stop in runs(values):
        if first > 0 and stop < len(values) and (limit is None or stop - first <= limit):
            left, right = values[first - 1], values[stop]
            share = [(at - first + 1) / (stop - first + 1) for at in range(first, stop)]
            expected[first:stop] = [left + (right - left) * one for one in share]
    assert_values(found, expected)


@given(VALUES, st.floats(-10, 10))
def test_no_gap_is_left_by_a_default(values, default):
    (found,) = of_values(f"transformNull(a,{default})", values)
    assert_values(found, [default if value is None else value for value in values])


def test_a_default_stands_only_where_a_reference_has_a_value():
    paths = {
        "a": (600, lambda at: None),
        "b": (600, lambda at: 1.0 if at % 1_800 == 0 else None),
        "c": (600, lambda at: 1.0 if at % 1_800 == 600 else None),
    }
    (found,) = evaluate(Recorded(paths), "transformNull(a,7,group(b,c))")
    expected = [math.nan if at % 1_800 == 1_200 else 7.0 for at in range(found.start, found.stop, 600)]
    assert found.values.tolist() == pytest.approx(expected, nan_ok=True)


def test_a_reference_of_more_slots_moves_no_value():
    paths = {"a": (600, lambda at: None if at % 1_200 else float(at)), "b": (60, lambda _: 1.0)}
    (found,) = evaluate(Recorded(paths), "transformNull(a,-1,b)")
    assert found.values.tolist() == [-1.0 if at % 1_200 else float(at) for at in range(found.start, found.stop, 600)]


@given(st.integers(1, 5), st.integers(2, 7), st.integers(3, 8))
def test_periodic_gaps_become_a_longer_step(first, period, points):
    values = [None] * (first + period * points)
    values[first::period] = [float(at + 1) for at in range(points)]
    (found,) = of_values("compressPeriodicGaps(a)", values)
    (start,) = {one.start for one in of_values("a", values)}
    assert (found.start, found.step_s) == (start + first * 10, period * 10)
    assert found.values.tolist() == [float(at + 1) for at in range(points)]
    assert list(found.times()) == [found.start + at * found.step_s for at in range(points)]


@pytest.mark.parametrize(
    "values",
    [
        [None] * 20,
        [1.0] * 20,
        [None, 1.0] + [None] * 18,
        [None, 1.0, None, 1.0, None, None, 1.0, None, 1.0, None],  # no value where the third one should be
        [None, 1.0, None, None, 1.0, None, 1.0, 1.0, None, None],  # the third one is not alone
        [None, 1.0, None, 1.0, None, 1.0],  # nothing after the third one
    ],
)
def test_a_series_without_a_period_stays_as_it_is(values):
    (found,), (before,) = of_values("compressPeriodicGaps(a)", values), of_values("a", values)
    assert found.name == "compressPeriodicGaps(a)"
    assert (found.start, found.stop, found.step_s) == (before.start, before.stop, 10)
    assert np.array_equal(found.values, before.values, equal_nan=True)


def test_what_is_read_is_not_written_to():
    for target in ("keepLastValue(a)", "interpolate(a)", "transformNull(a)"):
        kept, filled = of_values(f"group(a,{target})", [1.0, None, 3.0])
        assert np.isnan(kept.values[1]), target
        assert not np.isnan(filled.values[1]), target


@pytest.mark.parametrize("target", ["keepLastValue(a,'many')", "interpolate(a,limit='many')", "transformNull(a,'none')"])
def test_a_wrong_argument_is_named(target):
    with pytest.raises(QueryError, match=r"limit='many'|default='none'"):
        of_values(target, [1.0])

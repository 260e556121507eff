import math

import numpy as np
import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import AFTER, of_values

VALUES = st.lists(st.none() | st.integers(-1000, 1000).map(float), min_size=1, max_size=40)
BOUNDS = st.none() | st.integers(-1200, 1200)


def pairs(values):
    """Each value and the one before it, None for gaps."""
    return list(zip([None, *values], values, strict=False))


def assert_values(found, expected):
    gaps = [math.nan if value is None else value for value in expected]
    assert found.values.tolist() == pytest.approx(gaps, rel=1e-12, nan_ok=True)


@given(VALUES)
def test_a_derivative_is_of_neighbours_that_are_both_there(values):
    (found,) = of_values("derivative(a)", values)
    assert_values(found, [None if None in pair else pair[1] - pair[0] for pair in pairs(values)])


def growth(before, value, highest, lowest):
    if before is None or value is None:
        return None
    if value >= before:
        return value - before
    if highest is not None:
        return highest - before + 1 + value - (lowest or 0)
    return None if lowest is None else value - lowest


@given(VALUES, BOUNDS, BOUNDS)
def test_a_counter_that_falls_went_over_its_bounds(values, highest, lowest):
    (found,) = of_values(f"nonNegativeDerivative(a,{highest},{lowest})", values)
    (rate,) = of_values(f"perSecond(a,{highest},{lowest})", values, 60)
    above = math.inf if highest is None else highest
    below = -math.inf if lowest is None else lowest
    sound = [value if value is not None and below <= value <= above else None for value in values]
    expected = [growth(*pair, highest, lowest) for pair in pairs(sound)]
    assert_values(found, expected)
    assert_values(rate, [None if one is None else round(one / 60, 6) for one in expected])


def test_a_negative_zero_is_no_fall():
    (found,) = of_values("nonNegativeDerivative(a)", [0.0, -0.0, 0.0, -1.0])
    assert_values(found, [None, 0.0, 0.0, None])


@given(VALUES)
def test_an_integral_is_the_sum_up_to_each_value(values):
    (found,) = of_values("integral(a)", values)
    assert_values(
        found, [None if value is None else math.fsum(v or 0 for v in values[: at + 1]) for at, value in enumerate(values)]
    )


@given(VALUES, st.sampled_from(["5s", "10s", "25s", "1min", "-1min", "1h"]))
def test_an_integral_by_interval_begins_anew_where_an_interval_of_the_graph_does(values, interval):
    length = {"5s": 5, "10s": 10, "25s": 25, "1min": 60, "-1min": 60, "1h": 3600}[interval]
    (found,) = of_values(f"integralByInterval(a,'{interval}')", values)
    times = range(found.start, found.stop, 10)
    expected = []
    for at, now in enumerate(times):
        first = next(
            i for i, time in enumerate(times) if all((t - AFTER) // length == (now - AFTER) // length for t in times[i : at + 1])
        )
        expected.append(math.fsum(value or 0 for value in values[first : at + 1]))
    assert_values(found, expected)


def test_a_huge_value_leaves_no_trace_in_the_intervals_after_it():
    (found,) = of_values("integralByInterval(a,'30s')", [0.1, 1e17, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert found.values[-1] == pytest.approx(0.2, rel=1e-12)


@given(VALUES, st.integers(-50, 50))
def test_a_delay_moves_values_and_loses_those_that_leave(values, steps):
    (found,) = of_values(f"delay(a,{steps})", values)
    assert_values(found, [values[at - steps] if 0 <= at - steps < len(values) else None for at in range(len(values))])


@given(st.lists(st.none() | st.sampled_from([0.0, 1.0, 2.0]), min_size=1))
def test_a_change_is_from_the_last_value_over_gaps(values):
    (found,) = of_values("changed(a)", values)
    expected, before = [], None
    for value in values:
        expected.append(float(value is not None and before is not None and value != before))
        before = before if value is None else value
    assert found.values.tolist() == expected


def test_sums_beyond_the_greatest_number_are_infinite():
    assert of_values("integral(a)", [1.7e308, 1.7e308])[0].values.tolist() == [1.7e308, math.inf]
    assert np.isinf(of_values("derivative(a)", [-1.7e308, 1.7e308])[0].values[1])


@pytest.mark.parametrize("interval", ["0s", "", "soon"])
def test_an_interval_that_is_none_is_said(interval):
    with pytest.raises(QueryError, match=f"'{interval}' is not"):
        of_values(f"integralByInterval(a,'{interval}')", [1.0])


def test_a_fraction_of_a_step_is_refused():
    with pytest.raises(QueryError, match=r"delay: steps=1\.5"):
        of_values("delay(a,1.5)", [1.0])

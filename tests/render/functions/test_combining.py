import math
import random

import numpy as np
import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import Recorded, evaluate, slots


def noise(seed, gaps):
    def value(at):
        chance = random.Random(seed * 1_000_003 + at)
        return None if chance.random() < gaps else chance.uniform(-10, 10)

    return value


PATHS = st.dictionaries(
    st.sampled_from(["a.x", "a.y", "b.x", "b.y", "c.x"]),
    st.tuples(st.sampled_from([600, 900, 1_200]), st.builds(noise, st.integers(0, 99), st.sampled_from([0.0, 0.5, 1.0]))),
    min_size=1,
)


def assert_same(one, other):
    assert (one.start, one.stop, one.step_s) == (other.start, other.stop, other.step_s)
    assert np.allclose(one.values, other.values, rtol=1e-9, atol=1e-9, equal_nan=True)


@given(PATHS)
def test_a_sum_less_its_parts_is_nothing(paths):
    source = Recorded(paths)
    (rest,) = evaluate(source, f"diffSeries(sumSeries(*),{','.join(sorted(paths))})")
    assert np.allclose(rest.values[~np.isnan(rest.values)], 0.0, atol=1e-9)


@given(PATHS)
def test_the_range_is_from_the_least_to_the_greatest(paths):
    source = Recorded(paths)
    (span,) = evaluate(source, "rangeOfSeries(*)")
    (difference,) = evaluate(source, "diffSeries(maxSeries(*),minSeries(*))")
    assert_same(span, difference)


@given(PATHS)
def test_the_average_is_the_sum_by_the_count(paths):
    source = Recorded(paths)
    (average,) = evaluate(source, "averageSeries(*)")
    (quotient,) = evaluate(source, "divideSeries(sumSeries(*),aggregate(*,'count'))")
    assert_same(average, quotient)


@given(PATHS, st.booleans())
def test_the_fiftieth_percentile_between_two_values_is_the_median(paths, by_name):
    source = Recorded(paths)
    (percentile,) = evaluate(source, "percentileOfSeries(*,50,interpolate=true)" if by_name else "percentileOfSeries(*,50,true)")
    (median,) = evaluate(source, "aggregate(*,'median')")
    assert_same(percentile, median)


@given(st.integers(0, 99), st.integers(0, 99))
def test_powers_are_those_of_python_and_gaps_where_it_has_none(seed, other):
    base, exponent = noise(seed, 0.1), noise(other, 0.1)
    (found,) = evaluate(Recorded({"a": (60, base), "b": (60, exponent)}), "powSeries(a,b)")
    for at, value in zip(range(found.start, found.stop, 60), found.values, strict=True):
        assert value == pytest.approx(plain_power(base(at), exponent(at)), rel=1e-12, nan_ok=True)


def plain_power(base, exponent):
    try:
        return math.pow(base, exponent)
    except (TypeError, ValueError, OverflowError):
        return math.nan


@pytest.mark.parametrize(("base", "exponent"), [(0.0, -1.0), (1e300, 2.0), (-2.0, 0.5), (None, 0.0), (1.0, None)])
def test_what_has_no_power_is_a_gap(base, exponent):
    (found,) = evaluate(Recorded({"a": (60, lambda _: base), "b": (60, lambda _: exponent)}), "powSeries(a,b)")
    assert np.isnan(found.values).all()


def test_combined_series_keep_the_tags_that_all_have():
    source = Recorded({"m;dc=e;host=a": (60, lambda _: 1.0), "m;dc=e;host=b": (60, lambda _: 2.0)})
    (found,) = evaluate(source, "sumSeries(*)")
    assert found.tags == {"name": "m", "dc": "e", "aggregatedBy": "sum"}


def test_gaps_and_values_are_told_apart():
    (found,) = evaluate(Recorded({"a": (60, lambda at: at if at % 120 else None)}), "isNonNull(a)")
    assert found.values.tolist() == [float(at % 120 > 0) for at in slots(1_700_000_000, 1_700_003_600, 60)]


def test_series_without_values_are_counted_too():
    (found,) = evaluate(Recorded({"a": (60, lambda _: None), "b": (60, lambda _: 1.0)}), "countSeries(*)")
    assert set(found.values.tolist()) == {2.0}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("aggregate(a,'mean')", "aggregate: func='mean' is not an aggregation"),
        ("aggregate(a)", "aggregate lacks its argument func"),
        ("aggregate(a,'sum',none,1)", "aggregate takes at most 3 arguments, got 4"),
        ("aggregate(a,'sum','much')", "aggregate: xFilesFactor='much' is not a number"),
        ("percentileOfSeries(a,0)", "percentileOfSeries: n=0 is not above 0 and at most 100"),
        ("percentileOfSeries(a,100.5)", "percentileOfSeries: n=100.5 is not above 0"),
        ("percentileOfSeries(a,50,'perhaps')", "percentileOfSeries: interpolate='perhaps' is not true or false"),
        ("sumSeries(5)", "sumSeries: seriesLists=5 is not a list of series"),
        ("sumSeries(mapSeries(a,0))", "sumSeries: seriesLists=a list of series is not a list of series"),
    ],
)
def test_what_cannot_be_combined_is_said(target, words):
    with pytest.raises(QueryError) as refused:
        evaluate(Recorded({"a": (60, lambda _: 1.0)}), target)
    assert words in str(refused.value)

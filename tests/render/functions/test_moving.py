import math
import random

import numpy as np
import pytest
from cadent.render.evaluator import Evaluator
from cadent.render.table import functions
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import AFTER, UNTIL, Recorded, evaluate, slots


def noise(seed, gaps=0.0):
    """Small values after huge ones: those of the hour before the request are a quadrillion times as large."""

    def value(at):
        chance = random.Random(seed * 1_000_003 + at)
        if chance.random() < gaps:
            return None
        return chance.uniform(1, 2) * (1e15 if at < AFTER else 1.0)

    return value


def around(value, at, step_s, slots_back):
    """What is there in the window that ends with the slot ``at``."""
    found = [value(at - back * step_s) for back in range(slots_back)]
    return [one for one in found if one is not None]


@given(
    st.integers(0, 1_000),
    st.sampled_from([0.0, 0.2, 0.9]),
    st.sampled_from([1, 10, 60, 70]),
    st.integers(1, 50),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.booleans(),
)
def test_each_point_is_the_average_of_the_window_that_ends_with_it(seed, gaps, step_s, width, share, as_interval):
    value = noise(seed, gaps)
    after = UNTIL - 100 * step_s
    size = f"'{width * step_s}s'" if as_interval else width
    (found,) = evaluate(Recorded({"a": (step_s, value)}), f"movingAverage(a,{size},{share})", after=after)
    assert (found.start, found.step_s) == (slots(after, UNTIL, step_s).start, step_s)
    for at, average in zip(range(found.start, found.stop, step_s), found.values, strict=True):
        there = around(value, at, step_s, width)
        enough = there and len(there) / width >= share
        expected = math.fsum(there) / len(there) if enough else math.nan
        assert average == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_a_known_step_takes_one_read():
    source = Recorded({"a": (10, lambda _: 1.0)})
    evaluate(source, "movingAverage(a,6)")
    assert source.windows == [(AFTER - 60, UNTIL)]


def test_of_several_steps_the_longest_says_how_much_earlier_data_are_read():
    source = Recorded({"a": (10, lambda _: 1.0), "b": (60, lambda _: 2.0)})
    fine, slow = evaluate(source, "movingSum(*,5)")
    assert source.windows == [(AFTER, UNTIL), (AFTER - 300, UNTIL)]
    assert (fine.values[0], slow.values[0]) == (5.0, 10.0)
    assert len(slow.values) == 60
    assert (fine.start, slow.start) == (slots(AFTER - 300, UNTIL, 10).start + 300, slots(AFTER - 300, UNTIL, 60).start + 300)


def test_an_interval_is_read_for_whatever_step():
    source = Recorded({"a": (10, lambda _: 1.0), "b": (60, lambda _: 2.0)})
    fine, slow = evaluate(source, "movingSum(*,'5min')")
    assert (fine.values[0], slow.values[0]) == (30.0, 10.0)


def test_of_nothing_nothing_comes():
    assert evaluate(Recorded({}), "movingAverage(a,5)") == []
    assert evaluate(Recorded({}), "exponentialMovingAverage(a,'5min')") == []


def test_windows_of_windows_are_those_of_earlier_windows():
    (found,) = evaluate(Recorded({"a": (10, float)}), "movingMax(movingMin(a,3),4)")
    assert found.values.tolist() == [at - 20 for at in slots(AFTER, UNTIL, 10)]


@pytest.mark.parametrize("size", ["2", "'1min'"])
def test_many_windows_of_windows_end_at_the_time_limit(size):
    class Late(Recorded):
        calls = 0

        def check(self):
            self.calls += 1
            if self.calls > 1_000:
                raise QueryError("too late")

    target = "a"
    for _ in range(25):
        target = f"movingSum({target},{size})"
    with pytest.raises(QueryError, match="too late"):
        evaluate(Late({"a": (10, lambda _: 1.0)}), target)


@given(st.integers(0, 1_000), st.sampled_from([0.0, 0.4]), st.integers(1, 40))
def test_an_exponential_average_begins_with_a_plain_one(seed, gaps, width):
    value = noise(seed, gaps)
    (found,) = evaluate(Recorded({"a": (10, value)}), f"exponentialMovingAverage(a,{width})")
    times = slots(AFTER - 10 * width, UNTIL, 10)
    before = [one for one in map(value, times[:width]) if one is not None]
    average = math.fsum(before) / len(before) if before else 0.0
    expected = [average]
    for one in map(value, times[width:]):
        if one is not None:
            average = 2 / (width + 1) * one + (1 - 2 / (width + 1)) * average
        expected.append(math.nan if one is None else average)
    assert found.values == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)
    assert found.start == times.start + 10 * width


@given(st.integers(0, 1_000), st.sampled_from([0.0, 0.4]), st.integers(1, 500), st.sampled_from([0.0, 0.5, 1.0]))
def test_deviations_are_those_of_the_window_as_far_as_it_is_there(seed, gaps, width, share):
    value = noise(seed, gaps)
    (found,) = evaluate(Recorded({"a": (10, value)}), f"stdev(a,{width},{share})")
    row = list(map(value, slots(AFTER, UNTIL, 10)))
    for at in range(0, len(row), 37):
        there = [one for one in row[max(0, at + 1 - width) : at + 1] if one is not None]
        expected = np.std(there) if there and len(there) / width >= share else math.nan
        assert found.values[at] == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("movingAverage(a,'x')", "movingAverage: windowSize='x' is not"),
        ("movingAverage(a,'10')", "movingAverage: windowSize='10' is not"),
        ("movingMedian(a,inf)", "movingMedian: windowSize=inf is not"),
        ("movingMin(a)", "movingMin lacks its argument windowSize"),
        ("movingMax(5,5)", "the target is no list of series, but 5"),
        ("movingSum(a,5,'x')", "movingSum: xFilesFactor='x' is not a number"),
        ("movingWindow(a,5,'mode')", "movingWindow: func='mode' is not an aggregation"),
        ("movingWindow(a,5,'sumSeries')", "movingWindow: func=sumSeries is not one of"),
        ("movingAverage(seriesList=a,windowSize=5)", "movingAverage lacks its first argument"),
        ("movingAverage()", "movingAverage lacks its first argument"),
        ("exponentialMovingAverage(a,-1)", "exponentialMovingAverage: windowSize=-1 is less than nothing"),
        ("stdev(a,-1)", "stdev: points=-1 is less than nothing"),
        ("stdev(a,2.5)", "stdev: points=2.5 is not a whole number"),
    ],
)
def test_what_is_wrong_is_said(target, complaint):
    with pytest.raises(QueryError, match=complaint.replace("(", r"\(")):
        evaluate(Recorded({"a": (10, lambda _: 1.0)}), target)


def test_series_that_are_read_already_have_no_earlier_data():
    evaluator = Evaluator(Recorded({}), functions())
    with pytest.raises(QueryError, match="movingAverage cannot be applied to series that are read already"):
        evaluator.call("movingAverage", None, [[], 5])

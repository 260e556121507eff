"""Windows against plain arithmetic over the values in each."""

import math
import statistics

import numpy as np
import pytest
from cadent.render import neighbours
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st

GAP = math.nan
PLAIN = {
    "average": lambda values: math.fsum(values) / len(values),
    "avg_zero": lambda values: math.fsum(values) / len(values),
    "median": statistics.median,
    "sum": math.fsum,
    "min": min,
    "max": max,
    "diff": lambda values: math.fsum([values[0], *(-value for value in values[1:])]),
    "stddev": statistics.pstdev,
    "count": len,
    "range": lambda values: max(values) - min(values),
    "multiply": math.prod,
    "last": lambda values: values[-1],
}
whole = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@st.composite
def rows_and_widths(draw, value=whole):
    slots = draw(st.integers(1, 70))
    value = draw(st.sampled_from([value, st.one_of(st.just(GAP), value)]))
    rows = draw(st.lists(st.lists(value, min_size=slots, max_size=slots), min_size=1, max_size=3))
    return np.array(rows), draw(st.integers(1, slots))


def windows(row, width):
    """Of each window the values that are there."""
    return [[value for value in row[at : at + width] if not math.isnan(value)] for at in range(len(row) - width + 1)]


def wanted(name, row, width, share=0.0):
    return [
        PLAIN[name](there) if there and len(there) / width >= share else GAP
        for there in ([float(value) for value in window] for window in windows(row, width))
    ]


@pytest.mark.parametrize("name", PLAIN)
@given(rows_and_widths())
def test_each_window_is_the_aggregation_of_its_values(name, given_):
    rows, width = given_
    found = neighbours.slide(name, rows, width, [0.0] * len(rows))
    for row, slid in zip(rows, found, strict=True):
        # What is left when large values cancel out is as exact as those; a deviation is a root of what is left.
        largest = np.nanmax(np.abs(row), initial=1.0)
        accuracy = 1e-9 if name == "stddev" else 1e-12
        assert slid == pytest.approx(wanted(name, row, width), rel=1e-12, abs=accuracy * largest, nan_ok=True)


@pytest.mark.parametrize("name", ["sum", "average"])
@given(rows_and_widths(st.one_of(st.floats(1e-3, 1.0), st.floats(1e15, 1e300))))
def test_small_values_after_huge_ones_are_as_exact_as_others(name, given_):
    rows, width = given_
    found = neighbours.slide(name, rows, width, [0.0] * len(rows))
    for row, slid in zip(rows, found, strict=True):
        assert slid == pytest.approx(wanted(name, row, width), rel=1e-12, abs=0.0, nan_ok=True)


@given(st.lists(st.floats(0.1, 1.0), min_size=2, max_size=40), st.integers(2, 10))
def test_the_spread_of_small_values_after_a_huge_one_is_that_of_small_values(small, width):
    row = np.array([1e17, *small])
    (slid,) = neighbours.slide("stddev", row[np.newaxis], min(width, len(small)), [0.0])
    assert slid[1:] == pytest.approx(wanted("stddev", row, min(width, len(small)))[1:], rel=1e-9, abs=1e-12)


@given(rows_and_widths(), st.lists(st.sampled_from([0.0, 0.3, 0.5, 1.0, 1.5]), min_size=3, max_size=3))
def test_each_row_has_a_share_of_its_own_that_must_be_filled(given_, shares):
    rows, width = given_
    found = neighbours.slide("max", rows, width, shares[: len(rows)])
    for row, share, slid in zip(rows, shares, found, strict=False):
        assert slid == pytest.approx(wanted("max", row, width, share), abs=0.0, nan_ok=True)


@given(rows_and_widths())
def test_the_share_may_be_of_more_slots_than_a_window_has(given_):
    rows, width = given_
    found = neighbours.slide("count", rows, width, [0.5] * len(rows), 2 * width)
    for row, slid in zip(rows, found, strict=True):
        counts = [len(there) for there in windows(row, width)]
        assert slid == pytest.approx([count if count == width else GAP for count in counts], nan_ok=True)


@given(st.integers(1, 40), st.integers(1, 30_000))
def test_rows_are_the_same_one_by_one_and_together(height, slots):
    rows = [np.arange(slots) * float(row) for row in range(height)]
    width = min(slots, 7)
    each = list(neighbours.slide_each("sum", rows, width, [0.0] * height))
    assert len(each) == height
    for row, slid in zip(rows, each, strict=True):
        assert np.array_equal(slid, neighbours.slide("sum", row[np.newaxis], width, [0.0])[0])


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_given_is_not_written_to(name):
    rows = np.array([[1.0, GAP, 3.0, 4.0]])
    rows.flags.writeable = False
    neighbours.slide(name, rows, 2, [0.0])
    list(neighbours.slide_each(name, list(rows), 1, [0.0]))


def test_infinity_stays_in_the_windows_that_hold_it():
    (slid,) = neighbours.slide("sum", np.array([[1.0, math.inf, 2.0, 3.0, 4.0]]), 2, [0.0])
    assert slid.tolist() == [math.inf, math.inf, 5.0, 7.0]


def test_an_aggregation_that_is_not_known_is_said():
    with pytest.raises(QueryError, match="'mode' is not an aggregation"):
        neighbours.slide("mode", np.zeros((1, 3)), 2, [0.0])

import math
import statistics

import numpy as np
import pytest
from cadent.render import aggregation
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st

VALUE = st.none() | st.integers(-1_000, 1_000).map(float) | st.floats(-1e6, 1e6)
ROW = st.lists(VALUE, min_size=1, max_size=9)


def difference(filled):
    return math.fsum([filled[0], *(-value for value in filled[1:])])


def mean_of_all(row):
    return math.fsum(value or 0.0 for value in row) / len(row)


# What a row with a value becomes, in plain Python.
PLAIN = {
    "average": lambda row, filled: math.fsum(filled) / len(filled),
    "avg_zero": lambda row, filled: mean_of_all(row),
    "median": lambda row, filled: statistics.median(filled),
    "sum": lambda row, filled: math.fsum(filled),
    "min": lambda row, filled: min(filled),
    "max": lambda row, filled: max(filled),
    "diff": lambda row, filled: difference(filled),
    "stddev": lambda row, filled: statistics.pstdev(filled),
    "count": lambda row, filled: len(filled),
    "range": lambda row, filled: max(filled) - min(filled),
    "multiply": lambda row, filled: math.prod(row) if len(row) == len(filled) else None,
    "last": lambda row, filled: filled[-1],
    "first": lambda row, filled: filled[0],
}
NAMED = sorted(set(PLAIN) - {"first"})


def plain(name, row, x_files_factor=0.0):
    filled = [value for value in row if value is not None]
    if not filled or len(filled) / len(row) < x_files_factor:
        return None
    return PLAIN[name](row, filled)


def array(row):
    values = np.array([math.nan if value is None else value for value in row], float)
    values.flags.writeable = False
    return values


def assert_same(found, wanted):
    assert len(found) == len(wanted)
    for value, want in zip(found.tolist(), wanted, strict=True):
        if want is None:
            assert math.isnan(value)
        else:
            # The deviation of equal values is a rounding error, and so is what is left of a sum.
            assert math.isclose(value, want, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("name", PLAIN)
@given(row=ROW)
def test_a_row_becomes_what_plain_arithmetic_says(name, row):
    wanted = plain(name, row)
    if wanted is None and name in ("count", "avg_zero") and not any(value is not None for value in row):
        wanted = 0.0
    for values, axis in ((array(row)[np.newaxis], -1), (array(row)[:, np.newaxis], 0)):
        assert_same(aggregation.reduce(name, values, axis), [wanted])


@pytest.mark.parametrize("name", NAMED)
@given(
    columns=st.lists(st.lists(VALUE, max_size=7), min_size=1, max_size=6), x_files_factor=st.sampled_from([0.0, 0.3, 0.5, 1.0])
)
def test_columns_are_combined_slot_by_slot(name, columns, x_files_factor):
    length = max(map(len, columns))
    rows = [[column[at] if at < len(column) else None for column in columns] for at in range(length)]
    found = aggregation.across(name, [array(column) for column in columns], x_files_factor)
    assert_same(found, [plain(name, row, x_files_factor) for row in rows])


@pytest.mark.parametrize("name", ["median", "last", "multiply"])
def test_many_columns_are_combined_a_stretch_of_slots_at_a_time(name, monkeypatch):
    columns = list(np.random.default_rng(1).normal(size=(5, 23)))
    whole = aggregation.reduce(name, np.stack(columns), 0)
    monkeypatch.setattr(aggregation, "_BLOCK_CELLS", 20)
    assert np.array_equal(aggregation.across(name, columns), whole)


def test_small_values_are_not_lost_beside_huge_ones_that_are_taken_away():
    columns = [array([1e17]), array([1e17]), array([0.25])]
    assert aggregation.across("diff", columns).tolist() == [-0.25]


@given(ROW)
def test_the_median_of_huge_values_does_not_overflow_where_it_is_one_of_them(row):
    huge = array([None if value is None else 1.7e308 for value in [*row, 1.0]])
    there = int((~np.isnan(huge)).sum())
    found = float(aggregation.reduce("median", huge))
    assert found == (1.7e308 if there % 2 else math.inf)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), st.floats(0.01, 100), st.integers(0, 3), st.booleans())
def test_percentiles_are_those_of_the_nist_handbook(filled, percent, gaps, interpolate):
    ordered = sorted(filled)
    rank = percent / 100 * (len(filled) + 1)
    if not interpolate:
        wanted = ordered[min(max(math.ceil(rank), 1), len(filled)) - 1]
    elif rank < 1:
        wanted = ordered[0]
    elif rank >= len(filled):
        wanted = ordered[-1]
    else:
        below, above = ordered[int(rank) - 1], ordered[int(rank)]
        wanted = below + (rank - int(rank)) * (above - below)
    found = aggregation.percentile(array([*filled, *[None] * gaps]), percent, interpolate=interpolate)
    assert math.isclose(float(found), wanted, rel_tol=1e-12, abs_tol=1e-9)


def test_the_percentile_of_nothing_is_a_gap():
    assert np.isnan(aggregation.percentile(array([None, None]), 50))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("avg", "average"), ("total", "sum"), ("current", "last"), ("rangeOf", "range"), ("rangeOfSeries", "range")],
)
def test_an_aggregation_has_several_names(name, meant):
    assert aggregation.canonical(name) == meant


@pytest.mark.parametrize("name", ["first", "firstSeries", "mean", "", "Series", "SUM"])
def test_what_is_no_aggregation_is_refused(name):
    with pytest.raises(QueryError, match="is not an aggregation; want one of average"):
        aggregation.canonical(name)

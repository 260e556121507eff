import math

import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from several import names, of_several

VALUES = st.none() | st.integers(-9, 9)
PATHS = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(VALUES, min_size=3, max_size=3), min_size=1)


def percentile(values, percent):
    """By its definition: the value of the rank percent / 100 * (n + 1), rounded up, counted from 1."""
    ordered = sorted(values)
    rank = math.ceil(percent / 100 * (len(ordered) + 1))
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def outside(value, others, n):
    low, high = (percentile(others, percent) for percent in sorted((n, 100 - n)))
    return not low < value < high


@given(PATHS, st.sampled_from([0, 10, 25, 50, 75, 80, 99.5, 100]))
def test_series_with_an_average_that_is_not_between_stay(paths, n):
    known = {path: [value for value in values if value is not None] for path, values in paths.items()}
    averages = {path: sum(values) / len(values) for path, values in known.items() if values}
    expected = [path for path in sorted(averages) if outside(averages[path], averages.values(), n)]
    assert names(of_several(f"averageOutsidePercentile(*,{n})", paths)) == expected


@given(PATHS, st.sampled_from([0, 10, 25, 50, 75, 80, 99.5, 100]))
def test_series_with_any_value_that_is_not_between_stay(paths, n):
    slots = [[value for value in slot if value is not None] for slot in zip(*paths.values(), strict=True)]
    expected = [
        path
        for path, values in sorted(paths.items())
        if any(value is not None and outside(value, slot, n) for value, slot in zip(values, slots, strict=True))
    ]
    assert names(of_several(f"removeBetweenPercentile(*,{n})", paths)) == expected


@pytest.mark.parametrize("function", ["averageOutsidePercentile", "removeBetweenPercentile"])
def test_of_no_series_there_are_none(function):
    assert of_several(f"{function}(nothing,80)", {"a": [1]}) == []


@pytest.mark.parametrize("function", ["averageOutsidePercentile", "removeBetweenPercentile"])
@pytest.mark.parametrize("n", [-1, 100.5, "inf"])
def test_a_percentile_that_is_none_is_said(function, n):
    with pytest.raises(QueryError, match=rf"{function}: n={n} is not a number from 0 to 100"):
        of_several(f"{function}(*,{n})", {"a": [1]})

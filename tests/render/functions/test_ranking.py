import math
import statistics

import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from several import names, of_several

SERIES = st.lists(st.none() | st.integers(-3, 3), min_size=4, max_size=4)
PATHS = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e", "f"]), SERIES, min_size=1)
AGGREGATIONS = {
    "average": lambda known: sum(known) / len(known),
    "max": max,
    "min": min,
    "sum": sum,
    "last": lambda known: known[-1],
    "median": statistics.median,
    "range": lambda known: max(known) - min(known),
    "count": len,
}


def ranked(paths, how, *, reverse=False):
    """Paths in order; without values they are lower than all others, but for their count."""

    def rank(path):
        known = [value for value in paths[path] if value is not None]
        return AGGREGATIONS[how](known) if known or how == "count" else -math.inf

    return sorted(sorted(paths), key=rank, reverse=reverse)


@pytest.mark.parametrize("how", AGGREGATIONS)
@given(paths=PATHS)
def test_series_are_sorted_by_an_aggregation_and_equal_ones_keep_their_order(how, paths):
    assert names(of_several(f"sortBy(*,'{how}')", paths)) == ranked(paths, how)
    assert names(of_several(f"sortBy(*,'{how}',true)", paths)) == ranked(paths, how, reverse=True)


@given(PATHS, st.integers(-7, 7))
def test_the_first_of_an_order_are_taken(paths, n):
    assert names(of_several(f"highest(*,{n},'sum')", paths)) == ranked(paths, "sum", reverse=True)[:n]
    assert names(of_several(f"lowest(*,{n},'sum')", paths)) == ranked(paths, "sum")[:n]


def test_without_a_number_there_is_one_series():
    paths = {"a": [2, 3], "b": [9, 1], "c": [0, None]}
    assert names(of_several("highest(*)", paths)) == ["b"]
    assert names(of_several("highest(*,func='last')", paths)) == ["a"]
    assert names(of_several("lowest(*)", paths)) == ["c"]


@pytest.mark.parametrize(
    ("function", "how", "reverse"),
    [
        ("highestAverage(*,9)", "average", True),
        ("highestCurrent(*,9)", "last", True),
        ("highestMax(*,9)", "max", True),
        ("lowestAverage(*,9)", "average", False),
        ("lowestCurrent(*,9)", "last", False),
        ("sortByTotal(*)", "sum", True),
        ("sortByMaxima(*)", "max", True),
    ],
)
@given(paths=PATHS)
def test_each_short_name_has_its_own_order(function, how, reverse, paths):
    assert names(of_several(function, paths)) == ranked(paths, how, reverse=reverse)


@given(PATHS)
def test_minima_are_sorted_without_series_that_are_never_above_zero(paths):
    high = {path: values for path, values in paths.items() if max((value or 0 for value in values), default=0) > 0}
    assert names(of_several("sortByMinima(*)", paths)) == ranked(high, "min")


def test_the_most_deviant_series_have_the_largest_deviation_and_a_value():
    paths = {"a": [1, 1, 1], "b": [0, 9, 0], "c": [None, None, None], "d": [4, None, 6], "e": [5, None, None]}
    assert names(of_several("mostDeviant(*,9)", paths)) == ["b", "d", "a", "e"]
    assert names(of_several("mostDeviant(*,2)", paths)) == ["b", "d"]


def test_names_are_sorted_by_letters_or_by_the_size_of_their_numbers():
    paths = {path: [1] for path in ("web11", "web2", "web1", "db")}
    assert names(of_several("sortByName(*)", paths)) == ["db", "web1", "web11", "web2"]
    assert names(of_several("sortByName(*,true)", paths)) == ["db", "web1", "web2", "web11"]
    assert names(of_several("sortByName(*,natural=true,reverse=true)", paths)) == ["web11", "web2", "web1", "db"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("highestMax(*)", "highestMax lacks its argument n"),
        ("highest(*,'many')", "highest: n='many' is not a whole number"),
        ("lowest(*,1,'most')", "lowest: func='most' is not an aggregation"),
        ("sortBy(*,'max','maybe')", "sortBy: reverse='maybe' is not true or false"),
        ("sortByTotal(*,1)", "sortByTotal takes at most 1 arguments, got 2"),
    ],
)
def test_an_argument_that_will_not_do_is_said(target, said):
    with pytest.raises(QueryError) as caught:
        of_several(target, {"a": [1]})
    assert str(caught.value).startswith(said)

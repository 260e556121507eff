import operator

import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from several import names, of_several

SLOTS = 6
SERIES = st.lists(st.none() | st.integers(-5, 5), min_size=SLOTS, max_size=SLOTS)
PATHS = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), SERIES, min_size=1)
COMPARE = {"=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
FUNCTIONS = {
    "averageAbove": (lambda known: sum(known) / len(known), ">"),
    "averageBelow": (lambda known: sum(known) / len(known), "<="),
    "currentAbove": (lambda known: known[-1], ">"),
    "currentBelow": (lambda known: known[-1], "<="),
    "maximumAbove": (max, ">"),
    "maximumBelow": (max, "<="),
    "minimumAbove": (min, ">"),
    "minimumBelow": (min, "<="),
}


def known(values):
    return [value for value in values if value is not None]


@given(PATHS, st.sampled_from([*COMPARE]), st.integers(-4, 4))
def test_a_filter_keeps_what_holds_and_takes_nothing_for_less_than_all(paths, sign, level):
    expected = [
        path
        for path, values in sorted(paths.items())
        if (COMPARE[sign](max(known(values)), level) if known(values) else sign in {"!=", "<", "<="})
    ]
    assert names(of_several(f"filterSeries(*,'max','{sign}',{level})", paths)) == expected


@pytest.mark.parametrize("function", FUNCTIONS)
@given(paths=PATHS, level=st.integers(-4, 4))
def test_each_short_filter_compares_its_own_aggregation(function, paths, level):
    aggregate, sign = FUNCTIONS[function]
    expected = [
        path
        for path, values in sorted(paths.items())
        if (COMPARE[sign](aggregate(known(values)), level) if known(values) else sign == "<=")
    ]
    assert names(of_several(f"{function}(*,{level})", paths)) == expected


@given(PATHS, st.sampled_from([0, 0.25, 0.5, 1]))
def test_a_series_with_too_few_values_is_empty(paths, share):
    expected = [path for path, values in sorted(paths.items()) if known(values) and len(known(values)) / SLOTS >= share]
    assert names(of_several(f"removeEmptySeries(*,{share})", paths)) == expected


def test_what_is_kept_is_not_touched():
    (kept,) = of_several("maximumAbove(*,1)", {"a": [1, None, 3]})
    (as_it_was,) = of_several("*", {"a": [1, None, 3]})
    assert kept.expression == as_it_was.expression
    assert kept.tags == as_it_was.tags
    assert str(kept.values) == str(as_it_was.values)


def test_a_series_stands_for_another_one_that_is_high():
    paths = {"web.load": [1, 5, None], "web.time": [7, 8, 9], "db.load": [2, 2, 2], "db.time": [3, 3, 3]}
    (found,) = of_several("useSeriesAbove(grep(*,'load'), 4, 'load', 'time')", paths)
    assert (found.name, found.values.tolist()) == ("web.time", [7, 8, 9])


def test_what_stands_for_it_may_be_a_target():
    (found,) = of_several(r"useSeriesAbove(*, 4, '^(.*)$', 'scale(\1,2)')", {"a": [5, 6]})
    assert found.values.tolist() == [10, 12]


def test_no_target_is_read_for_a_series_that_is_low():
    assert of_several("useSeriesAbove(*, 10, '.*', '(')", {"a": [5, 6]}) == []


def test_names_are_searched_not_expressions():
    paths = {"web1": [1], "web2": [1], "db1": [1]}
    assert names(of_several("grep(*,'web')", paths)) == ["web1", "web2"]
    assert names(of_several("exclude(*,'1$')", paths)) == ["web2"]
    assert names(of_several("grep(alias(*,'other'),'web')", paths)) == []


@given(PATHS, st.integers(-7, 7))
def test_a_limit_takes_the_first(paths, n):
    assert names(of_several(f"limit(*,{n})", paths)) == sorted(paths)[:n]


def test_of_one_name_the_first_stays():
    found = of_several("unique(alias(b,'a'), *, b)", {"a": [1], "b": [2]})
    assert [(one.name, one.values.tolist()) for one in found] == [("a", [2]), ("b", [2])]


def test_a_fallback_stands_for_a_list_without_series_alone():
    assert names(of_several("fallbackSeries(nothing, a)", {"a": [1]})) == ["a"]
    assert names(of_several("fallbackSeries(b, a)", {"a": [1], "b": [None]})) == ["b"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("filterSeries(*,'max','~',1)", "filterSeries: operator='~' is not known; want one of !=, <"),
        ("filterSeries(*,'most','>',1)", "filterSeries: func='most' is not an aggregation"),
        ("filterSeries(*,'max','>')", "filterSeries lacks its argument threshold"),
        ("filterSeries(5,'max','>',1)", "filterSeries: seriesList=5 is not a list of series"),
        ("averageAbove(*,'high')", "averageAbove: n='high' is not a number"),
        ("limit(*,1.5)", "limit: n=1.5 is not a whole number"),
        ("grep(*,'(')", "regex '(' cannot be read"),
        ("useSeriesAbove(*,0,'a','(')", "the target cannot be read here"),
        ("fallbackSeries(*)", "fallbackSeries lacks its argument fallback"),
    ],
)
def test_an_argument_that_will_not_do_is_said(target, said):
    with pytest.raises(QueryError) as caught:
        of_several(target, {"a": [1]})
    assert str(caught.value).startswith(said)

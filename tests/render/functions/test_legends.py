import math
import statistics

import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from several import names, of_several

NUMBERS = st.floats(-1e9, 1e9).map(lambda value: round(value, 3))
VALUES = st.lists(st.none() | NUMBERS, min_size=1, max_size=8)

SHOWN = ["last", "current", "max", "min", "sum", "total", "avg", "median", "diff", "range", "stddev", "count"]


def in_order(values):
    """As anybody adds: the digits of a name are those of this sum, not of a more exact one."""
    total = 0.0
    for value in values:
        total += value
    return total


def shown(how, values):
    known = [value for value in values if value is not None]
    if how == "count":
        return str(len(known))
    if not known:
        return "None"
    mean = in_order(known) / len(known)
    return repr(
        float(
            {
                "last": known[-1],
                "current": known[-1],
                "max": max(known),
                "min": min(known),
                "sum": in_order(known),
                "total": in_order(known),
                "avg": mean,
                "median": statistics.median(known),
                "diff": in_order([known[0], *(-value for value in known[1:])]),
                "range": max(known) - min(known),
                "stddev": math.sqrt(in_order([(value - mean) * (value - mean) for value in known]) / len(known)),
            }[how]
        )
    )


@given(VALUES, st.sampled_from(SHOWN))
def test_a_legend_shows_all_digits_of_a_value(values, how):
    assert names(of_several(f"legendValue(*,'{how}')", {"a": values})) == [f"a ({how}: {shown(how, values)})"]


def test_a_legend_may_show_several_values():
    assert names(of_several("legendValue(*,'min','max')", {"a": [1, None, 3]})) == ["a (min: 1.0) (max: 3.0)"]


@pytest.mark.parametrize(
    ("value", "system", "text"),
    [
        (999, "si", "999.00"),
        (1000, "si", "1.00k"),
        (-2_500_000, "si", "-2.50M"),
        (1e16, "si", "10.00P"),
        (1000, "binary", "1000.00"),
        (1024, "binary", "1.00Ki"),
        (3 * 2**30, "binary", "3.00Gi"),
        (math.inf, "si", "infP"),
        (0.004, "si", "0.00"),
        (None, "si", "None"),
    ],
)
def test_a_legend_with_prefixes_has_columns(value, system, text):
    (name,) = names(of_several(f"legendValue(*,'last','{system}')", {"a": [value]}))
    assert name == "a".ljust(20) + "last ".ljust(5) + text.ljust(10)


def test_a_legend_without_values_to_show_is_the_name():
    assert names(of_several("legendValue(*)", {"a": [1]})) == ["a"]
    assert names(of_several("legendValue(*,'si')", {"a": [1]})) == ["a"]


def test_columns_are_as_wide_as_their_widest_name_and_whole_number_and_three_more():
    paths = {"short": [1, 20, 3], "much.longer": [None, -1000, None], "none": [None, None, None]}
    assert names(of_several("cactiStyle(*)", paths)) == [
        "much.longer Current:-1000.00    Max:-1000.00    Min:-1000.00    ",
        "none        Current:nan         Max:nan         Min:nan         ",
        "short       Current:3.00        Max:20.00       Min:1.00        ",
    ]


@pytest.mark.parametrize(
    ("arguments", "text"), [("'si','B'", "2.50 kB"), ("'binary','B'", "2.44 KiB"), ("'si'", "2.50k"), ("units='B'", "2500.00 B")]
)
def test_a_column_has_prefixes_and_units(arguments, text):
    (name,) = names(of_several(f"cactiStyle(*,{arguments})", {"a": [2500]}))
    assert f"Current:{text} " in name


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("legendValue(*,'most')", "legendValue: valuesTypes='most' is not known; want one of"),
        ("cactiStyle(*,'metric')", "cactiStyle: system='metric' is not known; want one of si, binary"),
    ],
)
def test_an_argument_that_will_not_do_is_said(target, said):
    with pytest.raises(QueryError) as caught:
        of_several(target, {"a": [1]})
    assert str(caught.value).startswith(said)

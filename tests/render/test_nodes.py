import numpy as np
import pytest
from cadent.render import nodes
from cadent.render.nodes import first_path, grouped, key_of, node_or_tag
from cadent.render.time_series import TimeSeries
from hypothesis import given
from hypothesis import strategies as st

WORD = st.text("abc_-*", min_size=1, max_size=4).filter(lambda word: not word.startswith("-"))
PATH = st.lists(WORD, min_size=2, max_size=4).map(".".join)
ARGUMENT = PATH | st.sampled_from(["5", "-1.5", "'1min'", '"sum"', "true", "none", "by=2"])
CALLED = st.sampled_from(["scale", "sumSeries", "f_1"])


def name(inner, more):
    return st.tuples(CALLED, inner, st.lists(more, max_size=2)).map(lambda call: f"{call[0]}({','.join([call[1], *call[2]])})")


def series(called, **tags):
    return TimeSeries(called, 0, 10, 10, np.zeros(1), {"name": called, **tags}, called)


@given(st.data())
def test_the_first_path_is_found_in_any_depth(data):
    path = data.draw(PATH)
    called = path
    for _ in range(data.draw(st.integers(1, 4))):
        called = data.draw(name(st.just(called), ARGUMENT | name(PATH, ARGUMENT)))
    assert first_path(called) == path


@given(st.text("ab.(),'5 =|", max_size=14))
def test_what_is_read_quickly_is_what_the_grammar_reads(called):
    assert first_path(called) == nodes._parsed(called)


@pytest.mark.parametrize(
    ("called", "path"),
    [
        ("scale(scale(a.b.c,2),3) (avg: 5)", "a.b.c"),
        ("my name (avg)", "my"),
        ("f(x y, z)", "f"),
        ("f(a.{b,c}.d,1)", "a.{b,c}.d"),
        ("f(a.b|scale(2))", "a.b"),
        ("f(5)", None),
        ("f(true,a.b)", None),
        ("f(trueish.b)", "trueish.b"),
        ("sumSeries(seriesByTag('a=b'))", None),
        ("countSeries()", None),
        ("f(" * 500 + "a", "f"),
    ],
)
def test_names_that_are_no_common_calls(called, path):
    assert first_path(called) == path


@pytest.mark.parametrize(
    ("called", "node", "found"),
    [
        ("a.b.c", 0, "a"),
        ("a.b.c", -1, "c"),
        ("a.b.c", 3, ""),
        ("a.b.c", -4, ""),
        ("a.b.c;k=v.w", -1, "c"),
        ("scale(a.b.c,2)", 2, "c"),
        ("scale(a.b.c,2).d", 3, "d"),
        ("f(5)", 0, "f(5)"),
        ("", 0, ""),
        ("a.b.c", "dc", "east"),
        ("a.b.c", "no", ""),
        ("a.b.c", "1", ""),
        ("a.b.c", 7, "seventh"),
    ],
)
def test_a_node_is_a_number_and_else_a_tag(called, node, found):
    assert node_or_tag(series(called, dc="east", **({"7": "seventh"} if node == 7 else {})), node) == found


def test_nodes_and_tags_are_joined():
    assert key_of(series("a.b.c", dc="east"), [2, "dc", 0, "no"]) == "c.east.a."


def test_groups_come_in_the_order_of_their_first_series():
    many = [series(one) for one in ("a.z", "b.y", "a.y", "b.z")]
    assert [(key, [one.name for one in group]) for key, group in grouped(many, [1]).items()] == [
        ("z", ["a.z", "b.z"]),
        ("y", ["b.y", "a.y"]),
    ]

import functools
import re

import pytest
from cadent.schema import regex
from cadent.schema.errors import LimitExceeded, QueryError
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text("ab.é-", max_size=12)
EXPRESSION = st.recursive(
    st.sampled_from(["a", "b", r"\.", ".", "[ab]", "[^a]", "é", "^", "$", r"\w", r"[\d.]"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        inner.map(lambda one: f"(?:{one})?"),
        inner.map(lambda one: f"({one})"),
    ),
    max_leaves=8,
)


@given(EXPRESSION.filter(lambda text: r"\w" not in text), TEXT)
def test_search_and_match_agree_with_python(expression, text):
    assert regex.compile(expression).search(text) == bool(re.search(expression, text))
    assert regex.compile(expression).match(text) == bool(re.match(expression, text))


@given(st.sampled_from(["(a+)(b)?", "(.)(.)", r"([ab]+)\.(.*)", "(^.*$)", "(-*)()"]), TEXT)
def test_sub_agrees_with_python(expression, text):
    replacement = r"<\2é\1|\\\g<1>>" if regex.compile(expression).search(text) and expression != "(^.*$)" else r"\1 A"
    assert regex.compile(expression).sub(replacement, text) == re.sub(expression, replacement, text)


@given(st.sampled_from(["$", "^", "a*", "(a)|$", "a?$", "^$", ""]), TEXT)
def test_sub_replaces_empty_matches_as_python_does(expression, text):
    assert regex.compile(expression).sub("-", text) == re.sub(expression, "-", text)


def test_a_text_does_not_grow_without_end():
    double = regex.compile("^(.*)$")
    with pytest.raises(LimitExceeded, match="characters or more of a text"):
        functools.reduce(lambda text, _: double.sub(r"\1\1", text), range(64), "x")


def test_a_long_text_may_become_a_little_longer():
    text = "x" * 200_000
    assert regex.compile("(^.*$)").sub(r"\1 A", text) == text + " A"


def test_sub_knows_named_groups():
    assert regex.compile("(?P<host>[a-z]+)\\.(.*)").sub(r"\2 of \g<host>", "web.load") == "load of web"


@pytest.mark.parametrize(
    ("expression", "what", "place"),
    [
        ("a(b", "missing )", 1),
        ("ab[c", "missing ]", 3),
        ("ab*+*", "bad repetition", 3),
        ("*a", "no argument", 1),
        ("ab(?!c)", "look-around", 3),
        ("a(?<=c)", "look-around", 2),
        (r"(a)\1", "escape", 4),
        ("éb)", "unexpected )", 1),
        ("x{2000}", "repetition size", 2),
    ],
)
def test_a_bad_regex_is_said_with_its_place(expression, what, place):
    with pytest.raises(QueryError) as caught:
        regex.compile(expression)
    said = str(caught.value)
    assert repr(expression) in said
    assert what in said
    assert said.endswith(f"at character {place}")


@pytest.mark.parametrize("replacement", [r"\2", r"\g<host>", r"\g<7>"])
def test_a_group_that_is_not_there_is_said(replacement):
    with pytest.raises(QueryError, match="no group"):
        regex.compile("(a)").sub(replacement, "a")


@pytest.mark.parametrize("expression", ["(x+x+)+y", "(x|x)*y", "(.*)*z", "(.*.*.*.*.*.*.*.*)*y"])
def test_a_regex_that_python_would_not_finish_is_matched(expression):
    assert not regex.compile(expression).search("x" * 1_000)


@pytest.mark.parametrize("expression", ["((((a{30}){30}){30}))", "(" * 20_000, "(" * 9_000, r"(\pL{300}){3}", "\ud800"])
def test_a_regex_that_asks_for_too_much_is_refused(expression):
    with pytest.raises(QueryError, match="regex"):
        regex.compile(expression)

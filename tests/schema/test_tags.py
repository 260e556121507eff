import re

import pytest
from cadent.schema.errors import QueryError
from cadent.schema.tags import TagExpression, fits, name_wanted, parse_expressions, read_target, tags_of
from hypothesis import given
from hypothesis import strategies as st

TAG = st.text(st.characters(codec="utf-8", exclude_characters=";!="), min_size=1, max_size=6)
VALUE = st.text(st.characters(codec="utf-8", exclude_characters=";"), max_size=6)


@given(TAG, st.sampled_from(["=", "!="]), VALUE.filter(lambda value: not value.startswith("~")))
def test_an_expression_is_read_back_from_its_text(tag, operator, value):
    expression = TagExpression.parse(tag + operator + value)
    assert expression == TagExpression(tag, operator, value)
    assert str(expression) == tag + operator + value


@given(TAG, st.sampled_from(["=~", "!=~"]), VALUE.map(re.escape).filter(lambda value: ";" not in value))
def test_so_is_one_with_a_regex(tag, operator, value):
    assert TagExpression.parse(tag + operator + value) == TagExpression(tag, operator, value)


@pytest.mark.parametrize("text", ["", "a", "=b", "!=b", "a<b", "a!b", "a~b", "a!~b", ";a=b", "a;b=c", "a=b;c", "a!!=b"])
def test_what_is_no_expression_is_refused_with_its_text(text):
    with pytest.raises(QueryError) as caught:
        TagExpression.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["a=~(", "a!=~[b", "a=~*"])
def test_a_bad_regex_is_refused(text):
    with pytest.raises(QueryError, match="regex"):
        TagExpression.parse(text)


@pytest.mark.parametrize(
    ("text", "fitting", "others"),
    [
        ("a=b", ["b"], ["", "bb", "c"]),
        ("a!=b", ["", "bb"], ["b"]),
        ("a=", [""], ["b"]),
        ("a!=", ["b"], [""]),
        ("a=~b", ["b", "bc"], ["", "cb"]),
        ("a!=~b", ["", "cb"], ["b", "bc"]),
        ("a=~b|c", ["b", "c", "cx"], ["xc", ""]),
        ("a=~.*", ["", "b"], []),
        ("a=~", ["", "b"], []),
    ],
)
def test_a_value_fits_or_does_not(text, fitting, others):
    fits_in = TagExpression.parse(text).predicate()
    assert [value for value in [*fitting, *others] if fits_in(value)] == fitting


@pytest.mark.parametrize("texts", [[], ["a="], ["a!=b"], ["a=~.*"], ["a!=~b", "c="]])
def test_one_expression_has_to_ask_for_a_value(texts):
    with pytest.raises(QueryError, match="at least one"):
        parse_expressions(texts)
    assert parse_expressions([*texts, "z!="])[-1] == TagExpression("z", "!=", "")


@pytest.mark.parametrize(
    ("target", "texts"),
    [
        ("seriesByTag('a=b')", ["a=b"]),
        ("""seriesByTag("a=b", 'c!=~d')""", ["a=b", "c!=~d"]),
        ("  seriesByTag ( 'a=b' ,'c=' ) ", ["a=b", "c="]),
        (r"seriesByTag('a=~b\.c(d|e), \w')", [r"a=~b\.c(d|e), \w"]),
        ("""seriesByTag("a=it's")""", ["a=it's"]),
        ("seriesByTag('name=é')", ["name=é"]),
    ],
)
def test_the_expressions_of_a_target_are_read(target, texts):
    assert [str(expression) for expression in read_target(target)] == texts


@pytest.mark.parametrize("target", ["a.b.c", "seriesByTag", "a.seriesByTag('a=b')", "alias(seriesByTag('a=b'), 'c')", ""])
def test_another_target_is_no_call(target):
    assert read_target(target) is None


@pytest.mark.parametrize(
    "target",
    [
        "seriesByTag()",
        "seriesByTag('a=b'",
        "seriesByTag(a=b)",
        "seriesByTag('a=b') + 1",
        "seriesByTag('a=b',)",
        "seriesByTag('a=b\")",
    ],
)
def test_a_call_that_cannot_be_read_is_refused_with_its_text(target):
    with pytest.raises(QueryError) as caught:
        read_target(target)
    assert repr(target) in str(caught.value)


def test_a_long_call_without_an_end_is_refused_at_once():
    with pytest.raises(QueryError):
        read_target("seriesByTag('" + "\\" * 500_001)


def test_the_name_is_a_tag():
    assert tags_of("a.b;k=v;l=w=x") == {"name": "a.b", "k": "v", "l": "w=x"}
    assert tags_of("a.b") == {"name": "a.b"}


def test_a_path_fits_expressions():
    expressions = parse_expressions(["name=a", "dc!=x"])
    assert fits("a", expressions)
    assert fits("a;dc=y", expressions)
    assert not fits("a;dc=x", expressions)
    assert not fits("b", expressions)


@pytest.mark.parametrize(
    ("texts", "name"), [(["name=a.b", "c=d"], "a.b"), (["name=~a"], None), (["name!=a"], None), (["name=a*", "name=b"], "b")]
)
def test_the_name_that_is_asked_for(texts, name):
    assert name_wanted(parse_expressions([*texts, "k=v"])) == name

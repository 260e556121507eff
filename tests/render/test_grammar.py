import math
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from cadent.render import grammar
from cadent.render.expression import Call, Literal, Path, Template
from cadent.render.grammar import parse
from cadent.render.templates import resolve
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "text",
    ["a", "a.b.c", "a.*.c", "a.{b,c}[0-9].d?", "a.{b,{c,d}}.e", "a.b;k=v;l=*", "5xx.1.2", "true.b", "a-b:c@d.e", "$x", "ä.ß"],
)
def test_a_path_is_itself(text):
    assert parse(text) == Path(text)


def test_a_backslash_lets_a_path_have_what_would_end_it():
    assert parse(r"f(a\,b,c\(d\).e)") == Call("f", (Path("a,b"), Path("c(d).e")))


scalars = st.one_of(
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.text(st.characters(blacklist_characters="'\"\\\x00", blacklist_categories=["Cs"])),
)


def written(value) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return {True: "true", False: "FALSE", None: "None"}[value] if value is None or isinstance(value, bool) else repr(value)


@given(st.lists(scalars, min_size=1, max_size=5), scalars, st.sampled_from(["", " ", "  "]))
def test_values_and_keywords_read_back(values, keyword, space):
    arguments = f"{space},{space}".join([*map(written, values), f"key{space}={space}{written(keyword)}"])
    assert parse(f"f({space}{arguments}{space})") == Call("f", tuple(map(Literal, values)), (("key", Literal(keyword)),))


def test_infinity_is_a_number():
    assert parse("f(inf)").args[0].value == math.inf


def test_a_number_of_thousands_of_digits_is_no_error():
    assert parse(f"f(a,{'1' * 5_000})") == Call("f", (Path("a"), Literal(math.inf)))


@pytest.mark.parametrize(
    ("piped", "nested"),
    [
        ("a.b|f()", "f(a.b)"),
        ("a.b | f(1) | g('x', k=2)", "g(f(a.b,1),'x',k=2)"),
        ("sum(a|f(),b)|g()", "g(sum(f(a),b))"),
        ("template(a.$x,x=1)|f()", "f(template(a.$x,x=1))"),
    ],
)
def test_a_pipe_is_a_call_turned_round(piped, nested):
    assert parse(piped) == parse(nested)


def test_a_query_of_tags_is_a_path_as_it_was_written():
    text = """seriesByTag( "name=a.b", 'dc=~(e|w)')"""
    assert parse(f"f({text},1)") == Call("f", (Path(text), Literal(1)))


@pytest.mark.parametrize(
    ("target", "at"),
    [
        ("", 0),
        ("sum(a", 5),
        ("sum(a))", 6),
        ("f(a) b", 5),
        ("f(a,)", 3),
        ("a..b", 1),
        ("f(a b)", 4),
        ("f('x)", 2),
        ("a|", 2),
        ("a|b", 2),
        ("(a)", 0),
    ],
)
def test_a_caret_shows_where_it_stops_making_sense(target, at):
    with pytest.raises(QueryError) as error:
        parse(target)
    _, line, caret = str(error.value).split("\n")
    assert line == target
    assert abs(caret.index("^") - at) <= 1


def test_of_a_long_target_the_part_around_the_place_is_shown():
    with pytest.raises(QueryError) as error:
        parse(f"sum({'a.b,' * 1_000}!,c(,{'d.e,' * 1_000})")
    _, line, caret = str(error.value).split("\n")
    assert len(line) <= 120
    assert "c(" in line
    assert line[caret.index("^") - 1 :].startswith(("(,", "c(", ",d"))


@pytest.mark.parametrize(
    "target",
    ["f(" * 10_000 + "a" + ")" * 10_000, "f(" * 33 + "a" + ")" * 33, "a" + "|f()" * 10_000, "a" * 2_000_000],
    ids=["nested", "just too deep", "piped", "long"],
)
def test_what_is_too_deep_or_too_long_is_refused_quickly(target):
    with pytest.raises(QueryError) as error:
        parse(target)
    assert len(str(error.value)) < 500


def test_what_is_not_too_deep_is_read():
    expression = parse("f(" * 32 + "a" + ")" * 32)
    for _ in range(32):
        (expression,) = expression.args
    assert expression == Path("a")


@pytest.mark.parametrize("_", range(5))
def test_threads_may_read_their_first_targets_at_the_same_time(monkeypatch, _):
    monkeypatch.setattr(grammar, "_grammar", cache(grammar._grammar.__wrapped__))
    targets = [f"alias(scale(sum(a.*,b),{number}),k='x')|f(n=-{number}.5)|g(template(a.$x,x='{number}'))" for number in range(60)]
    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            read = list(pool.map(grammar._parse.__wrapped__, targets))
    finally:
        sys.setswitchinterval(often)
    assert read == list(map(parse, targets))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except QueryError:
        return


@given(st.text("abf(),.'\"|{}=1 \\*$;", max_size=30))
def test_any_text_of_the_languages_own_signs_is_read_or_refused(text):
    try:
        parse(text)
    except QueryError:
        return


@given(st.text("aé_1.*?-\n", max_size=8))
def test_a_plain_path_is_read_as_the_grammar_reads_it(text):
    try:
        want = grammar._read(text, to_its_end=True)
    except QueryError:
        with pytest.raises(QueryError):
            parse(text)
    else:
        assert parse(text) == want


def test_a_template_has_values_by_number_and_by_name():
    assert parse("template(a.$1.$x,'b',x=3)") == Template(Path("a.$1.$x"), {"1": "b", "x": 3})


@pytest.mark.parametrize(
    ("target", "values", "resolved"),
    [
        ("template(a.$host.b,host='x')", {}, "a.x.b"),
        ("template(a.$host.b,host='x')", {"host": "y"}, "a.y.b"),
        ("template(scale(a.$1,$2),'x',3)", {}, "scale(a.x,3)"),
        ("template(scale(a,$by),by=2)", {"by": "2.5"}, "scale(a,2.5)"),
        ("template(alias(a,$name),name='x y')", {}, "alias(a,'x y')"),
        ("template(f(a,k=$v),v='w')", {}, "f(a,k='w')"),
        ("sum(template(a.$x,x='b'),c.$x)", {"x": "d"}, "sum(a.d,c.$x)"),
        ("a.$x", {"x": "y"}, "a.$x"),
    ],
)
def test_a_template_is_filled(target, values, resolved):
    assert resolve(parse(target), values) == parse(resolved)

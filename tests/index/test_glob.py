"""Globs mean what a plain matcher says: braces expanded over the whole pattern, then fnmatch segment by segment."""

import string
from fnmatch import fnmatchcase

import pytest
from cadent.index import glob
from cadent.schema.errors import InputError, InvalidPath, LimitExceeded, QueryError
from cadent.schema.path import normalise
from hypothesis import given
from hypothesis import strategies as st


def expand(pattern):
    """Every pattern without braces that ``pattern`` stands for: the first innermost braces, then the rest."""
    end = pattern.find("}")
    if end < 0:
        return {pattern}
    start = pattern.rfind("{", 0, end)
    options = pattern[start + 1 : end].split(",")
    return set().union(*(expand(pattern[:start] + option + pattern[end + 1 :]) for option in options))


def plainly_matches(pattern, path):
    return any(segments_match(one.split("."), path.split(".")) for one in expand(pattern))


def segments_match(globs, segments):
    return len(globs) == len(segments) and all(fnmatchcase(s, g) for s, g in zip(segments, globs, strict=True))


def query_matches(query, path):
    """What the query of ``compile`` says, read by its own rules."""
    segments = path.split(".")
    patterns = [[segment.split("\x1f") for segment in pattern.split(".")] for pattern in query.decode().split("\n")]
    return any(
        len(pattern) == len(segments)
        and all(any(fnmatchcase(s, one) for one in alternatives) for s, alternatives in zip(segments, pattern, strict=True))
        for pattern in patterns
    )


LETTERS = st.sampled_from("abcé日")
CLASSES = st.sampled_from(["[ab]", "[!a]", "[a-c]", "[]a]", "[!]a]", "[é-日]", "[a-]", "[c-a]"])
GLOBS = st.recursive(
    st.lists(LETTERS | st.sampled_from("*?..") | CLASSES, max_size=4).map("".join),
    lambda inner: st.lists(
        inner | st.lists(inner, min_size=1, max_size=3).map(lambda options: "{" + ",".join(options) + "}"), max_size=3
    ).map("".join),
    max_leaves=6,
)
PATHS = st.lists(st.lists(LETTERS, min_size=1, max_size=3).map("".join), min_size=1, max_size=4).map(".".join)


@given(GLOBS, PATHS)
def test_a_query_matches_what_a_plain_matcher_matches(pattern, path):
    assert query_matches(glob.compile(pattern), path) == plainly_matches(pattern, path)


@given(st.data(), PATHS)
def test_a_pattern_made_from_a_path_matches_it(data, path):
    """So that the property above is not one of patterns that match nothing."""
    pattern = "".join(
        data.draw(st.sampled_from([letter, "?", "*", f"[{letter}]", f"{{x,{letter}}}"])) if letter != "." else letter
        for letter in path
    )
    assert query_matches(glob.compile(pattern), path)


def test_alternatives_of_a_segment_stay_in_one_pattern():
    assert glob.compile("a.x{b,c}{d,e}.{f,g}") == b"a.xbd\x1fxbe\x1fxcd\x1fxce.f\x1fg"


def test_braces_over_dots_make_several_patterns():
    assert set(glob.compile("{a.b,c,d}.e").split(b"\n")) == {b"a.b.e", b"c\x1fd.e"}


def test_nested_braces_are_one_list():
    assert glob.compile("{a,{b,{c,d}}e}") == b"a\x1fbe\x1fce\x1fde"


def test_a_comma_outside_braces_is_a_character():
    assert glob.compile("a,b.c") == b"a,b.c"


def test_braces_in_a_class_are_braces():
    assert glob.compile("[{a,b}]") == b"[a]\x1f[b]"


@pytest.mark.parametrize("pattern", ["", ".", ".a", "a.", "a..b", "{}", "{,}.a"])
def test_a_segment_without_characters_is_no_error(pattern):
    assert not query_matches(glob.compile(pattern), "a")
    assert not query_matches(glob.compile(pattern), "a.b")


@pytest.mark.parametrize("pattern", ["{a", "a}", "{a,{b}", "a}{b", "[a", "a]", "[]", "[!]", "[a.b]", "{[a,b]}", "a\nb", "\udc80"])
def test_a_pattern_that_does_not_match_up_is_refused_with_the_input(pattern):
    with pytest.raises(QueryError) as refused:
        glob.compile(pattern)
    assert repr(pattern) in str(refused.value)


def options(count):
    return "{" + ",".join(f"x{number}" for number in range(count)) + "}"


def test_as_many_alternatives_as_allowed_are_taken():
    assert glob.compile(f"a.{options(glob.MOST_ALTERNATIVES)}").count(b"\x1f") == glob.MOST_ALTERNATIVES - 1


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(options(glob.MOST_ALTERNATIVES + 1), id="options"),
        pytest.param(options(40) * 2, id="product"),
        pytest.param(options(999) * 2, id="large product"),
        pytest.param("{a.b,c.d}" * 10, id="dotted product"),
        pytest.param("{a.b,c.d}" * 1000, id="2 ** 1000"),
        pytest.param("x" * 60_000 + options(100), id="characters"),
        pytest.param("{" * 33 + "}" * 33, id="depth"),
        pytest.param("x" * (glob.MOST_CHARACTERS + 1), id="length"),
    ],
)
def test_a_pattern_beyond_the_bounds_is_refused_before_it_is_expanded(pattern):
    with pytest.raises(LimitExceeded):
        glob.compile(pattern)


def test_two_lists_in_different_segments_do_not_multiply():
    assert glob.compile(f"{options(400)}.{options(400)}").count(b"\x1f") == 2 * 399


def test_equal_alternatives_count_once():
    assert len(glob.compile("{a,aa}" * 400).split(b"\x1f")) == 401


def test_a_tagged_path_is_taken_literally_with_its_tags_in_order():
    assert glob.compile("disk.used;rack=a1;dc={x}") == b"disk.used;dc=_x_;rack=a1"


@given(st.text(string.ascii_letters + "*{.=;~é", max_size=20))
def test_a_tagged_path_becomes_what_the_writer_stores(text):
    pattern = text + ";k=v"
    try:
        stored = normalise(pattern.encode())
    except InvalidPath:
        with pytest.raises(QueryError):
            glob.compile(pattern)
    else:
        assert glob.compile(pattern) == stored.encode()


@given(st.text(max_size=30) | st.text("ab.*?[]{},!^-;=", max_size=30))
def test_any_text_is_a_query_or_refused(text):
    try:
        query = glob.compile(text)
    except InputError:
        return
    query.decode()

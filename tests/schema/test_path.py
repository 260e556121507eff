import pytest
from cadent.schema.errors import InvalidPath
from cadent.schema.path import MAX_PATH_BYTES, last_segment, normalise
from hypothesis import assume, example, given
from hypothesis import strategies as st

SEGMENT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z"), exclude_characters='.;*?[]{}(),\\~="'),
    min_size=1,
    max_size=8,
)
NAME = st.lists(SEGMENT, min_size=1, max_size=5).map(".".join)
KEY = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z"), exclude_characters=";!^=*?[]{}(),\\"),
    min_size=1,
    max_size=6,
)
VALUE = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z"), exclude_characters=";*?[]{}(),\\"), min_size=1, max_size=6
)
TAGS = st.lists(st.tuples(KEY, VALUE.filter(lambda value: value[0] != "~")), max_size=5)


def graphite_path(name: str, tags: list[tuple[str, str]]) -> str:
    """What carbon and graphite-web store: ``TaggedSeries.parse(path).path``, in their steps."""
    values = dict(tags)
    values["name"] = name.lstrip("~")
    return values["name"] + "".join(sorted(f";{key}={value}" for key, value in values.items() if key != "name"))


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"a.b.c", "a.b.c"),
        (b"...a.b", "a.b"),
        (b"a.b*c?[x]{y}(z),w\\v", "a.b_c__x__y__z__w_v"),
        (b"a/../b", None),
        (b"a/b", "a/b"),
        ("größe.µ".encode(), "größe.µ"),
        (b"~a.b", "~a.b"),
    ],
)
def test_a_plain_name_comes_out_canonical(raw, path):
    if path is None:
        with pytest.raises(InvalidPath):
            normalise(raw)
    else:
        assert normalise(raw) == path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"disk.used;host=b;dc=a", "disk.used;dc=a;host=b"),
        (b"m;k=1;k=2", "m;k=2"),
        (b"m;name=other;k=v", "m;k=v"),
        (b"m;name=other", "m"),
        (b"m;a=1;a-b=2", "m;a-b=2;a=1"),
        (b"m;k=a=b", "m;k=a=b"),
        (b"m;k=a.b", "m;k=a.b"),
        (b"~~m;k=v", "m;k=v"),
        (b".m;k=v", "m;k=v"),
        (b"m;k=a*", "m;k=a_"),
    ],
)
def test_tags_come_out_as_graphite_writes_them(raw, path):
    assert normalise(raw) == path


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "path_empty"),
        (b"...", "path_empty"),
        (b";k=v", "path_empty"),
        (b"~;k=v", "path_empty"),
        (b"a..b", "path_segment"),
        (b"a.b.", "path_segment"),
        (b"a.;k=v", "path_segment"),
        (b"~.a;k=v", "path_segment"),
        (b"a b", "path_control"),
        (b"a\x00b", "path_control"),
        (b"a\x7fb", "path_control"),
        ("a\x85b".encode(), "path_control"),
        ("a\u2028b".encode(), "path_control"),
        (b"a\xffb", "path_encoding"),
        (b"a\xed\xa0\x80b", "path_encoding"),
        (b"a;", "path_tag"),
        (b"a;k", "path_tag"),
        (b"a;k=", "path_tag"),
        (b"a;=v", "path_tag"),
        (b"a;k=~v", "path_tag"),
        (b"a;k!=v", "path_tag"),
        (b"a;k^=v", "path_tag"),
        (b"a;k=v;;l=w", "path_tag"),
        (b"a" * (MAX_PATH_BYTES + 1), "path_length"),
        ("ä".encode() * (MAX_PATH_BYTES // 2) + b"b", "path_length"),
    ],
)
def test_a_refusal_says_its_reason_and_shows_the_path(raw, reason):
    with pytest.raises(InvalidPath) as refused:
        normalise(raw)
    assert refused.value.reason == reason
    assert reason in str(refused.value)
    assert repr(raw[:200]) in str(refused.value)


def test_the_longest_path_is_counted_in_bytes_and_still_taken():
    assert normalise("ä".encode() * (MAX_PATH_BYTES // 2)) == "ä" * (MAX_PATH_BYTES // 2)


@given(NAME, TAGS)
@example("m", [("name", "x"), ("a", "1"), ("a-b", "2"), ("a", "3")])
def test_every_tagged_series_gets_the_name_that_graphite_gives_it(name, tags):
    sent = name + "".join(f";{key}={value}" for key, value in tags)
    assert normalise(sent.encode()) == graphite_path(name, tags)


@given(NAME, TAGS, st.randoms(use_true_random=False))
def test_the_order_in_which_tags_are_sent_makes_no_other_path(name, tags, random):
    tags = list(dict(tags).items())
    shuffled = random.sample(tags, len(tags))
    sent = [name + "".join(f";{key}={value}" for key, value in order) for order in (tags, shuffled)]
    assert normalise(sent[0].encode()) == normalise(sent[1].encode())


@given(st.binary(max_size=60))
@example(b"..a.b;z=1;a=2")
def test_whatever_the_bytes_the_answer_is_canonical_or_a_refusal(raw):
    try:
        path = normalise(raw)
    except InvalidPath:
        return
    assert normalise(path.encode()) == path
    assert not set(path) & set("*?[]{}(),\\ \n\t\x00")
    assert all(path.partition(";")[0].split("."))


@given(SEGMENT, NAME)
def test_the_last_segment_is_what_follows_the_last_dot_before_any_tag(segment, name):
    assume(";" not in name)
    assert last_segment(f"{name}.{segment}") == segment
    assert last_segment(f"{name}.{segment};k=a.b") == segment
    assert last_segment(segment) == segment

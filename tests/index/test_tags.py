"""The tag index answers for the tagged paths that the names log holds at the moment of the question."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import pytest
from cadent.index import tag_index
from cadent.index._tags import Inverter
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.schema.errors import LimitExceeded, TooManyMatches
from cadent.schema.path import normalise
from cadent.schema.protocols import Match
from cadent.schema.tags import TagExpression
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))

import plain_tags

LIMIT = 1_000_000

# Few of each, so that expressions meet; and those whose bytes sort otherwise than their tags do.
NAMES = st.sampled_from(["a", "b", "a.b", "a-b", "é.c"])
KEYS = st.sampled_from(["dc", "d", "d-c", "host", "é"])
VALUES = st.sampled_from(["x", "xy", "y", "x.y", "é", "name=x", "1"])
PATHS = st.builds(
    lambda name, tags: normalise((name + "".join(f";{key}={value}" for key, value in tags)).encode()),
    NAMES,
    st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=4),
)
EXACT = st.builds("".join, st.tuples(KEYS | st.just("name"), st.sampled_from(["=", "!="]), VALUES | NAMES | st.just("")))
REGEX = st.builds(
    "".join,
    st.tuples(
        KEYS | st.just("name"),
        st.sampled_from(["=~", "!=~"]),
        st.sampled_from(["x", "^x$", "x|y", ".*", "", "(x)?$", "[^x]"]),
    ),
)
EXPRESSIONS = st.lists(EXACT | REGEX, min_size=1, max_size=3)


def parsed(*texts):
    return [TagExpression.parse(text) for text in texts]


def found(index, *texts):
    return [match.path for match in index.tagged(parsed(*texts), LIMIT)]


def check(index, living, expressions):
    """That the index answers as plain Python does for ``living`` paths."""
    matching = plain_tags.select(living, expressions)
    assert found(index, *expressions) == matching
    assert index.tags(parsed(*expressions)) == plain_tags.tags(matching)
    for tag in ("name", "dc", "d", "missing"):
        assert list(index.tag_values(tag, parsed(*expressions))) == plain_tags.values(matching, tag)


@settings(deadline=None, max_examples=200)
@given(st.lists(PATHS, unique=True, max_size=12), st.lists(EXPRESSIONS, min_size=1, max_size=4))
def test_answers_are_those_of_plain_python(names, living, several):
    with TemporaryDirectory() as folder:
        log = NamesLog.open(Path(folder))
        log.append(names(0, living))
        log.close()
        index = TrieIndex(Path(folder))
        for expressions in several:
            # A path without tags is none of the tagged ones, but for who asks for its name.
            check(index, living, expressions)


CHANGES = st.lists(
    st.tuples(st.just("add"), PATHS)
    | st.tuples(st.just("delete"), st.integers(0, 20))
    | st.tuples(st.just("rename"), st.tuples(st.integers(0, 20), PATHS | NAMES))
    | st.tuples(st.just("ask"), EXPRESSIONS),
    max_size=25,
)


@settings(deadline=None, max_examples=150)
@given(CHANGES, st.sampled_from([0, 2, 4_096]))
def test_it_follows_every_change(names, changes, least):
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tag_index, "_LEAST_CHANGES", least)
        log = NamesLog.open(Path(folder))
        index = TrieIndex(Path(folder))
        living = {}
        for kind, what in changes:
            if kind == "add" and what not in living.values():
                living[log.next_id] = what
                log.append(names(log.next_id, [what]))
            elif kind == "delete" and what in living:
                del living[what]
                log.delete(np.array([what], np.uint32))
            elif kind == "rename" and what[0] in living and what[1] not in living.values():
                living[what[0]] = what[1]
                log.rename(np.array([what[0]], np.uint32), [what[1]])
            elif kind == "ask":
                untagged = [path for path in living.values() if ";" not in path and f"name={path}" in what]
                tagged = [path for path in living.values() if ";" in path]
                assert found(index, *what) == plain_tags.select(tagged + untagged, what)
        tagged = [path for path in living.values() if ";" in path]
        check(index, tagged, ["d=~.*", "dc!=x"])
        log.close()


def test_a_match_has_its_id_and_policy(filled):
    index = filled(["a;k=v", "b;k=w"], "slow")
    assert index.tagged(parsed("k=w"), LIMIT) == [Match("b;k=w", 1, "slow", branch=False)]


def test_a_path_without_tags_is_found_by_its_whole_name_alone(filled):
    index = filled(["a.b", "a.b;dc=x", "a.c"])
    assert found(index, "name=a.b") == ["a.b", "a.b;dc=x"]
    assert found(index, "name=a.b", "dc=") == ["a.b"]
    assert found(index, "name=a.b", "dc!=y", "name=~a") == ["a.b", "a.b;dc=x"]
    assert found(index, "name=~a.b") == ["a.b;dc=x"]
    assert found(index, "name=a") == []
    assert found(index, "name=a.*") == []
    assert index.tags([]) == ["dc", "name"]
    assert list(index.tag_values("name", [])) == [("a.b", 1)]


@pytest.mark.parametrize("name", ["a.{b,c}", "a.*", ".a.b", "a..b", "a b", "\ud800", "a" * 2_000])
def test_a_name_that_no_path_can_have_is_not_found(filled, name):
    index = filled(["a.b", "a.b;dc=x"])
    assert found(index, f"name={name}") == []


def test_values_begin_with_the_prefix_that_is_asked_for(filled):
    index = filled([f"a;host=web{number:02}" for number in range(30)] + ["a;host=db", "a;hos=web1", "a;host=web1;dc=x"])
    assert list(index.tag_values("host", [], "web0")) == [(f"web0{digit}", 1) for digit in range(10)]
    assert list(index.tag_values("host", parsed("dc=x"), "w")) == [("web1", 1)]
    assert list(index.tag_values("host", [], "x")) == []


def test_more_paths_than_the_limit_are_too_many(filled):
    index = filled([f"a;k={number}" for number in range(5)])
    assert len(index.tagged(parsed("name=a"), 5)) == 5
    with pytest.raises(TooManyMatches, match=r"'name=a, k=~\.' match more than 4"):
        index.tagged(parsed("name=a", "k=~."), 4)


def test_regexes_that_would_take_too_long_for_the_values_there_are_refused(filled):
    index = filled([f"a;k={number:04}{'a' * 900};few=x" for number in range(1_000)])
    slow = "k=~((a?){30}){30}a{30}x"
    with pytest.raises(LimitExceeded, match="too long"):
        index.tagged(parsed(*[slow] * 10), LIMIT)
    assert found(index, *[slow] * 2) == found(index, *[slow.replace("k", "few", 1)] * 10) == []
    assert len(found(index, *["k=~0"] * 10)) == 1_000


def test_a_change_that_could_not_be_taken_in_is_not_forgotten(tmp_path, log, names, monkeypatch):
    index = TrieIndex(tmp_path)
    log.append(names(0, ["a;k=1"]))
    assert found(index, "name=a") == ["a;k=1"]
    log.append(names(1, ["a;k=2"]))
    with monkeypatch.context() as patch:
        patch.setattr(tag_index, "_batches", mock.Mock(side_effect=MemoryError))
        with pytest.raises(MemoryError):
            found(index, "name=a")
    assert found(index, "name=a") == ["a;k=1", "a;k=2"]


def test_another_names_log_has_other_tags(tmp_path, names):
    """As after a restore while readers run."""
    log = NamesLog.open(tmp_path)
    log.append(names(0, ["a;k=v", "b;k=v"]))
    log.close()
    index = TrieIndex(tmp_path)
    assert found(index, "k=v") == ["a;k=v", "b;k=v"]
    (tmp_path / "names" / "names.log").unlink()
    log = NamesLog.open(tmp_path)
    log.append(names(0, ["c;k=v"]))
    log.close()
    assert found(index, "k=v") == ["c;k=v"]


def test_changes_that_nobody_asked_for_are_not_noted_for_ever(tmp_path, log, names):
    """A tag index that asks again after more changes than are noted begins anew."""
    index = TrieIndex(tmp_path)
    assert found(index, "k=~.") == []
    many = 40_000
    for batch in range(27):  # each path comes, and all but the last go again
        first = log.next_id
        log.append(names(first, [f"a;k={batch}.{number}" for number in range(many)]))
        log.delete(np.arange(first, first + many - 1, dtype=np.uint32))
    assert len(found(index, "k=~.")) == 27


# -- the kernel ----------------------------------------------------------------------------------------------------------


def inverted(paths):
    """What the kernel makes of these paths, in plain lists: {text: [paths that have it, counted]} in its order."""
    inverter = Inverter()
    encoded = [path.encode() for path in paths]
    half = len(encoded) // 2
    for part in (encoded[:half], encoded[half:]):
        inverter.add(np.array([len(path) for path in part], np.uint16), b"".join(part))
    texts, ends, starts, rows = inverter.finish()
    ends, starts, rows = np.frombuffer(ends, np.uint64), np.frombuffer(starts, np.uint32), np.frombuffer(rows, np.uint32)
    bounds = [0, *ends.tolist()]
    return {bytes(texts[bounds[i] : bounds[i + 1]]).decode(): rows[starts[i] : starts[i + 1]].tolist() for i in range(len(ends))}


@given(st.lists(PATHS | NAMES, max_size=30))
def test_the_kernel_lists_the_paths_of_every_text_in_order(paths):
    want = {}
    for row, path in enumerate(paths):
        for tag, value in plain_tags.tags_of(path).items():
            want.setdefault(f"{tag}={value}", []).append(row)
    got = inverted(paths)
    assert got == want
    assert list(got) == sorted(want, key=str.encode)


def test_the_kernel_passes_over_what_is_no_tag():
    assert inverted(["a;b;=c;name=d;k=v=w", ";"]) == {"k=v=w": [0], "name=": [1], "name=a": [0]}


@pytest.mark.parametrize(("lengths", "paths"), [([1], b""), ([2], b"a"), ([1], b"ab"), ([], b"a")])
def test_the_kernel_refuses_lengths_that_do_not_fit(lengths, paths):
    with pytest.raises(ValueError, match="lengths make"):
        Inverter().add(np.array(lengths, np.uint16), paths)


def test_many_texts_are_told_apart():
    paths = [f"a;k={number}" for number in range(50_000)]
    got = inverted(paths)
    assert len(got) == 50_001
    assert all(got[f"k={number}"] == [number] for number in range(0, 50_000, 997))

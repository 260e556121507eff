"""Deletes and renames as a Graphite user means them, and what comes of them in the index."""

import numpy as np
import pytest
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.index.plan import plan_delete, plan_rename
from cadent.schema.errors import InvalidPath, QueryError, TooManyMatches
from cadent.schema.path import MAX_PATH_BYTES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LIMIT = 1_000_000
PATHS = ["a", "a.b", "a.b.c", "a.bc", "b.b", "b.d.e.f", "t;k=v", "z"]


@pytest.fixture
def index(filled):
    return filled(PATHS)


def paths(matches):
    return [match.path for match in matches]


# -- delete --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "want"),
    [
        (["a.b"], ["a.b"]),
        (["a.*"], ["a.b", "a.bc"]),
        (["*.b"], ["a.b", "b.b"]),
        (["b"], []),
        (["b.d"], []),
        (["b.*"], ["b.b"]),
        (["b.**"], ["b.b", "b.d.e.f"]),
        (["a.**"], ["a.b", "a.b.c", "a.bc"]),
        (["{a,b}.b*.**"], ["a.b.c"]),
        (["*.**"], ["a.b", "a.b.c", "a.bc", "b.b", "b.d.e.f"]),
        (["**"], [path for path in PATHS if path != "t;k=v"]),
        (["t;k=v"], ["t;k=v"]),
        (["z.**", "nothing.*"], []),
        (["a.*", "*.b", "a", "a"], ["a", "a.b", "a.bc", "b.b"]),
        ([], []),
    ],
)
def test_a_delete_takes_leaves_of_the_patterns_depth_and_all_below_only_when_told(index, patterns, want):
    found = plan_delete(index, patterns, LIMIT)
    assert paths(found) == want
    assert [match.id for match in found] == [PATHS.index(path) for path in want]


@pytest.mark.parametrize("pattern", ["**.b", "a.**.b", "a**", "a.b**", "a.***", "**.**"])
def test_two_stars_stand_alone_at_the_end(index, pattern):
    with pytest.raises(QueryError, match=r"\*\* stands for all below"):
        plan_delete(index, [pattern], LIMIT)


def test_a_delete_of_more_than_the_limit_is_refused(index):
    assert len(plan_delete(index, ["a.**"], 3)) == 3
    for pattern in ("a.**", "a.*"):
        with pytest.raises(TooManyMatches):
            plan_delete(index, [pattern], 1)


# -- rename --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [
        ("z", "y", [("z", "y")]),
        ("z", "b.d.e.g", [("z", "b.d.e.g")]),
        ("b.d", "x", [("b.d.e.f", "x.e.f")]),
        ("b", "b.d", [("b.b", "b.d.b"), ("b.d.e.f", "b.d.d.e.f")]),
        ("b.d.e", "b", [("b.d.e.f", "b.f")]),
        ("b.d", "z", [("b.d.e.f", "z.e.f")]),
        ("a", "é", [("a", "é"), ("a.b", "é.b"), ("a.b.c", "é.b.c"), ("a.bc", "é.bc")]),
        ("a.b", "q", [("a.b", "q"), ("a.b.c", "q.c")]),
        ("t;k=v", "t;k=w", [("t;k=v", "t;k=w")]),
        ("z", "z;k=v", [("z", "z;k=v")]),
        ("t;k=v", "y", [("t;k=v", "y")]),
    ],
)
def test_a_rename_moves_a_path_and_all_below_it(index, old, new, want):
    assert plan_rename(index, old, new, LIMIT) == [(PATHS.index(before), before, after) for before, after in want]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("no", "y", "no path 'no'"),
        ("a.b.c.d", "y", "no path"),
        ("z", "a", "'z' cannot become 'a'"),
        ("z", "z", "'z' cannot become 'z'"),
        ("a.b", "a.bc", "'a.b' cannot become 'a.bc'"),
        ("a", "b", "'a.b' cannot become 'b.b'"),
        ("a", "a.b", "'a' cannot become 'a.b'"),
        ("z", "t;k=v", "already"),
        ("b", "b;k=v", "below"),
        ("a.*", "y", "did you mean 'a._'"),
        ("z", "y[1]", "did you mean 'y_1_'"),
        ("z", ".y", "did you mean 'y'"),
        ("z", "y;b=1;a=2", "did you mean 'y;a=2;b=1'"),
    ],
)
def test_a_rename_that_makes_no_sense_or_overwrites_is_refused(index, old, new, message):
    with pytest.raises(QueryError) as told:
        plan_rename(index, old, new, LIMIT)
    assert message in str(told.value)


@pytest.mark.parametrize("path", ["", "a..b", "a b", "a\n", "y;k", "y" * (MAX_PATH_BYTES + 1), "\ud800"])
def test_what_can_be_no_path_is_refused(index, path):
    for old, new in ((path, "y"), ("z", path)):
        with pytest.raises(InvalidPath):
            plan_rename(index, old, new, LIMIT)


def test_a_branch_whose_paths_would_become_too_long_is_refused(index):
    with pytest.raises(InvalidPath, match="path_length"):
        plan_rename(index, "b", "x" * (MAX_PATH_BYTES - 4), LIMIT)


def test_a_rename_of_more_than_the_limit_is_refused(index):
    assert len(plan_rename(index, "a", "q", 4)) == 4
    with pytest.raises(TooManyMatches):
        plan_rename(index, "a", "q", 3)


TREE = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example has a folder of its own
@given(st.lists(TREE, unique=True, min_size=1, max_size=10), TREE, TREE)
def test_readers_find_every_path_where_its_rename_says(names, tmp_path_factory, tree, old, new):
    folder = tmp_path_factory.mktemp("renamed")
    log = NamesLog.open(folder)
    log.append(names(0, tree))
    index = TrieIndex(folder)
    try:
        renames = plan_rename(index, old, new, LIMIT)
    except QueryError:
        renames = []
    log.rename(np.array([rename.id for rename in renames], np.uint32), [rename.new for rename in renames])
    moved = {rename.old: rename.new for rename in renames}
    assert {leaf.path: leaf.id for leaf in plan_delete(index, ["**"], LIMIT)} == {
        moved.get(path, path): number for number, path in enumerate(tree)
    }
    log.close()


def test_what_was_deleted_is_found_no_more(index, log):
    log.delete(np.array([leaf.id for leaf in plan_delete(index, ["a.**", "t;k=v"], LIMIT)], np.uint32))
    assert paths(plan_delete(index, ["**"], LIMIT)) == ["a", "b.b", "b.d.e.f", "z"]
    assert index.find("a.*", LIMIT) == index.find("t;k=v", LIMIT) == []

"""Paths that are forgotten and renamed, against a dict: whatever is known is found, and nothing else."""

import os
from pathlib import Path

import numpy as np
import pytest
from cadent.schema.errors import LimitExceeded, QueryError
from cadent.schema.identity import Level
from cadent.schema.point import Point
from cadent.schema.policy import Policies, Policy
from cadent.schema.resolution import Ladder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_fold import NOW, Gathered, feed_all

BASE = Level("default", 10)
SEVERAL = Policies((Policy("fast", Ladder.parse("1s:1h"), r"^fast"), Policy("default", Ladder.parse("10s:1d"))))


def ids(*numbers):
    return np.array(numbers, np.uint32)


def send(accumulator, *paths):
    feed_all(accumulator.open(), b"".join(path + b" 1 %d\n" % NOW for path in paths))


def known(kernel, paths):
    return {path: found[0] for path in paths if (found := kernel.find(path))}


# -- the kernel ----------------------------------------------------------------------------------------------------------

# Of these lengths records take one unit, two, and as many as they can.
PATHS = [b"p%d" % number + b"x" * length for number in range(30) for length in (0, 52, 53, 54, 60, 1000)]
SPELLINGS = [b"." + path for path in PATHS[:20]]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(st.sampled_from(PATHS), min_size=1, max_size=60)),
        st.tuples(st.just("spell"), st.integers(0, 19)),
        st.tuples(st.just("forget"), st.lists(st.integers(0, 300), max_size=60)),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])  # it gives a class
@given(STEPS)
def test_what_was_not_forgotten_is_found(bare, steps):
    kernel, want, next_id, aliases = bare(max_open_bytes=1 << 30).kernel, {}, 0, {}
    for kind, value in steps:
        if kind == "add":
            kernel.stream().feed(b"".join(path + b" 1 1700000000\n" for path in value))
            for path in value:
                if path not in want:
                    want[path], next_id = next_id, next_id + 1
        elif kind == "spell" and PATHS[value] in want and SPELLINGS[value] not in aliases:
            kernel.add_alias(SPELLINGS[value], PATHS[value])
            aliases[SPELLINGS[value]] = want[PATHS[value]]
        elif kind == "forget":
            gone = [number for number in value if number < next_id]
            kernel.take_new()
            kernel.forget(ids(*gone))
            want = {path: number for path, number in want.items() if number not in gone}
            aliases = {path: number for path, number in aliases.items() if number not in gone}
        assert known(kernel, [*PATHS, *SPELLINGS]) == want | aliases
        assert (kernel.paths, kernel.aliases, kernel.next_id) == (len(want), len(aliases), next_id)


def test_many_paths_of_all_lengths_over_many_blocks(bare):
    kernel = bare(max_paths=200_000, max_open_bytes=1 << 30).kernel
    paths = [(b"%d." % number).ljust(2 + number % 700, b"x").rstrip(b".") for number in range(60_000)]
    lines = b"".join(path + b" 1 1700000000\n" for path in paths)
    kernel.stream().feed(lines)
    kernel.take_new()
    kernel.forget(np.arange(0, 60_000, 2, dtype=np.uint32))
    assert [kernel.find(path) for path in paths] == [(i, 0) if i % 2 else None for i in range(60_000)]
    kernel.stream().feed(lines)
    [(_, numbers, _, taken)] = kernel.take_new()
    assert taken == b"".join(paths[::2])
    assert np.frombuffer(numbers, np.uint32).tolist() == list(range(60_000, 90_000))
    assert [kernel.find(path)[0] for path in paths[1::2]] == list(range(1, 60_000, 2))
    kernel.forget(np.arange(90_000, dtype=np.uint32))
    assert kernel.paths == 0


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_churn_takes_no_more_memory_than_what_lives(bare):
    """A million paths, ten thousand at a time: kept they would take 128 MB."""
    kernel = bare(max_paths=20_000, max_open_bytes=1 << 30).kernel
    before = resident_bytes()
    for turn in range(100):
        kernel.stream().feed(b"".join(b"%d.%s.%d 1 1700000000\n" % (turn, b"x" * 60, number) for number in range(10_000)))
        kernel.take_new()
        kernel.take(np.arange(kernel.open_windows, dtype=np.uint32))
        kernel.forget(np.arange(10_000 * turn, 10_000 * (turn + 1), dtype=np.uint32))
    assert kernel.next_id == 1_000_000
    assert resident_bytes() - before < 32 << 20


def test_the_limit_counts_what_is_known(bare):
    bare = bare(max_paths=2)
    bare.kernel.stream().feed(b"a 1 1700000000\nb 1 1700000000\nc 1 1700000000\n")
    assert bare.slow == [b"c 1 1700000000"]
    bare.kernel.take_new()
    bare.kernel.forget(ids(0))
    bare.kernel.stream().feed(b"c 1 1700000000\na 1 1700000000\n")
    assert bare.slow == [b"c 1 1700000000", b"a 1 1700000000"]
    assert known(bare.kernel, [b"a", b"b", b"c"]) == {b"b": 1, b"c": 2}


def test_ids_that_were_never_given_and_paths_not_taken_yet_are_our_own_mistake(bare):
    kernel = bare().kernel
    kernel.stream().feed(b"a 1 1700000000\n")
    with pytest.raises(ValueError, match="1 new paths are not taken"):
        kernel.forget(ids(0))
    kernel.take_new()
    with pytest.raises(ValueError, match="id 1 is not below"):
        kernel.forget(ids(0, 1))
    assert kernel.find(b"a") == (0, 0)


# -- the accumulator -----------------------------------------------------------------------------------------------------


def test_a_path_that_is_made_is_one_that_a_line_could_have_brought(accumulator):
    accumulator = accumulator(policies=SEVERAL)
    send(accumulator, b"slow;k=v")
    accumulator.create(["slow;k=v", "fast.a", "slow.b"])
    names = {batch.policy: (batch.ids.tolist(), batch.paths) for batch in accumulator.new_names()}
    assert names == {"default": ([0, 2], b"slow;k=vslow.b"), "fast": ([1], b"fast.a")}
    send(accumulator, b"slow.b", b"fast.a")
    assert accumulator.new_names() == []
    assert accumulator.open_points("default", ids(0, 1, 2))["index"].tolist() == [0, 2]


def test_paths_are_made_up_to_the_bound(accumulator):
    accumulator = accumulator(paths=2)
    with pytest.raises(LimitExceeded, match=r"'c'.*max_metrics"):
        accumulator.create(["a", "b", "c", "d"])
    [batch] = accumulator.new_names()
    assert batch.paths == b"ab"
    accumulator.create(["b", "a"])


def test_a_forgotten_path_comes_again_with_a_new_id_and_its_old_points_under_the_old_one(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a", b".a", b"b")
    accumulator.new_names()
    accumulator.forget(ids(0))
    send(accumulator, b"a", b".a", b".a")
    [batch] = accumulator.new_names()
    assert (batch.ids.tolist(), batch.paths) == ([2], b"a")
    assert accumulator.open_points("default", ids(0, 1, 2))["count"].tolist() == [2, 1, 3]


def test_a_renamed_path_folds_into_its_old_id(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a.x", b"a.y", b".a.x")
    accumulator.new_names()
    assert accumulator.rename([("a.y", "b.y"), ("a.x", "b.é")]).tolist() == [1, 0]
    send(accumulator, "b.é".encode(), b"b.y", b"a.y", b".a.x")
    [batch] = accumulator.new_names()
    assert (batch.ids.tolist(), batch.paths) == ([2, 3], b"a.ya.x")
    assert accumulator.open_points("default", ids(0, 1, 2, 3))["count"].tolist() == [3, 2, 1, 1]


def test_a_renamed_path_keeps_its_policy_for_life(accumulator):
    accumulator = accumulator(policies=SEVERAL)
    send(accumulator, b"fast.a", b"slow.a")
    accumulator.new_names()
    accumulator.rename([("fast.a", "slow.b"), ("slow.a", "fast.b")])
    send(accumulator, b"slow.b", b"fast.b")
    assert accumulator.new_names() == []
    assert accumulator.open_points("fast", ids(0))["count"].tolist() == [2]
    assert accumulator.open_points("default", ids(1))["count"].tolist() == [2]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "c"), ("no", "d")], "no path 'no'"),
        ([("a", "c"), ("b", "a")], "path 'a' already"),
        ([("a", "b")], "path 'b' already"),
        ([("a", "a")], "path 'a' already"),
        ([("a", "c"), ("b", "c")], "in common"),
        ([("a", "c"), ("a", "d")], "in common"),
    ],
)
def test_renames_that_cannot_all_be_done_are_not_done_at_all(accumulator, pairs, message):
    accumulator = accumulator()
    send(accumulator, b"a", b"b")
    accumulator.new_names()
    with pytest.raises(QueryError, match=message):
        accumulator.rename(pairs)
    send(accumulator, b"a", b"b")
    assert accumulator.new_names() == []


def test_no_renames_are_none(accumulator):
    assert accumulator().rename([]).tolist() == []


def test_idle_ids_have_no_point_in_an_open_window(accumulator):
    accumulator = accumulator(policies=SEVERAL)
    send(accumulator, b"fast.a", b"slow.a", b"fast.b")
    assert accumulator.idle(ids(0, 1, 2, 7)).tolist() == [7]
    accumulator.drain()
    send(accumulator, b"slow.a")
    assert accumulator.idle(ids(0, 1, 2)).tolist() == [0, 2]


def test_points_of_a_forgotten_path_come_with_the_window_they_are_in(accumulator):
    accumulator = accumulator()
    gathered = Gathered(accumulator)
    send(accumulator, b"a")
    gathered.take_names()
    accumulator.forget(ids(0))
    gathered.tick(NOW + 20)
    assert gathered.points() == {(BASE, "a", NOW): Point.of(NOW, 1.0)}

"""The union of several writers' names against dicts: whatever they add, delete and rename, and in whatever pieces it comes."""

import sys
from pathlib import Path

import numpy as np
import pytest
from cadent.index import frames
from cadent.index._trie import Trie
from cadent.index.id_map import NO_ID, IdColumn
from cadent.index.living import Living
from cadent.index.tail import Piece
from cadent.index.union_trie import UnionTrie
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))

from plain_union import PlainUnion

WRITERS = ("a/1", "a/2", "b")
# Few of each, so that writers meet at the same paths, and ids are taken anew.
PATH = st.sampled_from(["a", "b", "a.b", "a.b.c", "é", "a;k=v", "a;k=w"])
ID = st.integers(0, 5)
DAY = st.integers(10, 20)
STEP = st.one_of(
    st.tuples(st.just("add"), st.lists(st.tuples(ID, PATH), min_size=1, max_size=4), st.sampled_from(["default", "slow"]), DAY),
    st.tuples(st.just("see"), st.lists(ID, min_size=1, max_size=4), DAY),
    st.tuples(st.just("delete"), st.lists(ID, min_size=1, max_size=3)),
    st.tuples(st.just("rename"), st.lists(st.tuples(ID, PATH), min_size=1, max_size=3)),
)
PIECE = st.lists(STEP, min_size=1, max_size=4)
HISTORY = st.lists(st.tuples(st.sampled_from(WRITERS), PIECE), max_size=12)


def ids(*numbers):
    return np.array(numbers, np.uint32)


def columns(names):
    encoded = [path.encode() for _, path in names]
    return ids(*(number for number, _ in names)), np.array([len(path) for path in encoded], np.uint16), b"".join(encoded)


def frame(step):
    kind, what, *rest = step
    if kind == "add":
        return frames.encode_add(*rest, *columns(what))
    if kind == "see":
        return frames.encode_seen(rest[0], ids(*what))
    if kind == "delete":
        return frames.encode_tombstone(ids(*what))
    return frames.encode_rename(*columns(what))


def piece(steps):
    data = b"".join(map(frame, steps))
    return Piece(frames.FILE_HEADER_SIZE, data, frames.scan(data)[0])


def tell(plain, writer, steps):
    """The same to the account."""
    for kind, what, *rest in steps:
        for one in what:
            if kind == "add":
                plain.put(writer, *one, rest[0], {rest[1]})
            elif kind == "see":
                plain.see(writer, one, rest[0])
            elif kind == "delete":
                plain.delete(writer, one)
            else:
                plain.rename(writer, *one)


def living(trie):
    """{path: (id, policy, first day, last day)}"""
    numbers, policies, first, last = trie.living()
    numbers = np.frombuffer(numbers, np.uint32)
    lengths, paths = trie.paths(numbers)
    ends = np.cumsum(np.frombuffer(lengths, np.uint16), dtype=int).tolist()
    texts = [paths[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]
    days = zip(memoryview(first).cast("H"), memoryview(last).cast("H"), strict=True)
    names = [trie.policies()[policy] for policy in memoryview(policies).cast("H")]
    rows = zip(numbers.tolist(), names, days, strict=True)
    return {text: (number, name, *seen) for text, (number, name, seen) in zip(texts, rows, strict=True)}


def ids_at(union, writer):
    """{path: the writer's id} of those it has"""
    found = living(union.trie)
    numbers = union.ids_of(writer, ids(*(entry[0] for entry in found.values()))).tolist()
    return {path: number for path, number in zip(found, numbers, strict=True) if number != NO_ID}


def check(union, plain):
    expected = {path: (entry.policy, min(entry.days), max(entry.days)) for path, entry in plain.entries.items()}
    assert {path: entry[1:] for path, entry in living(union.trie).items()} == expected
    for name, writer in plain.writers.items():
        assert ids_at(union, name) == {path: number for number, path in writer.paths.items()}


@settings(deadline=None, max_examples=500)
@given(HISTORY)
@example([("b", [("add", [(1, "a"), (2, "a")], "slow", 10)])])
@example([("b", [("add", [(1, "a"), (1, "b")], "slow", 10)])])
@example([("b", [("add", [(0, "a"), (1, "b")], "slow", 10), ("rename", [(0, "b"), (1, "a")])])])
@example([("b", [("add", [(0, "a")], "slow", 10)]), ("a/1", [("add", [(0, "a")], "default", 12), ("rename", [(0, "b")])])])
def test_it_holds_what_dicts_hold(history):
    union, plain, known, given_ids = UnionTrie(), PlainUnion(WRITERS), set(), {}
    for writer, steps in history:
        union.take(writer, piece(steps))
        tell(plain, writer, steps)
        check(union, plain)
        known.add(writer)
        if len(known) == 1:
            continue  # a writer that is alone may give an id twice here, and the union with it
        for path, (number, *_) in living(union.trie).items():
            assert given_ids.setdefault(number, plain.entries[path].key) == plain.entries[path].key


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECE, max_size=10))
def test_of_one_writer_it_is_the_trie_of_that_writer(pieces):
    union, trie = UnionTrie(), Trie()
    for steps in pieces:
        union.take("main", piece(steps))
        trie.apply(piece(steps).data, piece(steps).frames.tobytes())
        assert living(union.trie) == living(trie)
        assert ids_at(union, "main") == {path: entry[0] for path, entry in living(trie).items()}


@settings(deadline=None, max_examples=300)
@given(HISTORY)
def test_the_last_frame_taken_twice_changes_nothing(history):
    union = UnionTrie()
    for writer, steps in history:
        union.take(writer, piece(steps))
        before = living(union.trie), [ids_at(union, name) for name in WRITERS]
        if len(steps[-1][1]) == 1:  # of several names an earlier one may undo what a later one did
            union.take(writer, piece(steps[-1:]))
            assert (living(union.trie), [ids_at(union, name) for name in WRITERS]) == before


@settings(deadline=None, max_examples=300)
@given(HISTORY, st.sampled_from(WRITERS))
def test_a_log_written_anew_changes_nothing(history, writer):
    """But for policies: in it a renamed path has that of its writer, elsewhere that of the path it was."""
    union, own = UnionTrie(), Trie()
    for name, steps in history:
        union.take(name, piece(steps))
        if name == writer:
            own.apply(piece(steps).data, piece(steps).frames.tobytes())
    before = days(union), [ids_at(union, name) for name in WRITERS]
    union.replace(writer, Living(own))
    assert (days(union), [ids_at(union, name) for name in WRITERS]) == before


def days(union):
    return {path: (number, first, last) for path, (number, _, first, last) in living(union.trie).items()}


@settings(deadline=None, max_examples=300)
@given(HISTORY, st.sampled_from(WRITERS), PIECE)
def test_another_log_takes_the_place_of_a_writers_names(history, writer, steps):
    union, other, plain = UnionTrie(), Trie(), PlainUnion(WRITERS)
    for name, before in history:
        union.take(name, piece(before))
        tell(plain, name, before)
    other.apply(piece(steps).data, piece(steps).frames.tobytes())
    union.replace(writer, Living(other))
    want = {name: {path: number for number, path in each.paths.items()} for name, each in plain.writers.items()}
    want[writer] = {path: entry[0] for path, entry in living(other).items()}
    for name, paths in want.items():
        assert ids_at(union, name) == paths
    assert set(living(union.trie)) == set().union(*want.values())


def test_while_a_log_is_replaced_a_path_in_both_is_always_there(monkeypatch):
    union, other = UnionTrie(), Trie()
    union.take("a/1", piece([("add", [(0, "stays"), (1, "goes"), (2, "gets another id")], "default", 10)]))
    union.take("b", piece([("add", [(7, "theirs")], "default", 10)]))
    anew = piece([("add", [(0, "stays"), (3, "gets another id"), (4, "comes")], "default", 12)])
    other.apply(anew.data, anew.frames.tobytes())
    states, write = [], union._write
    monkeypatch.setattr(union, "_write", lambda data: (write(data), states.append(set(living(union.trie)))))
    union.replace("a/1", Living(other))
    assert len(states) > 1
    assert all({"stays", "theirs", "gets another id"} <= state for state in states)
    assert states[-1] == {"stays", "theirs", "gets another id", "comes"}
    assert ids_at(union, "a/1") == {"stays": 0, "gets another id": 3, "comes": 4}


def test_a_writer_that_nobody_heard_of_has_no_ids():
    union = UnionTrie()
    union.take("a/1", piece([("add", [(0, "a")], "default", 10)]))
    assert union.ids_of("b", ids(0, 1)).tolist() == [NO_ID, NO_ID]


def test_ids_of_no_path_are_none_at_a_writer():
    union = UnionTrie()
    union.take("a/1", piece([("add", [(3, "a")], "default", 10)]))
    assert union.ids_of("a/1", ids(3, 2, NO_ID, 100_000, NO_ID - 1)).tolist() == [3, *[NO_ID] * 4]


def test_a_day_that_no_clock_shows_is_the_last_of_all():
    union = UnionTrie()
    union.take("a/1", piece([("add", [(0, "a")], "default", 10), ("see", [0], 70_000)]))
    union.take("b", piece([("add", [(0, "a")], "default", 11)]))
    union.take("a/1", piece([("rename", [(0, "b")])]))
    assert living(union.trie) == {"a": (0, "default", 10, 65_535), "b": (1, "default", 10, 65_535)}


def test_many_names_in_one_frame_are_joined_with_those_of_others():
    """More than a slice of the trie, in another order, and half of them new."""
    union = UnionTrie()
    union.take("a/1", piece([("add", [(number, f"p.{number}") for number in range(5_000)], "default", 10)]))
    union.take("b", piece([("add", [(number, f"p.{7_499 - number}") for number in range(5_000)], "default", 9)]))
    assert len(living(union.trie)) == 7_500
    assert ids_at(union, "a/1") == {f"p.{number}": number for number in range(5_000)}
    assert ids_at(union, "b") == {f"p.{7_499 - number}": number for number in range(5_000)}


def test_what_is_no_path_is_refused():
    with pytest.raises(ValueError, match="no path"):
        UnionTrie().take("a/1", piece([("add", [(0, "a..b")], "default", 10)]))


@given(st.lists(st.dictionaries(st.integers(0, 5_000), st.integers(0, 9), max_size=5), max_size=5))
def test_a_column_keeps_a_number_for_each_id(changes):
    column, want = IdColumn(9), {}
    for change in changes:
        column.put(ids(*change), np.array([*change.values()], np.uint32))
        want |= change
        asked = [*want, 0, 1_023, 1_024, 5_001]
        assert column.of(ids(*asked)).tolist() == [want.get(number, 9) for number in asked]
    assert column.put_ids().tolist() == sorted(number for number, value in want.items() if value != 9)

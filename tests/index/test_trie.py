"""The trie against a dict of paths: whatever is added, deleted and renamed, globs find what a plain matcher finds."""

import json
from fnmatch import fnmatchcase

import numpy as np
import pytest
from cadent.index import frames, glob
from cadent.index._trie import Trie
from cadent.index.living import read_living
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.schema.errors import InvalidPath
from cadent.schema.path import MAX_PATH_BYTES, normalise
from cadent.schema.protocols import Match
from hypothesis import example, given, settings
from hypothesis import strategies as st

LIMIT = 1_000_000
NO_ID = 2**32 - 1
SEGMENTS = st.sampled_from(["a", "b", "aa", "ab", "a-b", 'q"', "é", "日本", "a~", "long-segment", "long-segment-2"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map(".".join)
TAGGED = st.tuples(PATHS, st.sampled_from([";a=1", ";a=2;b=x.y", ';k="'])).map("".join)
POLICIES = st.sampled_from(["default", "slow", "rare"])
DAYS = st.integers(10, 20)
RANGES = st.tuples(st.integers(8, 22), st.integers(0, 4)).map(lambda drawn: (drawn[0], sum(drawn)))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), PATHS | TAGGED, POLICIES, DAYS),
        st.tuples(st.just("see"), st.integers(0, 12), DAYS),
        st.tuples(st.just("delete"), st.integers(0, 12)),
        st.tuples(st.just("rename"), st.integers(0, 12), PATHS | TAGGED),
    ),
    max_size=25,
)
GLOBS = st.lists(
    st.sampled_from(
        ["*", "a", "a*", "*b", "?", "??", "[!a]*", "[a-b]", "[é-日]*", "{a,b}", "{a*,é}", "a-b", "*-*-*", 'q"', "**"]
    ),
    min_size=1,
    max_size=4,
).map(".".join)


def frame(account, step):
    """One step as a frame, and in the account."""
    kind, *values = step
    if kind == "add":
        path, policy, day = values
        number = next(account.numbers)
        account.put(number, path, policy)
        account.see(number, day)
        return add([path], policy, number, day)
    if kind == "see":
        number, day = values
        account.see(number, day)
        return frames.encode_seen(day, np.array([number], np.uint32))
    if kind == "delete":
        account.drop(*values)
        return frames.encode_tombstone(np.array(values, np.uint32))
    number, path = values
    if number in account.living:
        account.put(number, path, account.living[number][1])
    return frames.encode_rename(np.array([number], np.uint32), np.array([len(path.encode())], np.uint16), path.encode())


def plainly_found(account, pattern, seen=(0, 65_535)):
    """In order of path. Braces hold no dots here: each segment may have several globs."""
    globs = [segment.strip("{}").split(",") if "{" in segment else [segment] for segment in pattern.split(".")]
    return [
        node
        for path, node in sorted(account.nodes(*seen).items())
        if ";" not in path and len(path.split(".")) == len(globs)
        if all(any(fnmatchcase(s, one) for one in some) for s, some in zip(path.split("."), globs, strict=True))
    ]


@settings(max_examples=500, deadline=None)
@given(STEPS, st.lists(GLOBS, min_size=3, max_size=3))
@example([("add", "a", "slow", 10), ("add", "b", "slow", 10), ("rename", 0, "b")], ["*", "a", "b"])
@example([("add", "a.b", "slow", 10), ("rename", 0, "a"), ("rename", 0, "a.b")], ["*", "a.*", "b"])
@example([*(("add", path, "slow", 10) for path in "abé"), ("delete", 1), ("delete", 0)], ["*", "b", "é"])
@example([("add", "long-segment-2.a", "slow", 10), ("add", "long-segment.a", "slow", 10)], ["*", "*.*", "l*.a"])
@example([("add", "long-segment.a", "slow", 10), ("add", "long-segment-2.a", "slow", 10)], ["*", "*.*", "l*.a"])
def test_it_finds_what_a_dict_of_paths_holds(new_account, steps, patterns):
    account, trie = new_account(), Trie()
    for step in steps:
        apply(trie, frame(account, step))
    nodes = account.nodes()
    for pattern in patterns:
        assert found(trie, pattern) == plainly_found(account, pattern)
    for path in {path for path in nodes if ";" in path} | {"a;a=1", "b;a=1"}:
        assert found(trie, path) == [node for node in [nodes.get(path)] if node]


@settings(max_examples=500, deadline=None)
@given(STEPS, GLOBS, RANGES)
@example([("add", "a.b", "slow", 10), ("see", 0, 20), ("add", "a", "slow", 10)], "*", (12, 14))
@example([("add", "a.b", "slow", 10), ("add", "a", "slow", 15), ("delete", 0)], "*", (9, 11))
@example([("add", "a.b", "slow", 10), ("rename", 0, "b.c"), ("see", 0, 15)], "b.*", (15, 15))
def test_a_range_of_days_leaves_out_what_was_not_seen_in_it(new_account, steps, pattern, seen):
    account, trie = new_account(), Trie()
    for step in steps:
        apply(trie, frame(account, step))
    want = plainly_found(account, pattern, seen)
    assert found(Trie.load(trie.dump()), pattern, seen) == want
    # What was deleted below a branch may still be counted there.
    hasty = found(trie, pattern, seen)
    assert [leaf for leaf in hasty if leaf.id is not None] == [
        Match(leaf.path, leaf.id, leaf.policy, branch=Match(leaf.path, leaf.id, leaf.policy, branch=True) in hasty)
        for leaf in want
        if leaf.id is not None
    ]
    branches = {node.path for node in hasty if node.branch}
    assert {node.path for node in want if node.branch} <= branches <= {node.path for node in plainly_found(account, pattern)}


@given(STEPS)
def test_living_paths_are_listed_by_id_with_their_days(new_account, steps):
    account, trie = new_account(), Trie()
    for step in steps:
        apply(trie, frame(account, step))
    ids, policies, first, last = trie.living()
    numbers = memoryview(ids).cast("I").tolist()
    assert numbers == sorted(account.living)
    assert [trie.policies()[policy] for policy in memoryview(policies).cast("H")] == [account.living[i][1] for i in numbers]
    assert memoryview(first).cast("H").tolist() == [min(account.days[i]) for i in numbers]
    assert memoryview(last).cast("H").tolist() == [max(account.days[i]) for i in numbers]
    lengths, paths = trie.paths(np.array(numbers, np.uint32))
    want = [account.living[i][0].encode() for i in numbers]
    assert (memoryview(lengths).cast("H").tolist(), paths) == ([len(path) for path in want], b"".join(want))


@given(STEPS, st.lists(PATHS | TAGGED | st.text(max_size=4), max_size=6))
def test_paths_are_looked_up_as_in_a_dict(new_account, steps, others):
    account, trie = new_account(), Trie()
    for step in steps:
        apply(trie, frame(account, step))
    numbers = {path: number for number, (path, _) in account.living.items()}
    asked = [*others, *numbers, *(path.rpartition(".")[0] for path in numbers), *(f"{path}.z" for path in numbers)]
    assert looked_up(trie, asked) == [numbers.get(path, NO_ID) for path in asked]


def test_any_number_of_paths_of_any_bytes_are_looked_up():
    trie = Trie()
    apply(trie, add([f"a.{number}" for number in range(2_500)]))
    assert looked_up(trie, [f"a.{number}" for number in range(2_600)]) == [*range(2_500), *[NO_ID] * 100]
    assert looked_up(trie, ["", ".", "a.", ".a", "..", "a..1", "\0", "a" * 65_535, ";", "a;", "a.1;k=v"]) == [NO_ID] * 11


@pytest.mark.parametrize("lengths", [[], [1], [2, 2], [3, 1]])
def test_lengths_that_do_not_add_up_to_the_paths_are_refused(lengths):
    with pytest.raises(ValueError, match="3 bytes of paths"):
        Trie().ids(np.array(lengths, np.uint16), b"a.b")


def looked_up(trie, paths):
    encoded = [path.encode() for path in paths]
    lengths = np.array([len(path) for path in encoded], np.uint16)
    return memoryview(trie.ids(lengths, b"".join(encoded))).cast("I").tolist()


def test_an_id_without_a_path_is_no_living_one():
    trie = Trie()
    apply(trie, add(["a", "b"]) + frames.encode_tombstone(np.array([1], np.uint32)))
    for number in (1, 2, 2**32 - 2):
        with pytest.raises(KeyError):
            trie.paths(np.array([0, number], np.uint32))


@pytest.mark.parametrize("day", [65_535, 65_536, 2**32 - 1])
def test_a_day_that_no_clock_shows_is_the_last_of_all(day):
    trie = Trie()
    apply(trie, add(["a"], day=day))
    assert found(trie, "*", (65_000, 2**40)) == [Match("a", 0, "default", branch=False)]
    assert found(trie, "*", (-5, 65_534)) == []


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from(["*", "?", "a", "é", "-", "[ab]", "[!a]", "[a-c]", "[]-a]", "[!]a]", "[é-日]", "[a-]", "[c-a]"]),
        min_size=1,
        max_size=6,
    ).map("".join),
    st.text("abc]é日-_", min_size=1, max_size=8),
)
def test_one_segment_is_matched_as_by_fnmatch(pattern, text):
    trie = Trie()
    apply(trie, add([text]))
    assert bool(found(trie, pattern)) == fnmatchcase(text, pattern)


@settings(deadline=None)
@given(STEPS)
def test_a_trie_put_together_again_is_the_same(new_account, steps):
    account, trie = new_account(), Trie()
    for step in steps:
        apply(trie, frame(account, step))
    again = Trie.load(trie.dump())
    for depth in range(1, 5):
        assert found(again, ".".join("*" * depth)) == found(trie, ".".join("*" * depth))
    tagged = sum(";" in path for path, _ in account.living.values())
    assert again.size()[:3] == trie.size()[:3] == (len(account.living), tagged, len(account.nodes()))


def found(trie, pattern, seen=None):
    paths, ids, policies, branches = trie.columns(glob.compile(pattern), LIMIT, seen=seen)
    if not ids:
        return []
    names = trie.policies()
    columns = paths.decode().split("\n"), memoryview(ids).cast("I"), memoryview(policies).cast("H"), branches
    return [
        Match(path, None, None, branch=True) if number == NO_ID else Match(path, number, names[policy], branch=branch == 1)
        for path, number, policy, branch in zip(*columns, strict=True)
    ]


def apply(trie, data):
    trie.apply(data, frames.scan(data)[0].tobytes())


@settings(deadline=None)
@given(st.lists(st.sets(PATHS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_union_of_patterns_lists_each_node_once_in_order(groups):
    trie = Trie()
    paths = sorted(set().union(*groups))
    apply(trie, add(paths))
    query = "\n".join(path for group in groups for path in group).encode()
    assert trie.columns(query, LIMIT)[0].decode().split("\n") == paths


def add(paths, policy="default", first=0, day=1):
    encoded = [path.encode() for path in paths]
    ids = np.arange(first, first + len(paths), dtype=np.uint32)
    return frames.encode_add(policy, day, ids, np.array([len(path) for path in encoded], np.uint16), b"".join(encoded))


def test_applying_frames_twice_changes_nothing():
    trie = Trie()
    data = add(["a.b", "a.c", "x;t=1"]) + frames.encode_tombstone(np.array([1], np.uint32))
    apply(trie, data)
    before = trie.dump()
    apply(trie, data)
    assert Trie.load(trie.dump()).size() == Trie.load(before).size()
    assert trie.columns(b"*.*", LIMIT)[0] == b"a.b"


def test_a_path_added_again_with_its_id_follows_the_later_policy():
    trie = Trie()
    apply(trie, add(["a"], "default") + add(["a"], "slow"))
    assert found(trie, "a") == [Match("a", 0, "slow", branch=False)]


def test_what_is_deleted_leaves_no_memory_behind():
    trie = Trie()
    paths = [f"some.host-{number % 50}.value-{number}" for number in range(5_000)]
    ids = np.arange(len(paths), dtype=np.uint32)
    apply(trie, add(paths) + frames.encode_tombstone(ids))
    used = trie.size()[3]
    for _ in range(3):
        apply(trie, add(paths) + frames.encode_tombstone(ids))
    assert trie.size() == (0, 0, 0, used)


@given(st.text(max_size=30) | st.text("ab.;=~ \t\x7f\x85", max_size=30))
def test_every_path_that_the_writer_stores_is_taken(text):
    try:
        path = normalise(text.encode(errors="surrogatepass"))
    except InvalidPath:
        return
    trie = Trie()
    apply(trie, add([path]))
    assert trie.columns(path.encode(), LIMIT)[0] == path.encode()


def test_the_longest_path_is_taken():
    trie = Trie()
    deepest = ".".join("a" * (MAX_PATH_BYTES // 2)) + "b"
    apply(trie, add(["x" * MAX_PATH_BYTES, deepest]))
    assert trie.columns(b"x*", LIMIT)[0] == b"x" * MAX_PATH_BYTES
    assert trie.columns(deepest.encode(), LIMIT)[0] == deepest.encode()


@pytest.mark.parametrize(
    "path", [".a", "a.", "a..b", "a\nb", "\x1f", "a.;t=1", ".;t=1", ";t=1", "a..b;t=1", "a;t=\n", "a;t=..\n"]
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match="no path"):
        apply(Trie(), add(["fine", path]))


@pytest.mark.parametrize("column", ["ids", "lengths", "policy", "paths"])
def test_a_frame_beyond_its_bytes_is_refused(column):
    """Even where the bytes beyond would do."""
    data = add(["a.b", "c.d"])
    table = frames.scan(data)[0].copy()
    whole = memoryview(data + b"a" * 64)
    table[column] = len(data)
    with pytest.raises(ValueError, match="no path"):
        Trie().apply(whole[: len(data)], table.tobytes())


@pytest.mark.parametrize("encode", [frames.encode_tombstone, lambda ids: frames.encode_seen(1, ids)])
def test_ids_beyond_their_bytes_are_refused(encode):
    data = encode(np.array([1, 2], np.uint32))
    table = frames.scan(data)[0].copy()
    with pytest.raises(ValueError, match="no path"):
        Trie().apply(memoryview(data)[:28], table.tobytes())


def dumped():
    trie = Trie()
    apply(trie, add(["a.b.c", "a.b", "b.c", "c;t=1"]) + add(["d"], "slow", 9))
    return trie.dump()


@settings(max_examples=500)
@given(st.data())
def test_columns_that_make_no_trie_do_no_harm(data):
    columns = {name: bytearray(column) for name, column in dumped().items()}
    for _ in range(data.draw(st.integers(1, 3))):
        column = columns[data.draw(st.sampled_from(sorted(columns)))]
        at = data.draw(st.integers(0, len(column)))
        column[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        trie = Trie.load(columns)
    except ValueError:
        return
    again = Trie.load(trie.dump())
    assert listing_of_bytes(again) == listing_of_bytes(trie)
    apply(trie, frames.encode_tombstone(np.arange(12, dtype=np.uint32)))


def listing_of_bytes(trie):
    return [trie.encode(glob.compile(".".join("*" * depth)), LIMIT, b"\6 \3\4", b"\n") for depth in range(1, 5)]


def test_a_text_that_no_node_has_is_left_out_of_the_next_snapshot():
    columns = dumped()
    columns["text"] += b"unused"
    columns["lengths"] += (6).to_bytes(2, "little")
    assert Trie.load(columns).dump() == dumped()


def column(values, dtype):
    return np.array(values, dtype).tobytes()


DEEP = {
    "parents": column([0, *range(2, 514)], "<u4"),
    "segments": column([0] * 513, "<u4"),
    "ids": column([NO_ID] * 512 + [0], "<u4"),
    "policies": column([0] * 513, "<u2"),
    "firsts": column([0] * 513, "<u2"),
    "lasts": column([0] * 513, "<u2"),
    "lengths": column([1], "<u2"),
    "text": b"a",
    "policy_words": column([0], "<u4"),
}
TWO = {
    "parents": column([0, 0], "<u4"),
    "segments": column([0, 1], "<u4"),
    "ids": column([0, 1], "<u4"),
    "policies": column([0, 0], "<u2"),
    "firsts": column([3, 0], "<u2"),
    "lasts": column([3, 65_535], "<u2"),
    "lengths": column([1, 1], "<u2"),
    "text": b"ab",
    "policy_words": column([0], "<u4"),
}


def test_columns_written_by_hand_make_a_trie():
    assert found(Trie.load(TWO), "*") == [Match("a", 0, "a", branch=False), Match("b", 1, "a", branch=False)]
    shallow = {name: part[: -len(part) // 513] if len(part) > 4 else part for name, part in DEEP.items()}
    shallow["ids"] = column([NO_ID] * 511 + [0], "<u4")
    assert found(Trie.load(shallow), ".".join("a" * 512)) == [Match(".".join("a" * 512), 0, "a", branch=False)]


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(DEEP, id="a path of 1,025 bytes"),
        pytest.param(TWO | {"parents": column([3, 0], "<u4")}, id="a parent that comes later"),
        pytest.param(TWO | {"parents": column([2, 0], "<u4")}, id="a node below itself"),
        pytest.param(TWO | {"segments": column([0, 2], "<u4")}, id="a text that is not there"),
        pytest.param(TWO | {"segments": column([1, 1], "<u4")}, id="one node twice"),
        pytest.param(TWO | {"ids": column([1, 1], "<u4")}, id="one id twice"),
        pytest.param(TWO | {"ids": column([0, NO_ID], "<u4")}, id="neither leaf nor branch"),
        pytest.param(TWO | {"policies": column([0, 1], "<u2")}, id="a policy that is not there"),
        pytest.param(TWO | {"firsts": column([4, 0], "<u2")}, id="a first day after the last"),
        pytest.param(TWO | {"policy_words": column([2], "<u4")}, id="a policy without a name"),
        pytest.param(TWO | {"text": b"aa"}, id="one text twice"),
        pytest.param(TWO | {"text": b"abc"}, id="too much text"),
        pytest.param(TWO | {"lengths": column([2, 0], "<u2")}, id="a text without characters"),
    ],
)
def test_columns_that_contradict_themselves_are_refused(columns):
    with pytest.raises(ValueError, match="columns"):
        Trie.load(columns)


@pytest.mark.parametrize("column", sorted(dumped()))
def test_a_column_cut_short_is_refused(column):
    columns = dumped()
    del columns[column][-1:]
    with pytest.raises(ValueError, match="columns"):
        Trie.load(columns)


@given(st.lists(PATHS, unique=True, max_size=5))
def test_a_template_is_filled_as_json(paths):
    trie = Trie()
    apply(trie, add([*paths, "back\\slash"]) if paths else add(["back\\slash"]))
    text = trie.encode(b"*", LIMIT, b'{"name":"\1","path":"\2","branch":\3}', b",")
    want = sorted({path.split(".")[0] for path in paths} | {"back\\slash"})
    assert [item["name"] for item in json.loads(b"[" + text + b"]")] == want


def test_a_limit_is_met_exactly():
    trie = Trie()
    apply(trie, add(["a.x", "a.y", "b.x"]))
    assert trie.columns(b"*.*", 3) is not None
    assert trie.columns(b"*.*", 2) is None
    assert trie.encode(b"*.*", 2, b"\1", b" ") is None
    assert trie.columns(b"*", 0) is None
    assert trie.columns(b"z", 0) == (b"", b"", b"", b"")


def test_an_impossible_template_is_refused():
    with pytest.raises(ValueError, match="fields"):
        Trie().encode(b"*", 1, b"\1" * 40, b",")
    with pytest.raises(ValueError, match="separator"):
        Trie().encode(b"*", 1, b"\1", b", ")


def test_living_names_are_those_of_the_trie(names, tmp_path):
    """The writer begins with what the readers find."""
    log = NamesLog.open(tmp_path)
    log.append(names(0, ["a.b", "c", "d;t=1"]))
    log.append(names(3, ["e"], "slow"))
    log.rename(np.array([1], np.uint32), ["f.g"])
    log.delete(np.array([0], np.uint32))
    log.close()
    living = {}
    for batch in read_living(tmp_path).names():
        ends = np.cumsum(batch.lengths).tolist()
        paths = [batch.paths[end - length : end].decode() for end, length in zip(ends, batch.lengths, strict=True)]
        living |= dict(zip(batch.ids.tolist(), [(path, batch.policy) for path in paths], strict=True))
    assert living == {1: ("f.g", "default"), 2: ("d;t=1", "default"), 3: ("e", "slow")}
    index = TrieIndex(tmp_path)
    found = index.find("*", LIMIT) + index.find("*.*", LIMIT) + index.find("d;t=1", LIMIT)
    assert {match.id: (match.path, match.policy) for match in found if match.id is not None} == living

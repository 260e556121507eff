"""UnionIndex answers for the paths of several writers, as their names logs are: real files, near and far."""

import logging
import threading
import time

import numpy as np
import pytest
from cadent.index.id_map import NO_ID
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.index.source import LocalNames
from cadent.index.tail import log_path
from cadent.index.union import UnionIndex
from cadent.schema.errors import Damaged, StoreError, Unavailable
from cadent.schema.protocols import Match
from cadent.schema.tags import TagExpression

LIMIT = 1_000_000


class Far(LocalNames):
    """A log that no query asks for news."""

    is_near = False


@pytest.fixture
def logs(tmp_path):
    """logs("b"): the names log of the data folder of this name."""
    opened = {}

    def log(name):
        if name not in opened:
            (tmp_path / name).mkdir()
            opened[name] = NamesLog.open(tmp_path / name)
        return opened[name]

    yield log
    for each in opened.values():
        each.close()


@pytest.fixture
def source(tmp_path):
    """source(Far, "b"): of the data folder of this name."""
    return lambda kind, name: kind(name, tmp_path / name)


def ids(*numbers):
    return np.array(numbers, np.uint32)


def found(index, pattern="*"):
    return [match.path for match in index.find(pattern, LIMIT)]


def ids_at(index, writer, pattern="*"):
    matches = index.find(pattern, LIMIT)
    numbers = index.ids_of(writer, ids(*(match.id for match in matches))).tolist()
    return {match.path: number for match, number in zip(matches, numbers, strict=True)}


def test_a_path_of_several_writers_is_found_once_and_has_an_id_at_each(names, logs, source):
    logs("a").append(names(0, ["x", "both"], day=20_000))
    logs("b").append(names(0, ["both", "y;k=v", "z"], day=20_007))
    index = UnionIndex([source(LocalNames, "a"), source(LocalNames, "b")])
    assert found(index) == ["both", "x", "z"]
    assert ids_at(index, "a") == {"both": 1, "x": 0, "z": NO_ID}
    assert ids_at(index, "b") == {"both": 0, "x": NO_ID, "z": 2}
    assert [match.path for match in index.find("*", LIMIT, seen=(20_003, 20_009))] == ["both", "z"]
    assert [match.path for match in index.tagged([TagExpression.parse("k=v")], LIMIT)] == ["y;k=v"]


def test_of_one_writer_it_answers_as_the_index_of_its_folder(names, logs, source, tmp_path):
    logs("a").append(names(5, ["a.b", "a", "t;k=v"]))
    logs("a").append(names(9, ["a.c"], "slow"))
    logs("a").rename(ids(5), ["a.d"])
    one, plain = UnionIndex([source(LocalNames, "a")]), TrieIndex(tmp_path / "a")
    assert one.find("a.*", LIMIT) == plain.find("a.*", LIMIT) != []
    assert one.find("*", LIMIT) == plain.find("*", LIMIT) == [Match("a", 6, "default", branch=True)]
    assert one.find_json("a.*", LIMIT) == plain.find_json("a.*", LIMIT)
    assert one.tree_json("a.*", LIMIT) == plain.tree_json("a.*", LIMIT)
    assert ids_at(one, "a", "a.*") == {"a.c": 9, "a.d": 5}


def test_a_query_reads_what_is_new_nearby_and_the_thread_what_is_far(names, logs, source):
    logs("near"), logs("far")
    index = UnionIndex([source(LocalNames, "near"), source(Far, "far")])
    index.start()
    try:
        logs("near").append(names(0, ["a"]))
        logs("far").append(names(0, ["b"]))
        assert found(index) == ["a"]
        index._union.look()
        assert found(index) == ["a", "b"]
    finally:
        index.close()


def test_a_log_that_is_not_there_yet_is_an_empty_one(names, logs, source):
    index = UnionIndex([source(LocalNames, "a")])
    assert found(index) == []
    logs("a").append(names(0, ["a"]))
    assert found(index) == ["a"]


def test_the_rest_of_a_torn_frame_is_read_when_it_comes(names, logs, source, tmp_path):
    logs("a").append(names(0, ["a"]))
    logs("a").append(names(1, ["b"]))
    path = log_path(tmp_path / "a")
    data = path.read_bytes()
    path.write_bytes(data[:-8])
    index = UnionIndex([source(LocalNames, "a")])
    assert found(index) == ["a"]
    path.write_bytes(data)
    assert found(index) == ["a", "b"]


def test_a_compacted_log_is_read_anew_and_ids_stay(names, logs, source):
    logs("a").append(names(0, ["a", "b", "c"]))
    logs("b").append(names(0, ["b"]))
    index = UnionIndex([source(LocalNames, "a"), source(LocalNames, "b")])
    before = index.find("*", LIMIT)
    logs("a").delete(ids(0, 1))
    logs("a").compact()
    logs("a").append(names(3, ["d"]))
    assert index.find("[abc]", LIMIT) == before[1:]
    assert ids_at(index, "a") == {"b": NO_ID, "c": 2, "d": 3}
    assert ids_at(index, "b") == {"b": 0, "c": NO_ID, "d": NO_ID}


def test_what_cannot_be_read_anew_to_its_end_changes_nothing(names, logs, source, monkeypatch):
    logs("a").append(names(0, ["a", "b"]))
    far = source(Far, "a")
    index = UnionIndex([far])
    index._union.look()
    logs("a").delete(ids(0))
    logs("a").compact()
    whole = far._pieces

    def interrupted(*where):
        yield from whole(*where)
        raise Unavailable("the line was cut")

    monkeypatch.setattr(far, "_pieces", interrupted)
    with pytest.raises(Unavailable):
        index._union.look()
    assert found(index) == ["a", "b"]
    monkeypatch.undo()
    index._union.look()
    assert found(index) == ["b"]


def test_a_writer_joins_and_no_id_changes(names, logs, source):
    logs("a").append(names(0, ["a", "b"]))
    logs("b").append(names(0, ["c", "a"]))
    index = UnionIndex([source(LocalNames, "a")])
    before = index.find("*", LIMIT)
    index.join(source(LocalNames, "b"))
    assert index.find("*", LIMIT)[:2] == before
    logs("a").append(names(2, ["d"]))
    assert ids_at(index, "a") == {"a": 0, "b": 1, "c": NO_ID, "d": 2}
    assert ids_at(index, "b") == {"a": 1, "b": NO_ID, "c": 0, "d": NO_ID}


def test_a_source_that_fails_is_told_and_the_others_are_read(names, logs, source, tmp_path, caplog):
    logs("a").append(names(0, ["a"]))
    logs("b").append(names(0, ["b"]))
    logs("c").append(names(0, ["c"]))
    harm(log_path(tmp_path / "a"))
    index = UnionIndex([source(Far, name) for name in "abc"])
    with caplog.at_level(logging.ERROR):
        index._look()
        index._look()
    assert found(index) == ["b", "c"]
    assert list(index.behind) == ["a"]
    assert "damaged" in str(index.behind["a"])
    assert len(caplog.records) == 1
    harm(log_path(tmp_path / "a"))
    index._look()
    assert found(index) == ["a", "b", "c"]
    assert index.behind == {}


def harm(path):
    """Change one byte of the header; twice is not at all."""
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)


def test_a_query_raises_what_is_wrong_nearby(names, logs, source, tmp_path):
    logs("a").append(names(0, ["a"]))
    harm(log_path(tmp_path / "a"))
    with pytest.raises(Damaged):
        UnionIndex([source(LocalNames, "a")]).find("*", LIMIT)


def test_a_name_that_is_no_path_is_damage(names, logs, source, tmp_path):
    logs("a").append(names(0, ["a..b"]))
    with pytest.raises(Damaged, match=str(log_path(tmp_path / "a"))):
        UnionIndex([source(LocalNames, "a")]).find("*", LIMIT)


def test_whatever_a_query_finds_while_names_come_has_an_id_at_a_writer(names, logs, source):
    """Two writers add the same paths in turn; two threads ask all the time."""
    index, failed, done = UnionIndex([source(LocalNames, "a"), source(LocalNames, "b")]), [], threading.Event()
    logs("a"), logs("b")

    def ask():
        while not done.is_set():
            try:
                at_a, at_b = ids_at(index, "a"), ids_at(index, "b")
            except StoreError as error:
                failed.append(error)
                return
            failed.extend(path for path, number in at_b.items() if number == NO_ID == at_a.get(path))
            time.sleep(0)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(200):
        logs("ab"[number % 2]).append(names(number // 2, [f"p{number // 4 * 2 + number // 2 % 2}"]))
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(ids_at(index, "a")) == 100
    assert NO_ID not in [*ids_at(index, "a").values(), *ids_at(index, "b").values()]

"""TrieIndex answers for what the names log holds at the moment of the query, however the log came to hold it."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from cadent.index import frames, source
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.index.tail import log_path
from cadent.schema.errors import Damaged, LimitExceeded, QueryError, StoreError, Unavailable
from cadent.schema.protocols import Match
from hypothesis import given, settings
from hypothesis import strategies as st

LIMIT = 1_000_000


def paths(matches):
    return [match.path for match in matches]


# -- answers -------------------------------------------------------------------------------------------------------------


def test_find_lists_nodes_of_the_patterns_depth_in_order(filled):
    index = filled(["b.c", "b", "a.b.c", "a-b.c", "a"], "slow")
    assert index.find("*", LIMIT) == [
        Match("a", 4, "slow", branch=True),
        Match("a-b", None, None, branch=True),
        Match("b", 1, "slow", branch=True),
    ]
    assert paths(index.find("*.*", LIMIT)) == ["a-b.c", "a.b", "b.c"]
    assert index.find("nothing.*", LIMIT) == []


def test_leaves_are_listed_for_each_pattern(filled):
    index = filled(["a.x", "a.y.z", "a.y", "t;k=v"])
    found = index.leaves(["a.*", "a.x", "no", "a", "t;k=v"], LIMIT)
    assert [paths(matches) for matches in found] == [["a.x", "a.y"], ["a.x"], [], [], ["t;k=v"]]
    assert found[0][1] == Match("a.y", 2, "default", branch=True)


def test_a_tagged_path_is_found_literally_and_by_no_glob(filled):
    index = filled(["disk;dc=a;rack=b", "disk"])
    assert index.find("disk;rack=b;dc=a", LIMIT) == [Match("disk;dc=a;rack=b", 0, "default", branch=False)]
    assert paths(index.find("*", LIMIT)) == ["disk"]
    assert index.find("disk;dc=a", LIMIT) == []
    assert index.find("disk;dc=*;rack=b", LIMIT) == []


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="*?[]{}(),;.", exclude_categories=["C", "Z"]), min_size=1, max_size=5
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(NAMES | st.sampled_from(['"', '\\"', "\\u00"]), min_size=1, max_size=3).map(".".join), max_size=6))
def test_find_json_says_what_find_says(names, listed):
    with TemporaryDirectory() as folder:
        log = NamesLog.open(Path(folder))
        log.append(names(0, listed))
        log.close()
        index = TrieIndex(Path(folder))
        for pattern in ("*", "*.*", "*.*.*"):
            want = [
                {
                    "text": match.path.rpartition(".")[2],
                    "expandable": int(match.branch),
                    "leaf": int(match.id is not None),
                    "id": match.path,
                    "path": match.path,
                    "allowChildren": int(match.branch),
                }
                for match in index.find(pattern, LIMIT)
            ]
            assert json.loads(index.find_json(pattern, LIMIT)) == want


def branch(text, id):
    return {"text": text, "id": id, "allowChildren": 1, "expandable": 1, "leaf": 0}


def leaf(text, id):
    return {"text": text, "id": id, "allowChildren": 0, "expandable": 0, "leaf": 1}


def test_a_tree_has_one_item_for_each_name_branches_first(filled):
    index = filled(["h1.cpu", "h2.cpu.user", "h1.a", "h2.z.x", "h3.b"])
    assert json.loads(index.tree_json("h*.*", LIMIT)) == [
        branch("cpu", "h*.cpu"),
        branch("z", "h*.z"),
        leaf("a", "h*.a"),
        leaf("b", "h*.b"),
    ]


def test_a_tree_shows_a_path_that_is_leaf_and_branch_as_a_branch(filled):
    assert json.loads(filled(["a", "a.b"]).tree_json("*", LIMIT)) == [branch("a", "a")]


@pytest.mark.parametrize(
    ("pattern", "item"),
    [
        ("a.*", leaf("b", "a.b")),
        ("{a,x}.b", leaf("b", "{a,x}.b")),
        ("[a].{b,c}", leaf("b", "[a].b")),
        ("{x.y,a}.b", leaf("b", "{x.y,a}.b")),
        ("{a.b,x.y}", leaf("b", "a.b")),
        ("{a.{b},x.y}", leaf("b", "a.b")),
        ("[a\u65e5].b", leaf("b", "[a\u65e5].b")),
        ('{\\,",a}.b', leaf("b", '{\\,",a}.b')),
        ("t;k=v.w", leaf("t;k=v.w", "t;k=v.w")),
    ],
)  # fmt: skip
def test_the_id_in_a_tree_is_the_patterns_base_and_the_name(filled, pattern, item):
    """Where the last dot is inside braces or tags there is no base: the path itself."""
    assert json.loads(filled(["a.b", "t;k=v.w"]).tree_json(pattern, LIMIT)) == [item]


def test_an_answer_without_nodes_is_an_empty_list(index):
    assert index.find_json("*", LIMIT) == index.tree_json("*", LIMIT) == b"[]"


@pytest.mark.parametrize("ask", ["find", "find_json", "tree_json"])
def test_one_node_past_the_limit_is_refused_with_the_settings_name(filled, ask):
    index = filled(["a.x", "b.x", "c.x"])
    ask = getattr(index, ask)
    assert ask("*.x", 3)
    with pytest.raises(LimitExceeded) as refused:
        ask("*.x", 2)
    assert "'*.x'" in str(refused.value)
    assert "more than 2 " in str(refused.value)
    assert "[query] max_nodes" in str(refused.value)


@pytest.mark.parametrize("ask", ["find", "find_json", "tree_json"])
def test_a_pattern_that_would_take_too_long_is_refused(filled, ask):
    """Others wait while the trie is searched."""
    index = filled([f"name-{number}.x" for number in range(20_000)])
    ask = getattr(index, ask)
    globs = "{" + ",".join(f"*{'z' * 50}{number}" for number in range(900)) + "}"
    literals = globs.replace("*", "z")
    for pattern in (f"{globs}.x", f"*.{literals}"):
        with pytest.raises(LimitExceeded, match="takes too long"):
            ask(pattern, LIMIT)
    assert paths(index.find(f"{literals[:-1]},name-7}}.x", LIMIT)) == ["name-7.x"]


def test_the_limit_of_leaves_holds_for_all_patterns_together(filled):
    index = filled(["a.x", "b.x", "b.x.y"])
    assert [len(found) for found in index.leaves(["a.*", "*.x"], 3)] == [1, 2]
    with pytest.raises(LimitExceeded):
        index.leaves(["a.*", "*.x"], 2)


def test_what_is_no_glob_is_refused(index):
    for ask in (index.find, index.find_json, index.tree_json):
        with pytest.raises(QueryError, match=r"a\{b"):
            ask("a{b", LIMIT)
    with pytest.raises(QueryError, match=r"a\{b"):
        index.leaves(["a", "a{b"], LIMIT)


# -- following -----------------------------------------------------------------------------------------------------------


def test_a_folder_without_a_names_log_is_an_empty_index_until_there_is_one(names, index, tmp_path):
    assert index.find("*", LIMIT) == []
    log = NamesLog.open(tmp_path)
    assert index.find("*", LIMIT) == []
    log.append(names(0, ["a"]))
    assert paths(index.find("*", LIMIT)) == ["a"]
    log.close()


def test_a_query_finds_what_was_appended_just_before(names, log, index):
    for number in range(50):
        log.append(names(number, [f"p{number}"]))
        assert index.find(f"p{number}", LIMIT) == [Match(f"p{number}", number, "default", branch=False)]
    log.delete(np.array([7], np.uint32))
    assert index.find("p7", LIMIT) == []
    log.rename(np.array([8], np.uint32), ["q8"])
    assert paths(index.find("?8", LIMIT)) == ["q8"]


def test_nothing_is_read_when_nothing_was_appended(names, log, index, monkeypatch):
    log.append(names(0, ["a"]))
    index.find("*", LIMIT)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("the log was opened"))
    assert paths(index.find("*", LIMIT)) == ["a"]


def test_a_query_with_nothing_to_read_does_not_wait_for_one_that_reads(names, log, index):
    log.append(names(0, ["a"]))
    index.find("*", LIMIT)
    with index._follower._reading:
        assert paths(index.find("*", LIMIT)) == ["a"]


WRITER = """
import sys
from pathlib import Path
import numpy as np
from cadent.index.names import NamesLog
from cadent.schema.protocols import NewNames

log = NamesLog.open(Path(sys.argv[1]))
for line in sys.stdin:
    path = line.strip().encode()
    log.append(NewNames("default", 1, np.array([log.next_id], np.uint32), [len(path)], path))
    print("appended", flush=True)
"""


@pytest.fixture
def writer(tmp_path):
    """writer(path): another process appends it; back when it has."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def append(path):
        process.stdin.write(path + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "appended\n"

    yield append
    process.kill()
    process.communicate()


def eventually(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen within 10 s")


def test_what_another_process_appends_is_found(writer, index):
    for number in range(20):
        writer(f"a.p{number}")
        assert len(index.find("a.*", LIMIT)) == number + 1


def test_the_thread_follows_without_a_query(writer, index):
    index.start()
    try:
        writer("a.b")
        eventually(lambda: index._follower._current.trie.size()[0] == 1)
    finally:
        index.close()
    writer("a.c")
    assert index._follower._current.trie.size()[0] == 1
    assert paths(index.find("a.*", LIMIT)) == ["a.b", "a.c"]


def test_close_ends_the_thread_and_may_come_twice_or_without_a_start(index):
    index.close()
    index = TrieIndex(Path("nowhere"))
    index.start()
    index.close()
    index.close()
    assert not index._thread.is_alive()


def test_queries_of_many_threads_see_every_path_that_was_there_before(names, log, index):
    """A writer appends and counts; each answer holds at least what was counted before it was asked for."""
    appended, failed, done = [0], [], threading.Event()

    def ask():
        while not done.is_set():
            least = appended[0]
            try:
                found = len(index.find("p.*", LIMIT))
            except StoreError as error:
                failed.append(error)
                break
            if found < least:
                failed.append((found, least))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(300):
        log.append(names(number, [f"p.{number}"]))
        appended[0] = number + 1
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(index.find("p.*", LIMIT)) == 300


def test_frames_that_come_while_the_tail_is_looked_at_are_no_damage(names, log, index, monkeypatch):
    log.append(names(0, ["a"]))
    index.find("*", LIMIT)
    with monkeypatch.context() as race:
        race.setattr(source, "pieces", lambda *_: iter(()))  # read before the writer wrote
        for number, path in enumerate("bcd", 1):
            log.append(names(number, [path]))
        assert paths(index.find("*", LIMIT)) == ["a"]
    assert paths(index.find("*", LIMIT)) == ["a", "b", "c", "d"]


# -- a log that is torn, cut, replaced or damaged ------------------------------------------------------------------------


def test_a_frame_that_comes_byte_by_byte_is_found_when_it_is_whole(names, log, tmp_path, index):
    log.append(names(0, ["a"]))
    first = log.path.stat().st_size
    log.append(names(1, ["b"]))
    data = log.path.read_bytes()
    for size in range(first, len(data)):
        log.path.write_bytes(data[:size])
        assert paths(index.find("*", LIMIT)) == ["a"]
    log.path.write_bytes(data)
    assert paths(index.find("*", LIMIT)) == ["a", "b"]


def test_a_torn_frame_replaced_by_one_of_its_size_is_found(names, log, index):
    """Even if the file's time and size do not show it."""
    log.append(names(0, ["a"]))
    size = log.path.stat().st_size
    log.append(names(1, ["b"]))
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:size] + bytes(len(whole) - size))
    stat = log.path.stat()
    assert paths(index.find("*", LIMIT)) == ["a"]
    with log.path.open("r+b") as file:
        file.write(whole)
    os.utime(log.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert paths(index.find("*", LIMIT)) == ["a", "b"]


def test_a_replaced_log_is_read_anew(names, log, tmp_path, index):
    log.append(names(0, ["a", "b"]))
    assert len(index.find("*", LIMIT)) == 2
    other = NamesLog.open(tmp_path / "other")
    other.append(names(0, ["c", "d", "e"]))
    other.close()
    log_path(tmp_path / "other").replace(log.path)
    assert paths(index.find("*", LIMIT)) == ["c", "d", "e"]


def test_a_replaced_log_that_looks_the_same_where_we_were_is_read_anew(names, log, tmp_path, index):
    other = NamesLog.open(tmp_path / "other")
    for one, first in ((log, "a"), (other, "b")):
        one.append(names(0, [first]))
        one.append(names(1, ["z"]))
    assert paths(index.find("*", LIMIT)) == ["a", "z"]
    other.close()
    log_path(tmp_path / "other").replace(log.path)
    assert paths(index.find("*", LIMIT)) == ["b", "z"]


def test_a_log_cut_within_the_last_frame_is_read_anew(names, log, index):
    log.append(names(0, ["a"]))
    log.append(names(1, ["b"]))
    assert paths(index.find("*", LIMIT)) == ["a", "b"]
    os.truncate(log.path, log.path.stat().st_size - 1)
    assert paths(index.find("*", LIMIT)) == ["a"]


def test_a_log_that_lost_frames_is_read_anew(names, log, tmp_path, index):
    log.append(names(0, ["a"]))
    size = log.path.stat().st_size
    log.append(names(1, ["b"]))
    assert paths(index.find("*", LIMIT)) == ["a", "b"]
    os.truncate(log.path, size)
    assert paths(index.find("*", LIMIT)) == ["a"]
    log.path.unlink()
    assert index.find("*", LIMIT) == []


def test_other_frames_of_the_same_size_are_read_anew(names, log, index):
    log.append(names(0, ["a"]))
    size = log.path.stat().st_size
    log.append(names(1, ["b"]))
    index.find("*", LIMIT)
    os.truncate(log.path, size)
    with log.path.open("ab") as file:
        file.write(frames.encode_add("default", 20_000, np.array([1], np.uint32), np.array([1], np.uint16), b"c"))
    os.utime(log.path, (0, 0))  # the clock of a file system is coarse
    assert paths(index.find("*", LIMIT)) == ["a", "c"]


def damage(log, at):
    with log.path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


def test_damage_reaches_queries_until_it_is_mended(names, log, index):
    log.append(names(0, ["a"]))
    assert paths(index.find("*", LIMIT)) == ["a"]
    at = log.path.stat().st_size
    log.append(names(1, ["b"]))
    log.append(names(2, ["c"]))
    damage(log, at + 30)
    for ask in (index.find, index.find_json, index.tree_json, index.find):
        with pytest.raises(Damaged) as told:
            ask("*", LIMIT)
        assert (told.value.file, told.value.offset) == (str(log.path), at)
    with pytest.raises(Damaged):
        index.leaves(["*"], LIMIT)
    damage(log, at + 30)
    assert paths(index.find("*", LIMIT)) == ["a", "b", "c"]


def test_a_frame_with_what_is_no_path_reaches_queries(names, log, index):
    log.append(names(0, ["a..b"]))
    for _ in range(2):
        with pytest.raises(Damaged, match="no path") as told:
            index.find("*", LIMIT)
        assert told.value.file == str(log.path)


def test_the_log_of_a_newer_cadent_is_told(index, tmp_path, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(frames, "VERSION", 2)
        header = frames.encode_file_header(0, 1)
    log_path(tmp_path).parent.mkdir()
    log_path(tmp_path).write_bytes(header)
    with pytest.raises(StoreError, match="newer Cadent"):
        index.find("*", LIMIT)


def test_a_disk_that_refuses_is_told_and_nothing_is_forgotten(names, log, index, monkeypatch):
    log.append(names(0, ["a"]))
    index.find("*", LIMIT)
    log.append(names(1, ["b"]))

    def refuse(*args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", refuse)
    with pytest.raises(Unavailable, match="Input/output error"):
        index.find("*", LIMIT)
    monkeypatch.undo()
    assert paths(index.find("*", LIMIT)) == ["a", "b"]


def test_the_thread_tells_an_error_once_and_goes_on(names, log, index, monkeypatch, caplog):
    monkeypatch.setattr(index, "_look_s", 0.001)
    log.append(names(0, ["a"]))
    log.append(names(1, ["b"]))
    damage(log, frames.FILE_HEADER_SIZE + 30)
    looks, trie = [], index._follower.trie
    monkeypatch.setattr(index._follower, "trie", lambda: looks.append(1) or trie())
    with caplog.at_level(logging.ERROR):
        index.start()
        eventually(lambda: len(looks) > 20)
        damage(log, frames.FILE_HEADER_SIZE + 30)
        eventually(lambda: index._follower._current.trie.size()[0] == 2)
        index.close()
    assert len(caplog.records) == 1
    assert "damaged at byte 32" in caplog.text


def test_the_thread_outlives_what_it_did_not_expect(index, monkeypatch, caplog):
    monkeypatch.setattr(index, "_look_s", 0.001)
    looks = []

    def fail():
        looks.append(1)
        raise MemoryError("none left")

    monkeypatch.setattr(index._follower, "trie", fail)
    index.start()
    eventually(lambda: len(looks) > 3)
    index.close()
    assert len(caplog.records) == 1
    assert "Traceback" in caplog.text

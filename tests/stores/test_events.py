"""Events are there once they are acknowledged, whoever writes, dies or runs out of disk beside them."""

import contextlib
import random
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cadent.schema.errors import StoreError, Unavailable
from cadent.schema.event import Event
from cadent.stores import events
from cadent.stores.events import EventsFile
from damage import harm, trials
from hypothesis import given
from hypothesis import strategies as st

ALWAYS = (0, 1 << 40)

# Each line it prints is an id that was acknowledged.
ADD_FOR_EVER = """
import sys
from pathlib import Path
from cadent.schema.event import Event
from cadent.stores.events import EventsFile

file = EventsFile(Path(sys.argv[1]))
while True:
    print(file.add(Event.new(7, sys.argv[2], ["a", "b"])), flush=True)
"""

# Changes the file, as a large commit does half-way, and waits.
STOP_IN_A_COMMIT = """
import sqlite3, sys

db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
for _ in range(200):
    db.execute("INSERT INTO event (time, what, tags, data) VALUES (7, 'half', '', ?)", ["x" * 4_000])
print("begun", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path):
    return EventsFile(tmp_path)


def add(file, *texts, when=7):
    """Events with these texts, as they are found."""
    return [replace(event, id=file.add(event)) for event in (Event.new(when, text, ["t", text]) for text in texts)]


def error_of(call):
    """What ``call`` says if it refuses; any other error is the test's."""
    try:
        call()
    except StoreError as error:
        return str(error)
    return None


def killed_in_a_commit(run_python, file):
    child = run_python(STOP_IN_A_COMMIT, file.path)
    assert child.stdout.readline() == "begun\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert file.files[1].stat().st_size > 0


# -- what is found -------------------------------------------------------------------------------------------------------

TAGS = st.sampled_from("abcd")
EVENTS = st.lists(st.builds(Event.new, st.integers(0, 20), st.text(min_size=1, max_size=5), st.lists(TAGS)), max_size=12)


def expected(stored, start, stop, tags, tag_set, limit):
    has = any if tag_set == "union" else all
    found = [event for event in stored if start <= event.when < stop and (not tags or has(tag in event.tags for tag in tags))]
    return sorted(found, key=lambda event: (event.when, event.id))[-limit:]


@given(
    EVENTS,
    st.lists(
        st.tuples(
            st.integers(-2, 22),
            st.integers(-2, 22),
            st.lists(TAGS),
            st.sampled_from(["union", "intersection"]),
            st.integers(1, 5),
        )
    ),
)
def test_a_find_gives_the_last_events_of_the_range_that_have_the_tags(tmp_path_factory, made, queries):
    file = EventsFile(tmp_path_factory.mktemp("events"))
    stored = [replace(event, id=file.add(event)) for event in made]
    for start, stop, tags, tag_set, limit in queries:
        assert file.find(start, stop, tags, tag_set, limit) == expected(stored, start, stop, tags, tag_set, limit)
    assert [file.get(event.id) for event in stored] == stored


def test_without_a_file_there_are_no_events(file):
    assert file.find(*ALWAYS) == file.find(*ALWAYS, ["t"]) == []
    assert file.get(1) is None
    assert file.damage() is None
    assert not file.path.exists()


def test_a_time_or_an_id_beyond_all_integers_finds_nothing_wrong(file):
    stored = add(file, "one")
    assert file.find(-(10**30), 10**30) == file.find(-(10**30), 10**30, ["t"]) == stored
    assert file.find(10**29, 10**30) == []
    assert file.get(10**30) is file.get(-1) is None


def test_a_process_killed_when_it_had_just_made_the_file_leaves_an_empty_one(file):
    file.path.touch()
    assert file.find(*ALWAYS) == []
    stored = add(file, "one")
    assert file.find(*ALWAYS) == stored


# -- many at once --------------------------------------------------------------------------------------------------------


def test_threads_add_and_find_at_once(file):
    def work(name):
        for number in range(20):
            (event,) = add(file, f"{name}-{number}")
            assert event in file.find(*ALWAYS, ["t"])
            yield event

    with ThreadPoolExecutor(8) as pool:
        stored = [event for made in pool.map(lambda name: list(work(name)), "abcdefgh") for event in made]
    assert sorted(stored, key=lambda event: event.id) == file.find(*ALWAYS)


def test_what_killed_processes_had_acknowledged_is_there(file, run_python):
    acknowledged = {}
    for turn in range(4):
        children = {name: run_python(ADD_FOR_EVER, file.path.parent, name) for name in (f"x{turn}", f"y{turn}")}
        for child in children.values():
            for _ in range(3 + turn):
                child.stdout.readline()
        for name, child in children.items():
            child.send_signal(signal.SIGKILL)
            # The last line may be torn.
            whole = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
            acknowledged |= dict.fromkeys(map(int, whole), name)
    assert file.damage() is None
    found = {event.id: event.what for event in file.find(*ALWAYS)}
    assert acknowledged.items() <= found.items()
    assert file.find(*ALWAYS, ["a", "b"]) == file.find(*ALWAYS)


def test_half_of_what_a_killed_process_began_is_undone(file, run_python):
    stored = add(file, "before")
    killed_in_a_commit(run_python, file)
    assert file.find(*ALWAYS) == stored
    assert file.damage() is None
    stored += add(file, "after")
    assert file.find(*ALWAYS) == stored


def test_who_waits_too_long_for_another_process_is_told(file, monkeypatch):
    monkeypatch.setattr(events, "_BUSY_S", 0.05)
    add(file, "one")
    with contextlib.closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for call in (lambda: add(file, "two"), lambda: file.find(*ALWAYS), lambda: file.copy_to(file.path.parent / "copy")):
            with pytest.raises(Unavailable, match=r"events\.db: database is locked"):
                call()


# -- the disk ------------------------------------------------------------------------------------------------------------


def test_a_full_disk_takes_no_event_and_keeps_all_that_are_there(small_disk):
    disk = small_disk(1 << 20)
    file = EventsFile(disk.folder)
    stored = add(file, "one", "two")
    disk.fill()
    with pytest.raises(Unavailable, match=r"events\.db: .*full"):
        add(file, "three")
    assert file.find(*ALWAYS) == stored
    disk.make_room()
    stored += add(file, "after")
    assert file.find(*ALWAYS) == stored


def test_a_disk_full_before_the_first_event_leaves_nothing_in_the_way(small_disk):
    disk = small_disk(1 << 20)
    file = EventsFile(disk.folder)
    disk.fill()
    with pytest.raises(Unavailable):
        add(file, "one")
    assert file.find(*ALWAYS) == []
    disk.make_room()
    assert add(file, "one") == file.find(*ALWAYS)


def test_a_disk_that_is_read_only_answers(small_disk):
    disk = small_disk(1 << 20)
    file = EventsFile(disk.folder)
    stored = add(file, "one")
    disk.allow_writing(allowed=False)
    assert file.find(*ALWAYS) == stored
    with pytest.raises(Unavailable, match="readonly"):
        add(file, "two")
    assert file.find(*ALWAYS) == stored


def test_a_read_only_disk_on_which_a_process_was_killed_is_refused_in_words(small_disk, run_python):
    disk = small_disk(4 << 20)
    file = EventsFile(disk.folder)
    stored = add(file, "one")
    killed_in_a_commit(run_python, file)
    disk.allow_writing(allowed=False)
    with pytest.raises(Unavailable, match=r"events\.db: "):
        file.find(*ALWAYS)
    disk.allow_writing(allowed=True)
    assert file.find(*ALWAYS) == stored


# -- damage --------------------------------------------------------------------------------------------------------------


def test_damaged_bytes_are_an_answer_or_an_error_that_names_the_file(file):
    for number in range(40):
        file.add(Event.new(number, f"event {number}", [f"t{number % 5}", "all"], "data" * number))
    sound = file.path.read_bytes()
    told = []
    for rng in trials(4):
        file.files[1].unlink(missing_ok=True)
        file.path.write_bytes(harm(sound, rng).data)
        calls = [
            lambda: file.find(*ALWAYS),
            lambda: file.find(*ALWAYS, ["t1", "all"]),
            lambda: file.get(17),
            lambda: file.add(Event.new(1, "new", ["all"])),
        ]
        told += [error for error in map(error_of, calls) if error]
    assert len(told) > 100
    assert all(str(file.path) in error for error in told)


def test_a_damaged_file_is_told_from_a_sound_one(file):
    add(file, *map(str, range(50)))
    sound = file.path.read_bytes()
    for at in range(4_096, len(sound), 4_096):
        file.path.write_bytes(sound[:at] + random.Random(at).randbytes(64) + sound[at + 64 :])
        assert str(file.path) in file.damage()
    file.path.write_bytes(sound)
    assert file.damage() is None


@pytest.mark.parametrize("content", [b"not a database at all" * 300, b"SQLite format 3\0" + bytes(4_080)])
def test_a_file_that_is_none_of_ours_is_named(file, content):
    file.path.write_bytes(content)
    for call in (lambda: file.find(*ALWAYS), lambda: add(file, "one")):
        with pytest.raises(StoreError, match=r"events\.db is damaged"):
            call()
    assert "is damaged" in file.damage()
    assert file.path.read_bytes() == content


def test_a_row_that_holds_something_else_is_damage(file):
    add(file, "one")
    with contextlib.closing(sqlite3.connect(file.path)) as db, db:
        db.execute("UPDATE event SET what = x'00ff'")
    with pytest.raises(StoreError, match=r"events\.db is damaged: event 1"):
        file.find(*ALWAYS)


def test_a_file_of_a_later_version_is_left_as_it_is(file):
    add(file, "one")
    with contextlib.closing(sqlite3.connect(file.path)) as db:
        db.execute("PRAGMA user_version = 2")
    before = file.path.read_bytes()
    for call in (lambda: file.find(*ALWAYS), lambda: add(file, "two"), file.damage):
        with pytest.raises(StoreError, match="has format 2; this version of cadent reads up to 1"):
            call()
    assert file.path.read_bytes() == before


# -- copies --------------------------------------------------------------------------------------------------------------


def test_a_copy_has_what_was_acknowledged_before_it_began(file, tmp_path):
    stop, stored = threading.Event(), add(file, "first")

    def work():
        while not stop.is_set():
            stored.extend(add(file, f"event{len(stored)}"))

    adding = threading.Thread(target=work)
    adding.start()
    try:
        for number in range(5):
            folder = tmp_path / str(number)
            folder.mkdir()
            known = list(stored)
            file.copy_to(folder)
            copied = EventsFile(folder)
            assert copied.damage() is None
            assert copied.find(*ALWAYS)[: len(known)] == known
            assert sorted(folder.iterdir()) == [copied.path]
    finally:
        stop.set()
        adding.join()


def test_a_copy_of_no_file_is_no_file(file, tmp_path):
    (tmp_path / "copy").mkdir()
    file.copy_to(tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []


def test_a_copy_onto_a_full_disk_is_refused(file, small_disk):
    add(file, "one")
    disk = small_disk(1 << 20)
    disk.fill()
    with pytest.raises(Unavailable, match="events"):
        file.copy_to(disk.folder)

"""A names log written anew holds what the old one held, whatever stops it on the way, and nothing that nobody needs."""

import contextlib
import errno
import os
import resource
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from cadent.index import bulk, frames
from cadent.index.living import read_living
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.index.tail import log_path
from cadent.schema.errors import Damaged, Unavailable
from hypothesis import given, settings
from hypothesis import strategies as st
from system_calls import replace_call

LIMIT = 1_000_000
PATH = st.lists(st.sampled_from(["a", "b", "é", "long-segment"]), min_size=1, max_size=3).map(".".join)
DAY = st.integers(10, 14)
IDS = st.lists(st.integers(0, 12), unique=True, max_size=6).map(sorted)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(PATH, min_size=1, max_size=4), st.sampled_from(["default", "slow"]), DAY),
        st.tuples(st.just("seen"), DAY, IDS),
        st.tuples(st.just("delete"), IDS),
        st.tuples(st.just("rename"), st.integers(0, 12), PATH),
        st.tuples(st.just("compact")),
        st.tuples(st.just("reopen")),
    ),
    max_size=15,
)


def ids(*numbers):
    return np.array(numbers, np.uint32)


def held(folder):
    """{id: (path, policy, first day, last day)}"""
    living, entries = read_living(folder), {}
    last = dict(zip(living.ids.tolist(), living.last.tolist(), strict=True))
    for batch in living.names():
        ends = np.cumsum(batch.lengths).tolist()
        for number, length, end in zip(batch.ids.tolist(), batch.lengths, ends, strict=True):
            entries[number] = batch.paths[end - length : end].decode(), batch.policy, batch.day, last[number]
    return entries


def kinds(log):
    return frames.scan(log.path.read_bytes(), frames.FILE_HEADER_SIZE)[0]["kind"].tolist()


def take(log, names, account, step):
    """One step with the log, and in the account."""
    kind, *values = step
    if kind == "add":
        paths, policy, day = values
        first = log.next_id
        log.append(names(first, paths, policy, day))
        for number, path in enumerate(paths, first):
            account.put(number, path, policy)
            account.see(number, day)
    elif kind == "seen":
        day, numbers = values
        log.seen(day, ids(*numbers))
        for number in numbers:
            account.see(number, day)
    elif kind == "delete":
        log.delete(ids(*values[0]))
        for number in values[0]:
            account.drop(number)
    elif kind == "rename":
        number, path = values
        log.rename(ids(number), [path])
        if number in account.living:
            account.put(number, path, account.living[number][1])


@settings(deadline=None, max_examples=100)
@given(STEPS)
def test_a_log_holds_the_same_whenever_it_is_compacted(names, new_account, steps):
    account, next_id = new_account(), 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = NamesLog.open(folder)
        for step in [*steps, ("compact",), ("reopen",)]:
            if step == ("compact",):
                log.compact()
            elif step == ("reopen",):
                log.close()
                log = NamesLog.open(folder)
            else:
                take(log, names, account, step)
                next_id = max(next_id, log.next_id)
            assert log.next_id == next_id
        log.close()
        assert held(folder) == {
            number: (path, policy, min(account.days[number]), max(account.days[number]))
            for number, (path, policy) in account.living.items()
        }


@pytest.fixture
def worn(names, log):
    """A log with one frame or more of each kind, of which 0, 2 and 3 live: what the old one and the new one must hold."""
    log.append(names(0, ["a.b", "a.c"], "slow", 10))
    log.append(names(2, ["d", "e", "gone"], "default", 11))
    for day in range(12, 17):
        log.seen(day, ids(0, 3))
    for path in ("x.y", "x.z", "é"):
        log.rename(ids(2), [path])
    log.delete(ids(1, 4))
    return {0: ("a.b", "slow", 10, 16), 2: ("é", "default", 11, 11), 3: ("e", "default", 11, 16)}


def test_it_has_one_frame_a_policy_and_first_day_and_one_a_last_day(worn, log, tmp_path):
    log.compact()
    assert kinds(log) == [frames.ADD, frames.ADD, frames.SEEN]
    assert held(tmp_path) == worn
    data = log.path.read_bytes()
    assert not any(gone in data for gone in (b"x.y", b"x.z", b"a.c", b"gone"))


def test_more_names_than_a_frame_holds_take_several(names, log, tmp_path):
    count = 2 * frames.FRAME_NAMES + 1
    log.append(names(0, [f"p{number}" for number in range(count)]))
    log.seen(20_001, np.arange(count, dtype=np.uint32))
    log.compact()
    assert frames.scan(log.path.read_bytes(), frames.FILE_HEADER_SIZE)[0]["count"].tolist() == 2 * [65_536, 65_536, 1]
    assert len(read_living(tmp_path)) == count


def test_the_ids_of_what_is_gone_stay_taken(names, log, tmp_path):
    log.append(names(0, ["a", "b"]))
    log.delete(ids(0, 1))
    log.compact()
    assert log.next_id == 2
    log.close()
    again = NamesLog.open(tmp_path, used=2)
    assert again.next_id == 2
    again.close()


def test_it_goes_on_where_readers_look(names, worn, log, tmp_path):
    index = TrieIndex(tmp_path)
    before = index.find("*", LIMIT), index.find("*.*", LIMIT)
    log.compact()
    assert (index.find("*", LIMIT), index.find("*.*", LIMIT)) == before
    log.append(names(5, ["new"]))
    log.seen(17, ids(2))
    assert [match.path for match in index.find("new", LIMIT)] == ["new"]
    assert [match.path for match in index.find("*", LIMIT, (17, 17))] == ["é"]


def test_a_damaged_log_is_not_compacted(worn, log):
    data = bytearray(log.path.read_bytes())
    data[frames.FILE_HEADER_SIZE + 30] ^= 1
    log.path.write_bytes(data)
    with pytest.raises(Damaged):
        log.compact()
    assert log.path.read_bytes() == data


# -- when ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch):
    """Any garbage is worth it."""
    monkeypatch.setattr(bulk, "LEAST_GARBAGE", 0)


def is_due(log, folder):
    """The same for the one who wrote it and for the one who opens it."""
    log.sync()
    again = NamesLog.open(folder)
    try:
        assert again.compaction_is_due == log.compaction_is_due
    finally:
        again.close()
    return log.compaction_is_due


def fill(names, log):
    log.append(names(0, [f"some.path.number-{number}" for number in range(1_000)]))
    return np.arange(1_000, dtype=np.uint32)


@pytest.mark.usefixtures("soon")
def test_days_that_pile_up_make_it_due(names, log, tmp_path):
    everything, days = fill(names, log), 0
    while not is_due(log, tmp_path):
        log.seen(20_001 + days, everything)
        days += 1
    assert 7 <= days <= 11  # a name takes about 30 bytes and a day 4
    log.compact()
    assert not is_due(log, tmp_path)


@pytest.mark.usefixtures("soon")
def test_deleted_paths_make_it_due(names, log, tmp_path):
    everything = fill(names, log)
    log.delete(everything[:300])
    assert not is_due(log, tmp_path)
    log.delete(everything[300:600])
    assert is_due(log, tmp_path)
    log.compact()
    assert not is_due(log, tmp_path)


def test_a_megabyte_at_least(names, log, tmp_path):
    log.delete(fill(names, log))
    assert not is_due(log, tmp_path)
    for number in range(20):
        log.append(names(log.next_id, [f"{number}.{name}" for name in range(2_000)]))
        log.delete(np.arange(log.next_id - 2_000, log.next_id, dtype=np.uint32))
    assert log.path.stat().st_size < 1 << 20
    assert not is_due(log, tmp_path)
    log.delete(np.arange(100_000, dtype=np.uint32))
    log.delete(np.arange(100_000, dtype=np.uint32))
    assert is_due(log, tmp_path)


def test_silent_ids_are_those_last_seen_before_their_policys_day(worn, log):
    assert log.silent({"slow": 17, "default": 12}).tolist() == [0, 2]
    assert log.silent({"slow": 16, "default": 11}).tolist() == []
    assert log.silent({"default": 100}).tolist() == [2, 3]
    assert log.silent({"a policy without paths": 100}).tolist() == []


# -- whatever stops it ---------------------------------------------------------------------------------------------------

CALLS = ("open", "fdatasync", "fsync", "rename", "pread", "close")


class Calls:
    """Counts these system calls; ``at`` the one with that number, ``act`` is called in its place or before it."""

    def __init__(self, monkeypatch, at, act):
        self.count = 0
        for name in CALLS:
            replace_call(monkeypatch.setattr, name, self._counted(getattr(os, name), at, act))

    def _counted(self, call, at, act):
        def counted(*args, **kwargs):
            self.count += 1
            if self.count == at:
                act()
            return call(*args, **kwargs)

        return counted


def refuse():
    raise OSError(errno.EIO, "Input/output error")


def calls_of_a_compaction(monkeypatch, log):
    with monkeypatch.context() as counting:
        calls = Calls(counting, 0, refuse)
        log.compact()
    assert calls.count > 8
    return calls.count


def killed_at(folder, at):
    """A child that opens the log, appends, compacts and dies before its ``at``-th system call of the compaction."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return
    log = NamesLog.open(folder)
    with pytest.MonkeyPatch.context() as patch:
        Calls(patch, at, lambda: os.kill(os.getpid(), signal.SIGKILL))
        log.compact()
    os._exit(0)


def test_a_kill_before_any_of_its_calls_loses_nothing(worn, log, tmp_path, monkeypatch):
    log.close()
    data = log.path.read_bytes()
    again = NamesLog.open(tmp_path)
    count = calls_of_a_compaction(monkeypatch, again)
    again.close()
    for at in range(1, count + 1):
        log.path.write_bytes(data)
        killed_at(tmp_path, at)
        assert held(tmp_path) == worn
        again = NamesLog.open(tmp_path, used=5)
        assert again.next_id == 5
        assert [path.name for path in log.path.parent.iterdir()] == ["names.log"]
        again.close()


@pytest.mark.parametrize("at", range(1, 13))
def test_a_refusal_of_any_of_its_calls_loses_nothing(names, worn, log, tmp_path, monkeypatch, at):
    with monkeypatch.context() as failing:
        calls = Calls(failing, at, refuse)
        with contextlib.suppress(Unavailable):  # or it did without that call
            log.compact()
    assert calls.count >= min(at, 9)
    assert held(tmp_path) == worn
    log.append(names(5, ["after"]))
    log.sync()
    assert held(tmp_path) == worn | {5: ("after", "default", 20_000, 20_000)}
    log.compact()
    assert kinds(log) == [frames.ADD, frames.ADD, frames.ADD, frames.SEEN]
    assert held(tmp_path) == worn | {5: ("after", "default", 20_000, 20_000)}
    assert [path.name for path in log.path.parent.iterdir()] == ["names.log"]


def test_it_is_on_disk_before_it_has_the_name_and_the_name_before_anything_is_promised(worn, log, monkeypatch):
    told = []

    def telling(name):
        call = getattr(os, name)

        def tell(file, *args):
            told.append((name, (Path(f"/proc/self/fd/{file}").readlink() if isinstance(file, int) else file).name))
            return call(file, *args)

        return tell

    for name in ("fdatasync", "fsync", "rename"):
        replace_call(monkeypatch.setattr, name, telling(name))
    log.compact()
    assert told[0] == ("fdatasync", "names.log")
    assert told[1:4] == [("fsync", "names.new"), ("rename", "names.new"), ("fsync", "names")]


def test_nothing_is_promised_while_the_new_name_may_be_lost(names, worn, log, monkeypatch):
    def no_folders(file):
        if os.path.isdir(f"/proc/self/fd/{file}"):  # noqa: PTH112  # a link to what is open
            refuse()

    with monkeypatch.context() as failing:
        replace_call(failing.setattr, "fsync", no_folders)
        for _ in range(2):
            with pytest.raises(Unavailable, match="names cannot be synced"):
                log.compact()
        log.append(names(5, ["after"]))
        with pytest.raises(Unavailable, match="names cannot be synced"):
            log.sync()
    log.sync()
    assert log_path(log.path.parent.parent).stat().st_size == log._end


def full_disk(folder):
    """A child for which the disk is full while it compacts, and has room again afterwards."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return
    try:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        log = NamesLog.open(folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        with pytest.raises(Unavailable, match="too large"):
            log.compact()
        assert not log.path.with_suffix(".new").exists()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.seen(18, ids(2))
        log.close()
        os._exit(0)
    finally:
        os._exit(1)


def test_a_full_disk_leaves_the_old_log_and_no_draft(worn, log, tmp_path):
    log.close()
    full_disk(tmp_path)
    assert held(tmp_path) == worn | {2: ("é", "default", 11, 18)}

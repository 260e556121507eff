"""Every change of a files store is made whole or not at all: when the writer is killed, and when the disk refuses."""

import contextlib
from dataclasses import dataclass

import numpy as np
import pytest
from cadent.schema.errors import Unavailable
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level
from cadent.schema.protocols import Slice
from cadent.stores.files.manifest import Manifest
from cadent.stores.files.store import FilesStore

LEVEL = Level("default", 10)
COARSE = Level("default", 60)
START = 1_700_002_800
HOUR_S = 3600
IDS = np.arange(10, dtype=np.uint32)


def coarse_slice():
    grid = Grid.empty(START, 60, 1, 60)
    for values in (grid.count, grid.sum, grid.min, grid.max, grid.last):
        values[0, 0] = 1
    return Slice(COARSE, Identity("w", 2, 2), np.array([1], np.uint32), grid)


def seal(store, piece):
    store.seal(LEVEL, 3, [piece({1: [4.0], 7: [5.0]}, 3), piece({2: [6.0]}, 3, START + HOUR_S)])


def roll_up(store, piece):
    store.roll_up(LEVEL, store.snapshot().sets(LEVEL)[:2], COARSE, [coarse_slice()])


def merge(store, piece):
    store.merge(LEVEL, store.snapshot().sets(LEVEL))


def erase(store, piece):
    store.erase(LEVEL, np.array([1], np.uint32), START, START + 10)


def delete(store, piece):
    store.delete(LEVEL, store.snapshot().sets(LEVEL)[:2])


CHANGES = [seal, roll_up, merge, erase, delete]


def begin(folder, piece):
    """A store with three blocks."""
    store = FilesStore(folder, write=True)
    store.seal(LEVEL, 1, [piece({1: [1.0], 2: [2.0]}, 1)])
    store.seal(LEVEL, 2, [piece({1: [0.5, 0.25]}, 2), piece({1: [3.0]}, 2, START + HOUR_S)])
    return store


@dataclass(frozen=True)
class State:
    """All that readers see of a store."""

    sealed: int
    sets: list
    points: list

    @classmethod
    def of(cls, store):
        snapshot = store.snapshot()
        sets, points = [], []
        for level in (LEVEL, COARSE):
            sets += [(one.identity, one.start, one.stop, one.rolled_up_to_s) for one in snapshot.sets(level)]
            into = Grid.empty(START, level.step_s, len(IDS), 2 * HOUR_S // level.step_s)
            snapshot.read(level, snapshot.sets(level), IDS, into)
            points += [(row, point) for row in range(len(IDS)) for point in into.points(row)]
        return cls(snapshot.sealed(LEVEL), sorted(sets, key=repr), points)


@pytest.fixture
def states(tmp_path, piece):
    """states(change): (before, after), and how many calls on the disk it takes."""

    def states(change):
        with contextlib.closing(begin(tmp_path / "whole", piece)) as store:
            before = State.of(store)
            change(store, piece)
            return before, State.of(store)

    return states


def blocks(folder):
    return sorted(path for path in folder.rglob("*") if ".block" in path.name)


def named(folder):
    """What the manifest on the disk names."""
    return sorted(Manifest.parse((folder / "manifest").read_bytes(), "").paths(folder))


@pytest.mark.parametrize("change", [merge, erase])
def test_blocks_go_after_a_durable_manifest_names_durable_others(disk, piece, tmp_path, change):
    with contextlib.closing(begin(tmp_path / "data", piece)) as store:
        disk.calls.clear()
        change(store, piece)
        count = {merge: 1, erase: 2}[change]
        block = ["open", "pwrite", "pwrite", "pwrite", "fdatasync", "rename"]
        manifest = ["open", "pwrite", "fdatasync", "replace", "fsync"]
        assert disk.calls == [*block * count, "fsync", *manifest, *["unlink"] * {merge: 3, erase: 2}[change]]


@pytest.mark.parametrize("change", CHANGES)
def test_a_killed_writer_leaves_all_or_nothing(disk, killed, piece, states, tmp_path, change):
    before, after = states(change)
    assert before != after
    call, alive = 0, False
    while not alive:
        call += 1
        folder = tmp_path / str(call)
        store = begin(folder, piece)
        disk.kill(call)
        with contextlib.suppress(killed):
            change(store, piece)
            alive = True
        disk.heal()
        store.close()
        with contextlib.closing(FilesStore(folder, write=True)) as again:
            found = State.of(again)
            assert found in (before, after)
            assert blocks(folder) == named(folder)
            if found == before:
                change(again, piece)
            assert State.of(again) == after
    assert call > 4


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_disk_refuses_is_not_seen_and_can_be_repeated(disk, piece, states, tmp_path, change):
    """But for the very last call: then the manifest is in place, and only its durability is in doubt."""
    before, after = states(change)
    call, refused = 0, True
    while refused:
        call += 1
        folder = tmp_path / str(call)
        with contextlib.closing(begin(folder, piece)) as store:
            disk.refuse(call)
            refused = raises(Unavailable, change, store, piece)
            disk.heal()
            found = State.of(store)
            assert found in (before, after)
            assert set(named(folder)) <= set(blocks(folder))
            if found == before:
                assert blocks(folder) == named(folder)
                change(store, piece)
            else:
                store.seal(LEVEL, found.sealed + 1, [])  # ends the doubt
            assert State.of(store).points == after.points
            assert blocks(folder) == named(folder)
    assert call > 4


def raises(error, change, *arguments):
    try:
        change(*arguments)
    except error:
        return True
    return False


# -- a manifest in doubt -------------------------------------------------------------------------------------------------


def fail_to_sync_the_manifest(disk, change, store, piece):
    """The rename is done, but not whether it outlives a power cut."""
    last_fsync = call_of_the_last_fsync(disk, change, store, piece)
    disk.refuse(last_fsync)
    with pytest.raises(Unavailable):
        change(store, piece)
    disk.heal()


def call_of_the_last_fsync(disk, change, store, piece):
    with contextlib.closing(begin(store.folder.with_name(f"{store.folder.name} rehearsed"), piece)) as rehearsal:
        disk.calls.clear()
        change(rehearsal, piece)
        return len(disk.calls) - disk.calls[::-1].index("fsync")


@pytest.mark.parametrize("call", range(1, 6))  # those that write the manifest anew
@pytest.mark.parametrize("change", CHANGES)
def test_while_a_manifest_is_in_doubt_the_blocks_of_both_stay(disk, piece, states, tmp_path, change, call):
    before, after = states(change)
    folder = tmp_path / "data"
    with contextlib.closing(begin(folder, piece)) as store:
        old = (folder / "manifest").read_bytes()
        fail_to_sync_the_manifest(disk, change, store, piece)
        assert State.of(store) == after
        for refused in (call, 5):
            disk.refuse(refused)
            with pytest.raises(Unavailable):
                store.seal(LEVEL, 9, [])
            disk.heal()
            assert State.of(store) == after
    (folder / "manifest").write_bytes(old)  # the power goes, and the rename with it
    with contextlib.closing(FilesStore(folder, write=True)) as again:
        assert State.of(again) == before
        assert blocks(folder) == named(folder)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_in_doubt_and_repeated_is_durable(disk, piece, states, tmp_path, change):
    """As a seal is repeated, which then finds nothing to do."""
    with contextlib.closing(begin(tmp_path / "data", piece)) as store:
        fail_to_sync_the_manifest(disk, change, store, piece)
        disk.calls.clear()
        store.seal(LEVEL, store.snapshot().sealed(LEVEL), [])
        assert disk.calls[:5] == ["open", "pwrite", "fdatasync", "replace", "fsync"]
        assert State.of(store) == states(change)[1]


class Interrupted(BaseException):
    """As Ctrl-C raises it."""


@pytest.mark.parametrize("change", [merge, erase])
def test_an_interruption_after_the_commit_takes_nothing_back(piece, states, tmp_path, monkeypatch, change):
    _, after = states(change)

    def interrupt(_, paths):
        monkeypatch.undo()
        raise Interrupted

    with contextlib.closing(begin(tmp_path / "data", piece)) as store:
        monkeypatch.setattr(FilesStore, "_unlink", interrupt)
        with pytest.raises(Interrupted):
            change(store, piece)
        assert State.of(store) == after
    with contextlib.closing(FilesStore(tmp_path / "data", write=True)) as again:
        assert State.of(again) == after


def test_a_block_that_cannot_be_removed_goes_later(disk, piece, tmp_path):
    folder = tmp_path / "data"
    with contextlib.closing(begin(folder, piece)) as store:
        disk.calls.clear()
        first_unlink = 6  # of a delete
        disk.refuse(first_unlink)
        delete(store, piece)
        assert disk.calls.index("unlink") == first_unlink - 1
        disk.heal()
        assert len(blocks(folder)) == len(named(folder)) + 1
        store.seal(LEVEL, 9, [])
        assert blocks(folder) == named(folder)

"""The process is killed before every system call by which a snapshot, a restore, a delete or a rename becomes durable."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from cadent.index.living import read_living
from cadent.schema.grid import Grid
from cadent.schema.identity import Level
from cadent.service.config.settings import Config, StoreSettings
from cadent.service.folder import snapshot
from cadent.service.folder.maintenance import Maintenance
from cadent.service.folder.storage import Storage
from cadent.stores.files.store import FilesStore
from cadent.stores.log.reader import LogReader
from cadent.stores.log.segment import ALL_SEQUENCES
from system_calls import replace_call

NOW = 1_700_000_000
START = NOW - 7_200 - NOW % 7_200
BASE = Level("default", 10)
CALLS = ("pwrite", "fdatasync", "fsync", "rename", "replace", "unlink", "ftruncate", "mkdir", "link", "sendfile", "truncate")
KILLED = 99
PATHS = [f"p.n{number}" for number in range(6)]


def arm(at: int) -> None:
    """End this process before the ``at``-th of the calls from now on."""
    seen = [0]

    def deadly(call):
        def watched(*arguments, **more):
            seen[0] += 1
            if seen[0] == at:
                os._exit(KILLED)
            return call(*arguments, **more)

        return watched

    for name in CALLS:
        replace_call(setattr, name, deadly(getattr(os, name)))


def opened(folder: Path) -> tuple[Storage, Maintenance]:
    config = Config(StoreSettings(data=folder))
    storage = Storage.open(config, NOW, lambda _: os._exit(1))
    storage.engine.start(NOW)
    return storage, Maintenance(config, storage, lambda: NOW)


def feed(storage: Storage, first: int, windows: int) -> None:
    stream = storage.accumulator.open()
    lines = [f"{path} {slot} {START + 10 * slot}\n" for path in PATHS for slot in range(first, first + windows)]
    assert stream.feed("".join(lines).encode()) > 0
    stream.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with points in chunks and in the log."""
    folder = tmp_path_factory.mktemp("written") / "data"
    storage, maintenance = opened(folder)
    for first in (0, 30):
        feed(storage, first, 30)
        storage.engine.submit(storage.accumulator.new_names(), storage.accumulator.drain(), NOW)
        if first == 0:
            asyncio.run(maintenance.table()["compact"]({}, b""))
    assert storage.engine.close(30) == 0
    storage.close()
    return folder


def found(folder: Path) -> dict[str, set[tuple[int, float]]]:
    """The points of each path, as a reader finds them when a writer has taken the folder up."""
    storage, _ = opened(folder)
    assert storage.engine.close(30) == 0
    storage.close()
    living = read_living(folder)
    store, log = FilesStore(folder), LogReader(folder, BASE)
    grid = Grid.empty(START, 10, len(living.ids), 100)
    pinned = store.snapshot()
    pinned.read(BASE, pinned.sets(BASE), living.ids, grid)
    log.read(living.ids, pinned.sealed(BASE), ALL_SEQUENCES, grid)
    return {path: {(point.count, point.sum) for point in grid.points(row)} for row, path in enumerate(living.paths(living.ids))}


def points(windows: int) -> set[tuple[int, float]]:
    return {(1, float(slot)) for slot in range(windows)}


def in_child(work) -> bool:
    """Whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, KILLED}
    return os.waitstatus_to_exitcode(status) == KILLED


def deaths(tmp_path, written, work):
    """Each folder in which ``work(folder)`` was killed, once before every call; then the one in which it was not."""
    for at in range(1, 400):
        folder = tmp_path / str(at) / "data"
        shutil.copytree(written, folder)
        was_killed = in_child(lambda folder=folder, at=at: work(folder, at))
        yield folder, was_killed
        if not was_killed:
            assert at > 2, "it was never killed"
            return
    pytest.fail("it never came to an end")


def run(operation: str, header: dict, payload=b"", windows: int = 0):
    def work(folder: Path, at: int) -> None:
        storage, maintenance = opened(folder)
        if windows:
            feed(storage, 60, windows)
        arm(at)
        asyncio.run(maintenance.table()[operation](dict(header, folder=str(folder.parent / "snapshot")), payload))

    return work


def test_a_snapshot_is_whole_or_not_there_and_the_folder_loses_nothing(tmp_path, written):
    for folder, was_killed in deaths(tmp_path, written, run("snapshot", {}, windows=10)):
        copy = folder.parent / "snapshot"
        assert copy.exists() or was_killed
        if copy.exists():
            assert found(copy) == dict.fromkeys(PATHS, points(70))
        left = found(folder)
        assert left.keys() == set(PATHS)
        for of_path in left.values():
            assert points(60) <= of_path <= points(70)


def test_a_restored_folder_is_whole_or_not_there(tmp_path, written):
    def restore(folder: Path, at: int) -> None:
        arm(at)
        snapshot.restore(folder, folder.parent / "restored")

    for folder, was_killed in deaths(tmp_path, written, restore):
        restored = folder.parent / "restored"
        assert restored.exists() or was_killed
        if restored.exists():
            assert found(restored) == dict.fromkeys(PATHS, points(60))


def test_a_delete_is_done_or_not_and_no_other_path_loses_anything(tmp_path, written):
    gone = np.array([1, 2], "<u4")
    for folder, was_killed in deaths(tmp_path, written, run("delete", {}, gone.tobytes())):
        left = found(folder)
        assert left.keys() in ({*PATHS}, {*PATHS} - {PATHS[1], PATHS[2]})
        assert len(left) == len(PATHS) - 2 or was_killed
        assert all(of_path == points(60) for of_path in left.values())


def test_a_rename_is_done_or_not(tmp_path, written):
    for folder, was_killed in deaths(tmp_path, written, run("rename", {}, json.dumps([["p.n1", "q.n1"]]).encode())):
        left = found(folder)
        assert left.keys() in ({*PATHS}, {*PATHS} - {"p.n1"} | {"q.n1"})
        assert "q.n1" in left or was_killed
        assert all(of_path == points(60) for of_path in left.values())


def test_an_erasure_that_was_cut_short_loses_nothing_else_and_can_be_given_again(tmp_path, written):
    erased = np.array([1], "<u4").tobytes()
    header = {"policy": "default", "from": None, "to": START + 600, "dry_run": False}
    for folder, _ in deaths(tmp_path, written, run("erase", header, erased, windows=10)):
        left = found(folder)
        assert all(points(60) <= of_path <= points(70) for path, of_path in left.items() if path != "p.n1")
        assert not in_child(lambda folder=folder: run("erase", header, erased)(folder, 0))
        left = found(folder)
        assert left.pop("p.n1") <= points(70) - points(60)
        assert all(points(60) <= of_path <= points(70) for of_path in left.values())

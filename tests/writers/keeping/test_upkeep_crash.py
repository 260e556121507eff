"""The writer is killed before every system call by which roll-ups, merges and expiry become durable."""

import contextlib
import os
import shutil

import pytest
from cadent.schema.identity import Mode
from cadent.schema.resolution import DAY_S
from cadent.stores.files.store import FilesStore
from kept import BASE, Folder
from killer import KILLED, Killer
from parts import Window

SHARES = 4
WAIT_S = 36 * 3_600


def fill(folder: Folder) -> None:
    """Three days with hours, rolled up; then late points and points that replace, sealed, and nothing done to them yet."""
    start = folder.now - 3 * DAY_S
    for number in range(0, 72, 8):
        for slot in (0, 7, 359):
            folder.write(Window(BASE, start + 3_600 * number + 10 * slot, {number % 3: [float(number), 1.0], 2: [0.5]}))
        folder.seal()
    while folder.upkeep.step(folder.clock):
        pass
    for number in (3, 30, 31, 50):
        folder.write(Window(BASE, start + 3_600 * number, {1: [4.0]}))
        folder.write(Window(BASE, start + 3_600 * number, {1: [9.0], 2: [8.0]}, mode=Mode.REPLACE))
    folder.seal()


def keep(folder: Folder) -> None:
    """All that is due by now, then all that is possible, then what expires in a day and a half."""
    folder.keep()
    folder.compact()
    folder.advance(WAIT_S)


def killed(folder: Folder, killer: Killer) -> bool:
    """Whether the child was killed at its work."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            killer.arm()
            keep(folder)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, KILLED}
    return os.waitstatus_to_exitcode(status) == KILLED


def check_files(folder: Folder) -> None:
    """Nothing lies about that the store does not know."""
    known = sum(len(folder.store.snapshot().sets(level)) for level in folder.store.snapshot().levels())
    assert len(list(folder.folder.glob("*/*/*.block*"))) == known


@pytest.mark.parametrize("share", range(SHARES))
def test_points_stay_what_they_are_wherever_it_is_killed(tmp_path, share):
    def opened(path):
        return Folder(path, lambda: FilesStore(path, write=True))

    with contextlib.closing(opened(tmp_path / "whole")) as whole:
        fill(whole)
        whole.check()
        oracle = whole.oracle
    at, deaths = 1 + share, 0
    while True:
        path = tmp_path / str(at)
        shutil.copytree(tmp_path / "whole", path)
        folder = opened(path)
        folder.oracle = oracle
        was_killed = killed(folder, Killer(at, torn=at % 2 == 0))
        folder.now += WAIT_S
        folder.steady += WAIT_S
        folder.reopen()
        folder.check()
        folder.keep()
        folder.check()
        check_files(folder)
        folder.close()
        shutil.rmtree(path)
        if not was_killed:
            break
        deaths, at = deaths + 1, at + SHARES
    assert deaths >= 10

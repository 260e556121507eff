"""One service a data folder. The holder is another process, as in life."""

import os
import signal
import subprocess
import sys

import pytest
from cadent.schema.errors import FolderLocked, StoreError
from cadent.service.folder import lock
from cadent.service.folder.lock import lock_folder
from programs import eventually

HOLD = "import sys; from pathlib import Path; from cadent.service.folder.lock import lock_folder; lock_folder(Path(sys.argv[1]))"


@pytest.fixture
def holder(tmp_path):
    """A process that has locked the folder ``data`` and has no control socket; it ends when its input does."""
    code = f"{HOLD}; print('locked', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "data"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"locked\n"
    yield process
    process.stdin.close()
    process.wait()
    process.stdout.close()


def test_a_new_folder_is_made_and_locked(tmp_path):
    lock_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "service.lock").exists()


def test_a_folder_that_is_held_for_long_is_refused(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(lock, "ENDING_S", 0.2)
    with pytest.raises(FolderLocked, match=f"{tmp_path / 'data'} is in use"):
        lock_folder(tmp_path / "data")


def test_it_waits_for_a_service_that_is_ending(tmp_path, holder):
    second = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "data"], cwd=tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(0.5)
    holder.stdin.close()
    assert second.wait(10) == 0


def test_a_holder_that_was_killed_leaves_no_lock(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert lock_folder(tmp_path / "data") > 0


def test_the_lock_is_held_until_the_last_process_that_has_it_is_gone(tmp_path, monkeypatch):
    """The children inherit it: a folder is not free while one of them still writes."""
    code = f"{HOLD}; import os, time; os.fork() or time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", code, tmp_path / "data"], cwd=tmp_path, start_new_session=True)
    try:
        parent.wait(10)
        monkeypatch.setattr(lock, "ENDING_S", 0.2)
        with pytest.raises(FolderLocked):
            lock_folder(tmp_path / "data")
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
    monkeypatch.undo()
    assert eventually(lambda: lock_folder(tmp_path / "data"), "the lock")


def test_a_file_in_the_folders_place_is_named(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match=f"{tmp_path / 'data'} as data folder: File exists"):
        lock_folder(tmp_path / "data")

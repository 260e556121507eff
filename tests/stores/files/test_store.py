"""What the files store does beyond the contract: other processes, crashes, a disk that refuses."""

import contextlib
import gc
import json
import os
from pathlib import Path

import pytest
from cadent.schema.errors import FolderLocked, Outdated
from cadent.schema.identity import Level
from cadent.stores.files.open_blocks import OpenBlocks
from cadent.stores.files.store import FilesStore

LEVEL = Level("default", 10)
START = 1_700_002_800
HOUR_S = 3600


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "lock")


# -- one writer ----------------------------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from cadent.stores.files.store import FilesStore
store = FilesStore(Path(sys.argv[1]), write=True)
print("open", flush=True)
input()
"""

TRY = """
import sys
from pathlib import Path
from cadent.schema.errors import FolderLocked
from cadent.stores.files.store import FilesStore
try:
    FilesStore(Path(sys.argv[1]), write=True)
except FolderLocked as error:
    print(error)
"""


def test_a_second_writer_is_refused_in_another_process(store, tmp_path, run_python):
    answer, _ = run_python(TRY, tmp_path).communicate()
    assert f"process {os.getpid()}" in answer
    assert str(tmp_path) in answer


def test_a_second_writer_is_refused_in_the_same_process(store, open_store):
    with pytest.raises(FolderLocked):
        open_store()


def test_the_folder_is_free_when_the_writer_was_killed(run_python, tmp_path, open_store):
    child = run_python(HOLD, tmp_path)
    assert child.stdout.readline() == "open\n"
    with pytest.raises(FolderLocked, match=f"process {child.pid}"):
        open_store()
    child.kill()
    child.wait()
    open_store()


def test_readers_need_no_lock(store, open_store, piece, sums):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    assert sums(open_store(write=False).snapshot()) == {(1, 0): 1.0}


@pytest.mark.parametrize("change", ["seal", "delete"])
def test_a_store_that_was_opened_to_read_writes_nothing(store, open_store, tmp_path, change, delete):
    before = files(tmp_path)
    reader = open_store(write=False)
    with pytest.raises(ValueError, match="not opened to write"):
        reader.seal(LEVEL, 1, []) if change == "seal" else reader.delete(LEVEL, [])
    store.close()
    with pytest.raises(ValueError, match="is closed"):
        store.seal(LEVEL, 1, [])
    assert files(tmp_path) == before


# -- readers in other processes ------------------------------------------------------------------------------------------

READER = """
import json, sys
from pathlib import Path
import numpy as np
from cadent.schema.grid import Grid
from cadent.schema.identity import Level
from cadent.stores.files.store import FilesStore
level = Level("default", 10)
store = FilesStore(Path(sys.argv[1]))
kept = []
for line in sys.stdin:
    if line == "keep\\n":
        kept = [store.snapshot()]
    snapshot = kept[0] if line == "read kept\\n" else store.snapshot()
    into = Grid.empty(1_700_002_800, 10, 1, 1080)
    snapshot.read(level, snapshot.sets(level), np.array([1], np.uint32), into)
    slots = np.flatnonzero(into.count[0])
    now = store.snapshot().generation
    sums = dict(zip(slots.tolist(), into.sum[0, slots]))
    print(json.dumps([snapshot.generation, now, snapshot.sealed(level), sums]), flush=True)
"""


def ask(child, line="read"):
    child.stdin.write(f"{line}\n")
    child.stdin.flush()
    generation, now, sealed, sums = json.loads(child.stdout.readline())
    return generation == now, sealed, {int(slot): value for slot, value in sums.items()}


def test_a_reader_in_another_process_sees_each_generation(store, piece, run_python, tmp_path, delete):
    child = run_python(READER, tmp_path)
    assert ask(child) == (True, 0, {})
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    assert ask(child, "keep") == (True, 1, {0: 1.0})
    store.seal(LEVEL, 2, [piece({1: [1.5]}, 2), piece({1: [5.0]}, 2, START + HOUR_S)])
    assert ask(child) == (True, 2, {0: 2.5, 360: 5.0})
    assert ask(child, "read kept") == (False, 1, {0: 1.0})
    delete(store, START + HOUR_S)
    assert ask(child) == (True, 2, {360: 5.0})


def test_a_reader_in_another_process_learns_that_a_block_went(store, piece, run_python, tmp_path, delete):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    store.seal(LEVEL, 2, [piece({1: [2.0]}, 2, START + HOUR_S)])
    child = run_python(READER.replace('if line == "keep\\n":', "if not kept:"), tmp_path)
    ask(child)
    delete(store, START + HOUR_S)
    current, _, sums = ask(child, "read kept")
    assert (current, sums[360]) == (False, 2.0)


def test_a_snapshot_is_outdated_when_another_process_removed_a_block_it_had_not_opened(store, open_store, piece, sums, delete):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    store.seal(LEVEL, 2, [piece({1: [2.0]}, 2, START + HOUR_S)])
    reader = open_store(write=False)
    pinned = reader.snapshot()
    delete(store, START + HOUR_S)
    with pytest.raises(Outdated, match="generation"):
        sums(pinned)
    assert sums(reader.snapshot()) == {(1, 360): 2.0}


def test_each_generation_is_seen_however_fast_they_come(store, open_store, piece):
    """The manifest after the next one may get the inode number of the one that was read."""
    reader = open_store(write=False)
    for number in range(100, 200, 2):
        store.seal(LEVEL, number, [])
        store.seal(LEVEL, number + 1, [])
        assert reader.snapshot().sealed(LEVEL) == number + 1


# -- what is held open ---------------------------------------------------------------------------------------------------


def descriptors():
    """Of files: sockets of other tests' connections come and go."""
    gc.collect()
    return sum(link.readlink().is_absolute() for link in Path("/proc/self/fd").iterdir() if link.is_symlink())


def test_a_writer_holds_nothing_of_deleted_blocks(store, piece, delete):
    for number in range(1, 10):
        store.seal(LEVEL, number, [piece({1: [1.0]}, number, START + number * HOUR_S)])
    store.snapshot()
    before = descriptors()
    delete(store, START + 8 * HOUR_S)
    assert descriptors() == before


def test_a_reader_lets_go_of_deleted_blocks(store, open_store, piece, sums, delete):
    for number in range(1, 10):
        store.seal(LEVEL, number, [piece({1: [1.0]}, number, START + number * HOUR_S)])
    reader = open_store(write=False)
    assert len(sums(reader.snapshot(), slots=3600)) == 9
    store.snapshot()
    before = descriptors()
    delete(store, START + 8 * HOUR_S)
    assert len(sums(reader.snapshot(), slots=3600)) == 2
    assert descriptors() == before - 7


def test_a_closed_store_holds_nothing(tmp_path, piece, sums):
    before = descriptors()
    for number in range(1, 4):
        with contextlib.closing(FilesStore(tmp_path, write=True)) as store:
            store.seal(LEVEL, number, [piece({1: [1.0]}, number)])
            assert sums(store.snapshot()) == {(1, 0): float(number)}
    del store
    assert descriptors() == before


def test_only_so_many_blocks_are_open_at_once(store, piece, sums, monkeypatch):
    monkeypatch.setattr("cadent.stores.files.open_blocks._MOST_OPEN", 3)
    for number in range(1, 10):
        store.seal(LEVEL, number, [piece({1: [1.0]}, number)])
    before = descriptors()
    assert sums(store.snapshot()) == {(1, 0): 9.0}
    assert descriptors() <= before + 4


def test_blocks_that_are_open_are_opened_once(store, piece, tmp_path):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    (path,) = (tmp_path / "default" / "10").glob("*.block")
    blocks = OpenBlocks()
    block = blocks.get(path)
    assert blocks.get(path) is block
    blocks.keep(())
    assert blocks.get(path) is not block


# -- the order of what is written ------------------------------------------------------------------------------------------


def test_a_block_is_durable_before_the_manifest_names_it(disk, store, piece):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    disk.calls.clear()
    store.seal(LEVEL, 2, [piece({1: [1.0]}, 2)])
    block = ["open", "pwrite", "pwrite", "pwrite", "fdatasync", "rename", "fsync"]
    assert disk.calls == [*block, "open", "pwrite", "fdatasync", "replace", "fsync"]


def test_a_block_goes_after_the_manifest_that_does_not_name_it_is_durable(disk, store, piece, delete):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    disk.calls.clear()
    delete(store, START + HOUR_S)
    assert disk.calls == ["open", "pwrite", "fdatasync", "replace", "fsync", "unlink"]


def test_leftovers_of_a_crashed_writer_are_removed(store, open_store, piece, sums, tmp_path, disk):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    store.close()
    folder = tmp_path / "default" / "10"
    (folder / f"{START}-0000000000000002.block").write_bytes(b"unnamed")
    (folder / f"{START}-0000000000000003.block.tmp").write_bytes(b"half")
    (folder / "log").mkdir()
    (folder / "log" / "0000000000000002.log").write_bytes(b"not ours")
    disk.calls.clear()
    again = open_store()
    # The manifest may have been renamed and not synced: until it is, an older one may still come back and name them.
    assert disk.calls[-3:] == ["fsync", "unlink", "unlink"]
    assert files(tmp_path) == ["0000000000000002.log", f"{START}-0000000000000001.block", "manifest"]
    assert sums(again.snapshot()) == {(1, 0): 1.0}

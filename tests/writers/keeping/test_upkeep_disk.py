"""A disk that takes no more while chunks are rolled up and merged: nothing changes, readers go on, and later all is done."""

import contextlib
import resource

import pytest
from cadent.schema.errors import Unavailable
from cadent.schema.resolution import DAY_S
from cadent.stores.files.store import FilesStore
from kept import BASE, Folder
from parts import Window


@pytest.fixture
def folder(tmp_path):
    """Two days of hours that are neither rolled up nor merged."""
    with contextlib.closing(Folder(tmp_path, lambda: FilesStore(tmp_path, write=True))) as made:
        for hour in range(0, 48, 3):
            for slot in range(0, 360, 40):
                time = made.now - 2 * DAY_S + 3_600 * hour + 10 * slot
                made.write(Window(BASE, time, {0: [0.25 * hour, slot], 1: [hour * 1e6 + 0.25], 2: [slot / 4]}))
            made.seal()
        yield made


@contextlib.contextmanager
def full(largest_file):
    """What stands for a full disk: the kernel lets no file of this process grow beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_a_full_disk_interrupts_is_done_when_there_is_room(folder):
    interrupted = 0
    for largest_file in (100, 1_000, 2_000, 3_000, 5_000):
        with full(largest_file), contextlib.suppress(Unavailable):
            folder.keep()
            interrupted -= 1
        interrupted += 1
        folder.check()
        assert not list(folder.folder.glob("*/*/*.tmp"))
    assert interrupted >= 3
    folder.keep()
    folder.check()
    assert folder.upkeep.counters.merged > 0
    known = sum(len(folder.store.snapshot().sets(level)) for level in folder.store.snapshot().levels())
    assert len(list(folder.folder.glob("*/*/*.block*"))) == known

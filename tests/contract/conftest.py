"""The chunk stores that the contract holds for, and what each of them can do beyond it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from cadent.schema.protocols import ChunkStore
from cadent.stores.files.store import FilesStore
from cadent.stores.memory import MemoryStore

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))


@dataclass(frozen=True)
class Driver:
    """``open`` gives the store, to write; ``keeps_its_data``: when it was closed, or its process ended, and is opened again."""

    open: Callable[[], ChunkStore]
    keeps_its_data: bool = False


DRIVERS = {
    "memory": lambda _: Driver(MemoryStore),
    "files": lambda folder: Driver(lambda: FilesStore(folder, write=True), keeps_its_data=True),
}


@pytest.fixture(params=DRIVERS)
def new_driver(request, tmp_path):
    """new_driver(): a driver whose store is empty."""
    numbers = count()
    return lambda: DRIVERS[request.param](tmp_path / str(next(numbers)))


@pytest.fixture
def driver(new_driver):
    return new_driver()


@pytest.fixture
def store(driver):
    store = driver.open()
    yield store
    store.close()

"""The chunk stores that the contract holds for, and what each of them can do beyond it."""

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from cadent.schema.protocols import ChunkStore
from cadent.stores.files.store import FilesStore
from cadent.stores.memory import MemoryStore

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))

LONG_S = 4 * 365 * 86_400  # the points of the tests are some years old


@dataclass(frozen=True)
class Driver:
    """``open`` gives the store, to write; ``keeps_its_data``: when it was closed, or its process ended, and is opened again.
    ``merges``: what the store says of itself. ``examples``: of random calls, as many as its speed allows."""

    open: Callable[[], ChunkStore]
    keeps_its_data: bool = False
    merges: bool = True
    examples: int = 100


def memory(request, name):
    return Driver(MemoryStore)


def files(request, name):
    folder = request.getfixturevalue("tmp_path") / name
    return Driver(lambda: FilesStore(folder, write=True), keeps_its_data=True)


def cassandra(request, name):
    """A writer's own store, in a keyspace that all tests share."""
    return cassandra_of_layout("chunks", request, name)


def cassandra_rows(request, name):
    return cassandra_of_layout("rows", request, name)


def cassandra_of_layout(layout, request, name):
    link, writer = request.getfixturevalue("cassandra_links")(layout), f"{request.node.name}/{name}"
    from cadent.stores.cassandra.store import CassandraStore

    options = {"monotonic": time.monotonic, "now": time.time, "ttl_of": lambda _: LONG_S, "layout": layout}
    return Driver(lambda: CassandraStore(link, writer, write=True, **options), keeps_its_data=True, merges=False, examples=30)


DRIVERS = {"memory": memory, "files": files, "cassandra": cassandra, "cassandra-rows": cassandra_rows}


@pytest.fixture(scope="session")
def cassandra_links(cassandra, new_keyspace):
    """cassandra_links(layout): to a keyspace with the tables of this layout."""
    from cadent.stores.cassandra.ddl import create
    from cadent.stores.cassandra.link import Link
    from cadent.stores.cassandra.settings import ClusterSettings

    with contextlib.ExitStack() as links:

        @cache
        def link_of(layout):
            settings = ClusterSettings(((cassandra.address, cassandra.port),), new_keyspace(), layout=layout)
            link = links.enter_context(contextlib.closing(Link.open(settings)))
            create(link, settings, {10: LONG_S, 60: LONG_S})
            return link

        yield link_of


@pytest.fixture(params=DRIVERS)
def new_driver(request):
    """new_driver(): a driver whose store is empty."""
    numbers = count()
    return lambda: DRIVERS[request.param](request, str(next(numbers)))


@pytest.fixture
def driver(new_driver):
    return new_driver()


@pytest.fixture
def store(driver):
    store = driver.open()
    yield store
    store.close()


@pytest.fixture
def merging(driver):
    """For tests of what not every store does."""
    if not driver.merges:
        pytest.skip("this store does not merge")

"""Stores in files, and slices for them."""

import numpy as np
import pytest
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.protocols import Slice
from cadent.stores.files.store import FilesStore

LEVEL = Level("default", 10)
START = 1_700_002_800


@pytest.fixture
def open_store(tmp_path):
    """open_store(): a store in the test's folder, to write; closed at the end. ``write=False``: to read."""
    opened = []

    def open_store(*, write=True):
        opened.append(FilesStore(tmp_path, write=write))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


@pytest.fixture(scope="session")
def piece():
    """piece({id: values}, sequence): a slice in which each path has these values from its first slot on; NaN: no point."""

    def piece(values_by_id, sequence, start=START, mode=Mode.ADD):
        grid = Grid.empty(start, LEVEL.step_s, len(values_by_id), 360)
        for row, values in enumerate(values_by_id.values()):
            present = ~np.isnan(np.array(values, float))
            for column in (grid.sum, grid.min, grid.max, grid.last):
                column[row, : len(values)] = values
            grid.count[row, : len(values)] = present
        return Slice(LEVEL, Identity("w", sequence, sequence, mode), np.array(list(values_by_id), np.uint32), grid)

    return piece


@pytest.fixture
def sums(points_in):
    """sums(snapshot, ids): {(id, slot): sum} of three hours; slots count from START."""

    def sums(snapshot, ids=range(100), start=START, slots=1080):
        points = points_in(lambda ids, into: snapshot.read(LEVEL, snapshot.sets(LEVEL), ids, into), ids, start, slots)
        return {(id_, (time - START) // 10): point.sum for (id_, time), point in points.items()}

    return sums


@pytest.fixture(scope="session")
def delete():
    """delete(store, before): drop the sets that end up to then."""

    def delete(store, before):
        store.delete(LEVEL, [one for one in store.snapshot().sets(LEVEL) if one.stop <= before])

    return delete

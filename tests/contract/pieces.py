"""Points that the tests seal, and what they read back."""

import numpy as np
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.point import Point
from cadent.schema.protocols import Slice

LEVEL = Level("default", 10)
COARSE = Level("default", 60)
HOUR = 1_700_002_800  # a full hour
SLOTS = 360


def at(slot, *samples):
    """The point of these samples, ``slot`` windows after HOUR."""
    return Point(HOUR + slot * 10, len(samples), sum(samples), min(samples), max(samples), samples[-1])


def piece(points, sequence, mode=Mode.ADD, start=HOUR, slots=SLOTS, level=LEVEL):
    """A slice of {id: its points}."""
    ids = np.array(sorted(points), np.uint32)
    grid = Grid.empty(start, level.step_s, len(ids), slots)
    for row, id_ in enumerate(ids):
        for point in points[id_]:
            column = (point.time - start) // level.step_s
            for name in ("count", "sum", "min", "max", "last"):
                getattr(grid, name)[row, column] = getattr(point, name)
    return Slice(level, Identity("w", sequence, sequence, mode), ids, grid)


def seal(store, sequence, points, mode=Mode.ADD):
    store.seal(LEVEL, sequence, [piece(points, sequence, mode)])


def read(snapshot, ids=(1, 2, 3), start=HOUR, slots=SLOTS, level=LEVEL, sets=None):
    """{id: its points}, of those that have any."""
    grid = Grid.empty(start, level.step_s, len(ids), slots)
    snapshot.read(level, snapshot.sets(level) if sets is None else sets, np.array(ids, np.uint32), grid)
    assert (np.isnan(grid.sum) == (grid.count == 0)).all()
    return {id_: points for row, id_ in enumerate(ids) if (points := list(grid.points(row)))}


def sets(store, level=LEVEL):
    return store.snapshot().sets(level)


def ranges(store, level=LEVEL):
    """[(start, stop)] of its sets, in slots after HOUR."""
    return [((one.start - HOUR) // level.step_s, (one.stop - HOUR) // level.step_s) for one in sets(store, level)]


def ids_of(snapshot, chosen=None, level=LEVEL):
    return snapshot.ids(level, snapshot.sets(level) if chosen is None else chosen).tolist()


def reopen(driver, store):
    store.close()
    return driver.open()


def erase(store, ids, first, last):
    """Drop what ``ids`` have in slots [first, last)."""
    store.erase(LEVEL, np.array(ids, np.uint32), HOUR + first * 10, HOUR + last * 10)

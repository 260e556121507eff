"""Points of a grid as rows that replace."""

import numpy as np
from cadent.schema.grid import COLUMNS, Grid
from cadent.schema.identity import Level, Mode
from cadent.schema.rows import MULTI
from cadent.service.copying.window import windows_of
from hypothesis import given
from hypothesis import strategies as st

LEVEL = Level("default", 10)
START, PATHS, SLOTS = 1_000, 3, 4
IDS = np.array([7, 2, 9], np.uint32)
FINITE = st.floats(allow_nan=False, allow_infinity=False)

singles = FINITE.map(lambda value: (1, value, value, value, value))
others = st.tuples(st.integers(1, 2**40), FINITE, FINITE, FINITE, FINITE)
cells = st.dictionaries(st.tuples(st.integers(0, PATHS - 1), st.integers(0, SLOTS - 1)), singles | others)
places = st.sets(st.tuples(st.integers(0, PATHS - 1), st.integers(0, SLOTS - 1)))


def grid_of(points):
    grid = Grid.empty(START, LEVEL.step_s, PATHS, SLOTS)
    for at, point in points.items():
        for name, value in zip(("count", *COLUMNS), point, strict=True):
            getattr(grid, name)[at] = value
    return grid


def points_of(rows):
    """(id, time, count, sum, min, max, last) of each, as the description of ``Rows`` says."""
    for path_id, cell in zip(rows.ids.tolist(), rows.cells.tolist(), strict=True):
        if cell & MULTI == MULTI:
            entry = cell & 0xFFFF_FFFF
            point = tuple(getattr(rows, name)[entry].item() for name in ("count", *COLUMNS))
        else:
            value = np.uint64(cell).view(np.float64).item()
            point = (1, value, value, value, value)
        yield path_id, rows.time, *point


@given(cells, places)
def test_each_wanted_point_is_in_the_window_of_its_time_as_it_is(points, wanted):
    where = np.zeros((PATHS, SLOTS), np.bool_)
    for at in wanted:
        where[at] = True
    windows = list(windows_of(LEVEL, IDS, grid_of(points), where))
    found = [point for window in windows for point in points_of(window.rows())]
    expected = [
        (int(IDS[path]), START + slot * LEVEL.step_s, *point) for (path, slot), point in points.items() if (path, slot) in wanted
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert [window.time for window in windows] == sorted({time for _, time, *_ in expected})
    assert all(np.all(np.diff(window.rows().ids.astype(np.int64)) > 0) for window in windows)
    assert {window.mode for window in windows} <= {Mode.REPLACE}

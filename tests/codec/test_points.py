"""Merging and rolling up equal the same done with one ``Point`` object at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from cadent.codec import points
from cadent.schema.grid import COLUMNS, Grid
from cadent.schema.identity import Mode
from cadent.schema.point import Point
from cadent.schema.statistic import Statistic
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

STEP_S = 10
# Whole numbers: their sums are exact in any order.
SAMPLES = st.integers(-1000, 1000).map(float)


class Oracle:
    """Points by (row, time), merged one at a time."""

    def __init__(self, grid):
        self.start, self.stop = grid.start, grid.stop
        self.points = {(row, point.time): point for row in range(grid.shape[0]) for point in grid.points(row)}

    def put(self, row, point, mode):
        if not self.start <= point.time < self.stop:
            return
        there = self.points.get((row, point.time))
        self.points[row, point.time] = there.add(point) if there and mode is Mode.ADD else point


@st.composite
def point_at(draw, time):
    samples = draw(st.lists(SAMPLES, min_size=1, max_size=4))
    return Point(time, len(samples), sum(samples), min(samples), max(samples), samples[-1])


def fill(grid, row_points):
    for row, point in row_points:
        at = row, (point.time - grid.start) // grid.step_s
        for name in ("count", "sum", "min", "max", "last"):
            getattr(grid, name)[at] = getattr(point, name)
    return grid


@st.composite
def grids(draw, start=None, shape=None):
    start = draw(st.integers(-20, 20)) * STEP_S if start is None else start
    paths, slots = shape or draw(st.tuples(st.integers(1, 3), st.integers(1, 12)))
    cells = draw(st.lists(st.tuples(st.integers(0, paths - 1), st.integers(0, slots - 1)), unique=True))
    row_points = [(row, draw(point_at(start + slot * STEP_S))) for row, slot in cells]
    return fill(Grid.empty(start, STEP_S, paths, slots), row_points)


def assert_holds(grid, oracle):
    assert Oracle(grid).points == oracle.points
    absent = grid.count == 0
    for column in (grid.sum, grid.min, grid.max, grid.last):
        np.testing.assert_array_equal(np.isnan(column), absent)


# -- merging -------------------------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(grids(), st.data(), st.sampled_from(list(Mode)))
def test_points_merge_in_order_and_clip_on_both_sides(grid, data, mode):
    rows = data.draw(st.lists(st.integers(0, grid.shape[0] - 1), max_size=20))
    late = [(row, data.draw(point_at(grid.start + data.draw(st.integers(-3, 15)) * STEP_S))) for row in rows]
    oracle = Oracle(grid)
    for row, point in late:
        oracle.put(row, point, mode)

    columns = [(point.time - grid.start) // STEP_S for _, point in late]
    values = ([getattr(point, name) for _, point in late] for name in ("count", "sum", "min", "max", "last"))
    points.add_points(grid, rows, columns, *values, mode)

    assert_holds(grid, oracle)


def test_a_point_of_no_sample_changes_nothing():
    grid = fill(Grid.empty(0, STEP_S, 1, 2), [(0, Point.of(0, 1.0))])
    for mode in Mode:
        points.add_points(grid, [0, 0], [0, 1], [0, 0], *[[9.0, 9.0]] * 4, mode)
        assert list(grid.points(0)) == [Point.of(0, 1.0)]


def test_the_first_point_of_a_cell_keeps_the_sign_of_its_zero():
    grid = Grid.empty(0, STEP_S, 1, 1)
    points.add_points(grid, [0], [0], [1], *[[-0.0]] * 4, Mode.ADD)
    assert math.copysign(1, grid.sum[0, 0]) == -1


@settings(max_examples=200)
@given(grids(), grids(), st.data())
def test_a_grid_adds_to_another_as_its_points_do(grid, other, data):
    rows = data.draw(st.lists(st.integers(0, grid.shape[0] - 1), min_size=other.shape[0], max_size=other.shape[0]))
    oracle = Oracle(grid)
    for row, into in enumerate(rows):
        for point in other.points(row):
            oracle.put(into, point, Mode.ADD)

    points.add_grid(grid, other, np.array(rows))

    assert_holds(grid, oracle)


@settings(max_examples=200)
@given(grids(), grids(), st.data())
def test_of_two_points_the_fuller_one_stays_whole_and_of_equal_ones_the_first(grid, other, data):
    rows = data.draw(st.lists(st.integers(0, grid.shape[0] - 1), min_size=other.shape[0], max_size=other.shape[0]))
    oracle = Oracle(grid)
    for row, into in enumerate(rows):
        for point in other.points(row):
            there = oracle.points.get((into, point.time))
            if there is None or point.count > there.count:
                oracle.put(into, point, Mode.REPLACE)

    points.keep_fuller(grid, other, np.array(rows))

    assert_holds(grid, oracle)


# -- rolling up ----------------------------------------------------------------------------------------------------------


@st.composite
def samples(draw):
    """(path, second, value) in order of arrival, seconds in [0, 240)."""
    return draw(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 239), SAMPLES), max_size=60))


def folded(arrivals, step_s, start=0):
    """The grid that a fold of every sample into windows of ``step_s`` gives."""
    grid = Grid.empty(start, step_s, 2, 240 // step_s)
    oracle = Oracle(grid)
    for path, second, value in arrivals:
        oracle.put(path, Point.of(start + second - second % step_s, value), Mode.ADD)
    return fill(grid, [(path, point) for (path, _), point in oracle.points.items()])


@settings(max_examples=200)
@given(samples(), st.sampled_from([10, 20, 30, 60, 120, 240]), st.sampled_from([0, -480, 86_400]))
def test_rolling_up_equals_folding_every_sample(arrivals, step_s, start):
    arrivals = sorted(arrivals, key=lambda sample: sample[1])  # so that the last of a window is the last to arrive
    coarse = points.roll_up(folded(arrivals, STEP_S, start), step_s)
    want = folded(arrivals, step_s, start)
    assert (coarse.start, coarse.step_s, coarse.shape) == (want.start, want.step_s, want.shape)
    assert_holds(coarse, Oracle(want))


@given(grids(), st.integers(1, 15))
def test_consolidating_merges_groups_from_the_first_slot_on(grid, factor):
    want = Grid.empty(grid.start, grid.step_s * factor, grid.shape[0], math.ceil(grid.shape[1] / factor))
    oracle = Oracle(want)
    for row in range(grid.shape[0]):
        for point in grid.points(row):
            group = (point.time - grid.start) // want.step_s
            moved = Point(grid.start + group * want.step_s, point.count, point.sum, point.min, point.max, point.last)
            oracle.put(row, moved, Mode.ADD)

    coarse = points.consolidate(grid, factor)

    assert (coarse.start, coarse.step_s, coarse.shape) == (want.start, want.step_s, want.shape)
    assert_holds(coarse, oracle)


@pytest.mark.parametrize(("start", "slots", "step_s"), [(10, 6, 60), (0, 7, 60), (0, 6, 15)])
def test_a_roll_up_that_would_cut_windows_is_refused(start, slots, step_s):
    with pytest.raises(ValueError, match=f"does not roll up to windows of {step_s}s"):
        points.roll_up(Grid.empty(start, STEP_S, 1, slots), step_s)


# -- values of one statistic ---------------------------------------------------------------------------------------------

PLAIN = {
    Statistic.SUM: sum,
    Statistic.COUNT: sum,
    Statistic.MIN: min,
    Statistic.MAX: max,
    Statistic.MEAN: lambda values: sum(values) / len(values),
    Statistic.LAST: lambda values: values[-1],
}
rows_of_values = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=12), elements=SAMPLES | st.just(math.nan)
)


@settings(max_examples=200)
@given(rows_of_values, st.integers(1, 14), st.sampled_from(list(Statistic)))
def test_values_consolidate_without_their_gaps(values, factor, statistic):
    got = points.consolidate_values(values, factor, statistic)
    assert got.shape == (values.shape[0], math.ceil(values.shape[1] / factor))
    for row, group in np.ndindex(got.shape):
        present = [value for value in values[row, group * factor : (group + 1) * factor].tolist() if not math.isnan(value)]
        want = PLAIN[statistic](present) if present else math.nan
        np.testing.assert_equal(got[row, group], want)


def interpolated(values, limit):
    values = list(values)
    present = [at for at, value in enumerate(values) if not math.isnan(value)]
    for before, after in itertools.pairwise(present):
        if after - before - 1 <= limit:
            for at in range(before + 1, after):
                values[at] = values[before] + (values[after] - values[before]) * (at - before) / (after - before)
    return values


@settings(max_examples=200)
@given(rows_of_values, st.integers(0, 12))
def test_only_inner_gaps_up_to_the_limit_are_filled_with_a_line(values, limit):
    want = np.array([interpolated(row, limit) for row in values.tolist()]).reshape(values.shape)
    points.interpolate(values, limit)
    np.testing.assert_allclose(values, want, rtol=1e-12, atol=1e-9)


def test_interpolation_leaves_what_is_there_and_both_ends_alone():
    nan = math.nan
    values = np.array([[nan, 1.0, nan, 3.0, nan, nan, 9.0, nan]])
    points.interpolate(values, 1)
    np.testing.assert_array_equal(values, [[nan, 1.0, 2.0, 3.0, nan, nan, 9.0, nan]])
    points.interpolate(values, 2)
    np.testing.assert_array_equal(values, [[nan, 1.0, 2.0, 3.0, 5.0, 7.0, 9.0, nan]])


# -- arguments -----------------------------------------------------------------------------------------------------------


def test_a_row_outside_the_grid_is_refused():
    grid = Grid.empty(0, STEP_S, 2, 3)
    for row in (-1, 2):
        with pytest.raises(ValueError, match=f"row {row} is not one of the grid's 2"):
            points.add_points(grid, [row], [0], [1], *[[1.0]] * 4, Mode.ADD)
        with pytest.raises(ValueError, match=f"row {row} is not one of the grid's 2"):
            points.add_grid(grid, Grid.empty(0, STEP_S, 1, 3), np.array([row]))


def test_arrays_of_different_lengths_are_refused():
    grid = Grid.empty(0, STEP_S, 2, 3)
    with pytest.raises(ValueError, match="want one length"):
        points.add_points(grid, [0, 0], [0], [1], *[[1.0]] * 4, Mode.ADD)
    with pytest.raises(ValueError, match="want one length"):
        points.add_grid(grid, Grid.empty(0, STEP_S, 1, 3), np.array([0, 1]))


@pytest.mark.parametrize(("start", "step_s"), [(5, 10), (0, 20)])
def test_a_grid_of_another_step_or_off_the_slots_is_refused(start, step_s):
    with pytest.raises(ValueError, match="does not fit"):
        points.add_grid(Grid.empty(0, STEP_S, 1, 3), Grid.empty(start, step_s, 1, 3), np.array([0]))
    with pytest.raises(ValueError, match="does not fit"):
        points.keep_fuller(Grid.empty(0, STEP_S, 1, 3), Grid.empty(start, step_s, 1, 3), np.array([0]))


@settings(max_examples=200)
@given(
    grids(start=0, shape=(3, 12)),
    grids(start=0, shape=(3, 12)),
    st.sets(st.sampled_from(COLUMNS)),
    st.sampled_from([points.add_grid, points.keep_fuller]),
    st.integers(1, 12),
)
def test_columns_that_a_grid_does_not_have_change_nothing_in_the_others(grid, other, names, merge, factor):
    partial, rows = cut_to(grid, names), np.arange(3)
    merge(partial, other, rows)
    merge(grid, other, rows)
    assert_same(partial, cut_to(grid, names))
    assert_same(points.consolidate(partial, factor), cut_to(points.consolidate(grid, factor), names))


def cut_to(grid, names):
    """A copy of the grid with no other columns than ``names``."""
    cut = Grid.empty(grid.start, grid.step_s, *grid.shape, names)
    for name in ("count", *names):
        getattr(cut, name)[:] = getattr(grid, name)
    return cut


def assert_same(got, want):
    for name in ("count", *COLUMNS):
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name), name)


def test_a_grid_cannot_add_a_column_it_lacks():
    with pytest.raises(ValueError, match="lack a column"):
        points.add_grid(Grid.empty(0, 10, 1, 2), Grid.empty(0, 10, 1, 2, ("sum",)), np.arange(1))


def test_columns_of_different_shapes_are_refused():
    wide, narrow = Grid.empty(0, STEP_S, 2, 9), Grid.empty(0, STEP_S, 2, 8)
    crooked = Grid(0, STEP_S, wide.count, wide.sum, wide.min, wide.max, narrow.last)
    for call in (
        lambda: points.add_points(crooked, [0], [8], [1], *[[1.0]] * 4, Mode.ADD),
        lambda: points.add_grid(crooked, wide, np.arange(2)),
        lambda: points.add_grid(wide, crooked, np.arange(2)),
        lambda: points.consolidate(crooked, 3),
    ):
        with pytest.raises(ValueError, match=r"last has shape \(2, 8\); want \(2, 9\)"):
            call()


@pytest.mark.parametrize("factor", [0, -1])
def test_a_factor_below_one_is_refused(factor):
    with pytest.raises(ValueError, match=f"factor of {factor}"):
        points.consolidate(Grid.empty(0, STEP_S, 1, 3), factor)
    with pytest.raises(ValueError, match=f"factor of {factor}"):
        points.consolidate_values(np.zeros((1, 3)), factor, Statistic.SUM)


def test_a_negative_limit_is_refused():
    with pytest.raises(ValueError, match="limit of -1"):
        points.interpolate(np.zeros((1, 3)), -1)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0)])
def test_grids_without_cells_are_fine(shape):
    empty, grid = Grid.empty(0, STEP_S, *shape), Grid.empty(0, STEP_S, 3, 5)
    points.add_grid(grid, empty, np.arange(shape[0]))
    points.add_grid(empty, empty, np.arange(shape[0]))
    points.add_points(empty, [], [], [], [], [], [], [], Mode.ADD)
    assert points.consolidate(empty, 2).shape == (shape[0], math.ceil(shape[1] / 2))
    assert not grid.count.any()

import numpy as np
import pytest
from cadent.schema.grid import Grid, columns_of
from cadent.schema.point import Point
from cadent.schema.statistic import Statistic


@pytest.fixture
def grid() -> Grid:
    grid = Grid.empty(600, 10, 2, 3)
    for at, point in {
        (0, 0): Point.of(600, 5.0),
        (0, 2): Point(620, 3, 6.0, 1.0, 3.0, 2.0),
        (1, 1): Point(610, 2, 0.0, -1.0, 1.0, -1.0),
    }.items():
        grid.count[at], grid.sum[at], grid.min[at], grid.max[at], grid.last[at] = (
            point.count,
            point.sum,
            point.min,
            point.max,
            point.last,
        )
    return grid


def test_an_empty_grid_has_its_shape_and_no_point():
    grid = Grid.empty(600, 10, 2, 3)
    assert (grid.shape, grid.stop) == ((2, 3), 630)
    assert grid.count.dtype == np.int64
    assert not grid.count.any()
    for column in (grid.sum, grid.min, grid.max, grid.last):
        assert column.dtype == np.float64
        assert column.flags.c_contiguous
        assert np.isnan(column).all()
    assert [list(grid.points(path)) for path in (0, 1)] == [[], []]


def test_the_columns_of_an_empty_grid_are_not_one_array():
    grid = Grid.empty(0, 10, 1, 1)
    grid.sum[0, 0] = 1.0
    assert np.isnan([grid.min[0, 0], grid.max[0, 0], grid.last[0, 0]]).all()


def test_the_points_of_a_path_come_in_order_of_time(grid):
    assert list(grid.points(0)) == [Point.of(600, 5.0), Point(620, 3, 6.0, 1.0, 3.0, 2.0)]
    assert list(grid.points(1)) == [Point(610, 2, 0.0, -1.0, 1.0, -1.0)]


@pytest.mark.parametrize(
    ("statistic", "values"),
    [
        (Statistic.COUNT, [1.0, np.nan, 3.0]),
        (Statistic.SUM, [5.0, np.nan, 6.0]),
        (Statistic.MIN, [5.0, np.nan, 1.0]),
        (Statistic.MAX, [5.0, np.nan, 3.0]),
        (Statistic.LAST, [5.0, np.nan, 2.0]),
        (Statistic.MEAN, [5.0, np.nan, 2.0]),
    ],
)
def test_a_statistic_is_its_numbers_and_nan_where_there_is_no_point(grid, statistic, values):
    column = grid.statistic(statistic)
    assert column.dtype == np.float64
    assert column.shape == (2, 3)
    np.testing.assert_array_equal(column[0], values)
    out = np.zeros((2, 3))
    assert grid.statistic(statistic, out) is out
    np.testing.assert_array_equal(out, column)


@pytest.mark.parametrize(
    ("statistics", "columns"),
    [
        ([Statistic.MEAN], ("sum",)),
        ([Statistic.COUNT], ()),
        ([Statistic.LAST, Statistic.MIN], ("min", "last")),
        (list(Statistic), ("sum", "min", "max", "last")),
    ],
)
def test_statistics_need_columns(statistics, columns):
    assert columns_of(statistics) == columns


def test_a_grid_may_do_without_columns():
    grid = Grid.empty(600, 10, 2, 3, ("max",))
    assert grid.columns == ("max",)
    assert (grid.shape, grid.max.shape, grid.sum.shape) == ((2, 3), (2, 3), (2, 0))
    assert np.isnan(grid.statistic(Statistic.MAX)).all()
    with pytest.raises(ValueError, match="mean of a grid without sum"):
        grid.statistic(Statistic.MEAN)


def test_an_emptied_grid_keeps_its_columns_and_no_point(grid):
    emptied = grid.emptied(900)
    assert (emptied.start, emptied.shape, emptied.columns) == (900, grid.shape, grid.columns)
    assert emptied.sum is grid.sum
    assert [list(emptied.points(path)) for path in (0, 1)] == [[], []]
    assert np.isnan(emptied.sum).all()

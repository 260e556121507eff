import math
from itertools import pairwise

import numpy as np
import pytest
from cadent.render.pictures.areas import Outline
from cadent.render.pictures.canvas import Area
from cadent.render.pictures.curves import Frame, curve, fitted, runs, spikes, stacked
from cadent.render.pictures.value_axis import ValueAxis
from cadent.render.time_series import TimeSeries
from hypothesis import given
from hypothesis import strategies as st

# A pixel is a second, and a value of 1.
FRAME = Frame(Area(0, 0, 100, 100), 0, 100, ValueAxis(0, 100, ()))
GAP = math.nan

columns = st.lists(st.floats(0, 100) | st.just(GAP), min_size=1, max_size=30)


def line(*values, start=0, step_s=10):
    return TimeSeries.of("a", start, start + step_s * len(values), step_s, np.array(values, float))


def drawn(mode, *values, limit=math.inf):
    """The points between gaps, in whole pixels."""
    return [[(round(x), round(y)) for x, y in run] for run in runs(curve(line(*values), FRAME, mode, limit))]


def test_a_slope_goes_from_value_to_value():
    assert drawn("slope", 0, 50, 100) == [[(0, 100), (10, 50), (20, 0)]]


def test_before_a_gap_a_slope_goes_on_so_that_a_lone_value_shows():
    assert drawn("slope", 0, GAP, 50, 60, GAP, GAP) == [[(0, 100), (10, 100)], [(20, 50), (30, 40), (40, 40)]]


def test_a_staircase_has_a_step_for_each_value():
    assert drawn("staircase", 0, 50, GAP, 10) == [[(0, 100), (10, 100), (10, 50), (20, 50)], [(30, 90), (40, 90)]]


def test_connected_lines_pass_over_gaps_up_to_a_limit():
    assert drawn("connected", GAP, 0, GAP, 50, GAP, GAP, 60) == [[(10, 100), (30, 50), (60, 40)]]
    assert drawn("connected", GAP, 0, GAP, 50, GAP, GAP, 60, limit=1) == [[(10, 100), (30, 50)], [(60, 40)]]


def test_spikes_reach_from_bottom_to_top_where_a_value_is_above_zero():
    points = spikes(line(0, 1, GAP, -1, 5), FRAME)
    assert [run.tolist() for run in runs(points)] == [[[10, 100], [10, 0]], [[40, 100], [40, 0]]]


@given(columns, st.sampled_from(["slope", "staircase", "connected"]))
def test_no_curve_leaves_the_time_of_its_values_or_goes_back(values, mode):
    for run in runs(curve(line(*values), FRAME, mode, math.inf)):
        assert (np.diff(run[:, 0]) > 0).all()
        assert run[0, 0] >= 0
        assert run[-1, 0] <= 10 * len(values)


@given(st.lists(columns, max_size=5))
def test_a_stack_is_the_sum_of_what_is_below(values):
    found = stacked([line(*one) for one in values])
    for number, one in enumerate(found):
        for at, value in enumerate(one.values):
            below = [other[at] for other in values[:number] if at < len(other) and not math.isnan(other[at])]
            own = values[number][at]
            assert math.isnan(value) if math.isnan(own) else value == pytest.approx(sum(below) + own)


@given(st.integers(1, 500), st.integers(1, 100), st.sampled_from([0.5, 1.0, 3.0]))
def test_there_are_no_more_slots_than_pixels(slots, pixels, wide):
    series = line(*range(slots))
    found = fitted(series, 10 * slots, pixels, wide)
    assert len(found.values) <= max(1, int(pixels / wide))
    assert found is series or len(series.values) > pixels / wide


def covered(polygons, x):
    """How much of the column at ``x`` the polygons cover, each by the rule of crossings."""
    total = 0.0
    for polygon in polygons:
        closed = np.concatenate((polygon, polygon[:1]))
        crossings = sorted(
            y0 + (x - x0) / (x1 - x0) * (y1 - y0) for (x0, y0), (x1, y1) in pairwise(closed) if min(x0, x1) <= x < max(x0, x1)
        )
        total += sum(high - low for low, high in zip(crossings[::2], crossings[1::2], strict=True))
    return total


@given(st.lists(st.lists(st.integers(0, 100), min_size=2, max_size=10), min_size=1, max_size=5), st.integers(0, 9))
def test_areas_cover_what_the_highest_of_them_does_and_nothing_twice(values, slot):
    outline = Outline(0, 100, FRAME.zero)
    polygons = []
    for one in values:
        points = curve(line(*one), FRAME, "staircase", math.inf)
        polygons += list(outline.added(points, overlap=False))
    highest = max((one[slot] for one in values if slot < len(one)), default=0)
    assert covered(polygons, 10 * slot + 4.3) == pytest.approx(highest, abs=0.01)


def test_areas_lie_on_both_sides_of_zero():
    frame = Frame(FRAME.area, 0, 100, ValueAxis(-50, 50, ()))
    outline = Outline(0, 100, frame.zero)
    polygons = list(outline.added(curve(line(20, -30), frame, "staircase", math.inf), overlap=False))
    assert covered(polygons, 5.0) == pytest.approx(20)
    assert covered(polygons, 15.0) == pytest.approx(30)

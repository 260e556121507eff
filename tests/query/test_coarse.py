import math

import pytest
from cadent.query.coarse import coarse_bounds, kept_statistic
from cadent.query.fetch import CoarseRead
from cadent.query.window import Bounds, narrow
from cadent.schema.policy import Policy
from cadent.schema.resolution import Ladder
from cadent.schema.statistic import Statistic
from hypothesis import given
from hypothesis import strategies as st

NOW, DAY_S = 1_700_000_000, 86_400
POLICY = Policy("default", Ladder.parse("10s:7d,1m:30d,10m:2y"))


@pytest.mark.parametrize(
    ("range_s", "points", "step_s"),
    [
        (DAY_S, 800, 120),  # 108 s would do; whole minutes are kept ready
        (DAY_S // 2, 800, 60),  # instead of 60
        (7 * DAY_S, 800, 780),  # 760 s; 1,200 would be half as many points
        (DAY_S, 140, 660),  # 620 would do
        (30 * DAY_S, 4_000, 660),
        (3_600, 1_000, 10),
        (3_600, 200, 20),
    ],
)
def test_a_near_step_that_is_kept_ready_is_preferred(range_s, points, step_s):
    assert coarse_bounds(NOW - range_s, NOW, 10, points, [POLICY]).step_s == step_s


@given(st.integers(1, 400 * DAY_S), st.integers(1, 3_000), st.sampled_from([10, 40, 60]))
def test_never_more_points_than_asked_for_and_never_much_fewer_but_slots_of_a_day_at_most(range_s, points, step_s):
    bounds = coarse_bounds(NOW - range_s, NOW, step_s, points, [POLICY, Policy("odd", Ladder.parse("40s:7d"))])
    most = narrow(NOW - range_s, NOW, step_s, points)
    assert bounds == Bounds.of(NOW - range_s, NOW, bounds.step_s)
    assert bounds.step_s % step_s == 0
    if most.step_s > DAY_S:
        assert bounds.step_s == DAY_S
        return
    assert most.step_s <= bounds.step_s <= math.floor(1.5 * most.step_s)
    assert bounds.slots <= points


ALL = frozenset({"average", "sum", "max", "min"})
MEAN, SUM, MAX, MIN, LAST, COUNT = (Statistic(name) for name in ("mean", "sum", "max", "min", "last", "count"))


@pytest.mark.parametrize(
    ("statistic", "consolidation", "kept"),
    [
        (MEAN, None, MEAN),
        (MAX, None, MAX),
        (MIN, None, MIN),
        (SUM, None, None),
        (LAST, None, None),
        (COUNT, None, None),
        (MEAN, "max", MAX),
        (MEAN, "min", MIN),
        (LAST, "max", MAX),
        (SUM, "sum", SUM),
        (MEAN, "sum", None),
        (SUM, "max", None),
        (MIN, "max", None),
        (MAX, "average", None),
    ],
)
def test_coarser_points_show_what_they_keep(statistic, consolidation, kept):
    assert kept_statistic(statistic, CoarseRead(100, consolidation, ALL)) is kept


@pytest.mark.parametrize(("statistic", "allowed"), [(MEAN, {"max"}), (MAX, {"average", "sum"}), (MEAN, set())])
def test_and_only_where_every_function_lets_it_through(statistic, allowed):
    assert kept_statistic(statistic, CoarseRead(100, None, frozenset(allowed))) is None

import math

import numpy as np
import pytest
from cadent.render.grids import align, consolidate, pool
from cadent.render.time_series import TimeSeries
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st

VALUE = st.none() | st.floats(-1e6, 1e6)
PLAIN = {
    "average": lambda filled, row: math.fsum(filled) / len(filled),
    "avg": lambda filled, row: math.fsum(filled) / len(filled),
    "avg_zero": lambda filled, row: math.fsum(filled) / len(row),
    "sum": lambda filled, row: math.fsum(filled),
    "max": lambda filled, row: max(filled),
    "min": lambda filled, row: min(filled),
    "first": lambda filled, row: filled[0],
    "last": lambda filled, row: filled[-1],
}


def array(row):
    values = np.array([math.nan if value is None else value for value in row], float)
    values.flags.writeable = False
    return values


def series(row, start=1_200, step_s=10, **more):
    return TimeSeries.of("a", start, start + len(row) * step_s, step_s, array(row), **more)


@given(st.lists(VALUE, max_size=40), st.integers(1, 45), st.sampled_from(sorted(PLAIN)), st.sampled_from([0.0, 0.4, 1.0]))
def test_neighbours_become_one(row, slots, consolidation, x_files_factor):
    found = pool(array(row), slots, consolidation, x_files_factor).tolist()
    groups = [row[at : at + slots] for at in range(0, len(row), slots)]
    assert len(found) == len(groups)
    for value, group in zip(found, groups, strict=True):
        filled = [one for one in group if one is not None]
        # The last group may lack some; a share is one of whole groups.
        if not filled or len(filled) / slots < x_files_factor:
            assert math.isnan(value)
        else:
            assert math.isclose(value, PLAIN[consolidation](filled, group), rel_tol=1e-12, abs_tol=1e-6)


@pytest.mark.parametrize("name", ["median", "", "Average"])
def test_what_is_no_consolidation_is_refused(name):
    with pytest.raises(QueryError, match="is not a consolidation; want one of sum, average"):
        pool(array([1.0, 2.0]), 2, name, 0.0)


def test_a_series_that_is_consolidated_keeps_its_range():
    found = consolidate(series([1.0, 2.0, 3.0], consolidation="max"), 2)
    assert (found.start, found.stop, found.step_s, found.values.tolist()) == (1_200, 1_230, 20, [2.0, 3.0])


@given(st.lists(st.tuples(st.sampled_from([10, 20, 30, 40, 60]), st.integers(0, 5), st.integers(1, 40)), min_size=1, max_size=5))
def test_series_of_different_steps_come_to_the_least_common_multiple(shapes):
    many = [series([1.0] * slots, 1_200 + late * step_s, step_s) for step_s, late, slots in shapes]
    aligned = align(many)
    steps = {one.step_s for one in many}
    assert all(aligned.step_s % step_s == 0 for step_s in steps)
    assert not any(all(smaller % step_s == 0 for step_s in steps) for smaller in range(10, aligned.step_s, 10))
    assert {one.step_s for one in aligned.series} == {aligned.step_s}
    assert aligned.start == min(one.start for one in many)
    assert (aligned.stop - aligned.start) % aligned.step_s == 0
    assert 0 <= max(one.stop for one in many) - aligned.stop < aligned.step_s


def test_every_series_is_consolidated_in_its_own_way():
    wanted = {"max": 4.0, "min": 1.0, "sum": 7.0, "first": 1.0, "last": 2.0}
    fine = [series([1.0, 4.0, 2.0], consolidation=name) for name in wanted]
    assert [one.values.tolist() for one in align([*fine, series([0.0], step_s=30)]).series] == [
        *([v] for v in wanted.values()),
        [0.0],
    ]

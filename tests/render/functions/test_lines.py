import math

import numpy as np
import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import AFTER, UNTIL, Recorded, evaluate, of_values

VALUES = st.lists(st.none() | st.integers(-100, 100).map(float), min_size=1, max_size=30)


@given(VALUES, st.booleans())
def test_a_level_is_the_aggregation_of_all_values(values, keep_step):
    known = [value for value in values if value is not None]
    (found,) = of_values(f"aggregateLine(a,'max',{str(keep_step).lower()})", values)
    level = max(known, default=math.nan)
    assert found.values.tolist() == pytest.approx([level] * (len(values) if keep_step else 3), nan_ok=True)
    assert found.name == f"aggregateLine(a, {f'{level:g}' if known else 'None'})"


def test_a_level_without_steps_spans_the_graph():
    (found,) = evaluate(Recorded({"a": (60, lambda _: 2.0)}), "aggregateLine(a)")
    assert list(found.times()) == [AFTER, (AFTER + UNTIL) // 2, UNTIL]
    assert found.tags == {"name": "2.0"}


def test_a_count_is_a_whole_number():
    assert of_values("aggregateLine(a,'count')", [1.0, None, 2.0])[0].tags == {"name": "2"}


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.lists(st.booleans(), min_size=2, max_size=50))
def test_a_regression_through_points_of_a_line_is_that_line(value, rise, there):
    line = [value + rise * at for at in range(len(there))]
    found = of_values("linearRegression(a)", [float(one) if known else None for one, known in zip(line, there, strict=True)])
    if sum(there) < 2:
        assert found == []
        return
    assert found[0].values.tolist() == pytest.approx(line, rel=1e-9, abs=1e-7)


@given(st.lists(st.none() | st.floats(-1e3, 1e3), min_size=2, max_size=30), st.floats(-1, 1), st.floats(-1, 1))
def test_no_other_line_is_nearer(values, shift, turn):
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    found = of_values("linearRegression(a)", values)
    if len(known) < 2:
        assert found == []
        return
    line = found[0].values
    distance = sum((line[at] - value) ** 2 for at, value in known)
    other = sum((line[at] + shift + turn * at - value) ** 2 for at, value in known)
    assert distance <= other * (1 + 1e-9) + 1e-9


def test_the_line_may_be_that_of_other_times_which_are_read_beforehand():
    source = Recorded({"a": (60, lambda at: float(at - AFTER) if at < AFTER else None)})
    (found,) = evaluate(source, f"linearRegression(a,'{AFTER - 7200}','{AFTER - 60}')")
    assert source.windows == [(AFTER, UNTIL), (AFTER - 7200, AFTER - 60)]
    assert found.values.tolist() == pytest.approx([at - AFTER for at in found.times()][: len(found.values)], rel=1e-9)
    assert found.tags["linearRegressions"] == f"{AFTER - 7200}, {AFTER - 60}"


def test_a_regression_is_consolidated_by_its_average():
    (found,) = of_values("linearRegression(consolidateBy(a,'max'))", [1.0, 2.0])
    assert found.consolidation == "average"
    assert np.allclose(found.values, [1.0, 2.0])


def test_what_is_no_time_is_said():
    with pytest.raises(QueryError, match="'whenever' is not a time"):
        of_values("linearRegression(a,'whenever')", [1.0])

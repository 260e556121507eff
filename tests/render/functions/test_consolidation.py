import numpy as np
import pytest
from cadent.render.context import Context
from cadent.render.evaluator import Evaluator
from cadent.render.table import functions
from cadent.render.thinning import thin
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import AFTER, UNTIL, Recorded, evaluate, of_values


@given(st.sampled_from(["sum", "average", "avg", "avg_zero", "max", "min", "first", "last"]))
def test_a_graph_of_fewer_points_shows_what_it_is_told_to(how):
    values = [float(at * 7 % 11) for at in range(60)]
    (found,) = thin(of_values(f"consolidateBy(a,'{how}')", values), 1)
    average = sum(values) / 60
    expected = {"sum": sum(values), "max": max(values), "min": min(values), "first": values[0], "last": values[-1]}
    assert found.values.tolist() == pytest.approx([expected.get(how, average)])


def test_a_cumulative_series_is_summed():
    (found,) = of_values("cumulative(a)", [1.0, 2.0])
    assert (found.name, found.consolidation) == ('consolidateBy(a,"sum")', "sum")


def test_an_unknown_consolidation_is_refused():
    with pytest.raises(QueryError, match="consolidateBy: consolidationFunc='bogus'"):
        of_values("consolidateBy(a,'bogus')", [1.0])


HALF = Recorded({"a": (60, lambda _: 1.0), "b": (60, lambda _: None)})


@pytest.mark.parametrize(
    ("target", "total"),
    [
        ("sumSeries(*)", 1.0),
        ("sumSeries(setXFilesFactor(*,0.6))", np.nan),
        ("sumSeries(xFilesFactor(*,0.5))", 1.0),
        ("sumSeries(scale(setXFilesFactor(*,0.6),1))", np.nan),
        ("sumSeries(b,setXFilesFactor(a,0.6))", np.nan),
        ("sumSeries(setXFilesFactor(setXFilesFactor(*,0.6),0.1))", 1.0),
    ],
)
def test_a_share_holds_for_the_functions_around_it(target, total):
    (found,) = evaluate(HALF, target)
    assert np.array_equal(found.values, np.full(60, total), equal_nan=True)


def test_a_share_does_not_hold_for_the_next_target():
    evaluator = Evaluator(HALF, functions())
    targets = ["setXFilesFactor(*,1)", "sumSeries(*)"]
    *_, total = evaluator.evaluate(targets, Context(AFTER, UNTIL, UNTIL, None, evaluator))
    assert not np.isnan(total.values).any()

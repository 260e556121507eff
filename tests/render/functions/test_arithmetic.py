import math

import numpy as np
import pytest
from cadent.render.function import ALWAYS, LINEAR, NEVER
from cadent.render.table import functions
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import of_values

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=30)

POINTWISE = {
    "absolute(a)": abs,
    "add(a,2.5)": lambda value: value + 2.5,
    "offset(a,-3)": lambda value: value - 3,
    "scale(a,-1.5)": lambda value: value * -1.5,
    "scaleToSeconds(a,60)": lambda value: round(value * 6, 6),
    "round(a,2)": lambda value: round(value, 2),
    "round(a,-2)": lambda value: round(value, -2),
    "invert(a)": lambda value: math.pow(value, -1),
    "pow(a,3)": lambda value: value**3,
    "pow(a,0)": lambda value: 1.0,
    "pow(a,0.25)": lambda value: math.pow(value, 0.25),
    "squareRoot(a)": math.sqrt,
    "log(a,2)": math.log2,
    "log(a,0.5)": lambda value: -math.log2(value),
    "exp(scale(a,1e-4))": lambda value: math.exp(value * 1e-4),
    "sigmoid(scale(a,1e-4))": lambda value: 1 / (1 + math.exp(value * -1e-4)),
    "logit(scale(a,1e-6))": lambda value: math.log(value * 1e-6 / (1 - value * 1e-6)),
}


def or_gap(compute, value):
    try:
        return math.nan if value is None else compute(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan


@pytest.mark.parametrize("target", POINTWISE)
@given(values=VALUES)
def test_each_value_by_itself_is_what_arithmetic_says(target, values):
    (found,) = of_values(target, values)
    expected = [or_gap(POINTWISE[target], value) for value in values]
    assert found.values.tolist() == pytest.approx(expected, rel=1e-12, abs=1e-300, nan_ok=True)


@given(VALUES)
def test_a_series_moved_to_zero_has_its_least_value_there(values):
    known = [value for value in values if value is not None]
    (found,) = of_values("offsetToZero(a)", values)
    assert np.isnan(found.values).tolist() == [value is None for value in values]
    if known:
        assert np.nanmin(found.values) == 0
        assert found.tags["offsetToZero"] == str(min(known))


@given(VALUES)
def test_a_normalized_series_goes_from_0_to_1(values):
    known = {value for value in values if value is not None}
    (found,) = of_values("minMax(a)", values)
    assert np.isnan(found.values).tolist() == [value is None for value in values]
    if known:
        assert np.nanmin(found.values) == 0
        assert np.nanmax(found.values) == (1 if len(known) > 1 else 0)


@pytest.mark.parametrize(
    ("target", "values"),
    [
        ("pow(a,2)", [1e300, 2.0]),
        ("pow(a,-2)", [1e-300, 2.0]),
        ("invert(a)", [0.0, 2.0]),
        ("squareRoot(a)", [-1.0, 2.0]),
        ("log(a)", [0.0, 2.0]),
        ("logit(a)", [1.0, 0.5]),
        ("logit(a)", [0.0, 0.5]),
    ],
)
def test_what_is_no_number_is_a_gap(target, values):
    (found,) = of_values(target, values)
    assert np.isnan(found.values).tolist() == [True, False]


def test_exp_overflows_to_infinity_and_sigmoid_to_its_limit():
    assert of_values("exp(a)", [1000.0])[0].values.tolist() == [math.inf]
    assert of_values("sigmoid(a)", [-1000.0, 1000.0])[0].values.tolist() == [0.0, 1.0]


def test_a_missing_precision_is_not_named():
    assert [of_values(target, [1.0])[0].name for target in ("round(a)", "round(a,0)")] == ["round(a)", "round(a,0)"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("log(a,1)", "log: base=1"),
        ("log(a,0)", "log: base=0"),
        ("log(a,'e')", "log: base='e'"),
        ("add(a,inf)", "add: constant=inf"),
        ("scaleToSeconds(a,inf)", "scaleToSeconds: seconds=inf"),
        ("scale(a,'much')", "scale: factor='much'"),
        ("round(a,1.5)", "round: precision=1.5"),
        (f"round(a,-{'9' * 200})", "round: precision=-999"),
        ("pow(a)", "pow lacks its argument factor"),
    ],
)
def test_a_wrong_argument_is_named(target, said):
    with pytest.raises(QueryError, match=said):
        of_values(target, [1.0])


@pytest.mark.parametrize(("factor", "commutes"), [(2, ALWAYS), (0, ALWAYS), (None, LINEAR)])
def test_a_scale_commutes(factor, commutes):
    assert functions()["scale"].commuting({"factor": factor}) == commutes


def test_a_negative_scale_turns_maxima_into_minima():
    assert functions()["scale"].commuting({"factor": -1}) == {**LINEAR, "max": "min", "min": "max"}


def test_what_is_not_linear_reads_all_points():
    assert {functions()[name].commuting({}) == NEVER for name in ("absolute", "pow", "log", "minMax", "offsetToZero")} == {True}

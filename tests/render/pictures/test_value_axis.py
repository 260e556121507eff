import math

import numpy as np
import pytest
from cadent.render.pictures.options import Options, Side
from cadent.render.pictures.value_axis import Limits, value_axis
from hypothesis import given
from hypothesis import strategies as st

ANY = Side()
values = st.floats(-1e300, 1e300)
some = st.none() | values


def axis(least, most, side=ANY, **parameters):
    return value_axis(Limits(least, most, max(least, 1e-3)), Options.of(parameters), side)


def texts(found):
    return [text for _, text in found.labels]


@given(values, values, st.sampled_from(["si", "binary", "sec", "msec", "none"]))
def test_an_axis_holds_its_values_and_has_a_few_even_labels_on_it(one, other, units):
    least, most = sorted((one, other))
    found = axis(least, most, yUnitSystem=units)
    slack = 1e-3 * (found.top - found.bottom)
    assert found.bottom - slack <= least <= most <= found.top + slack
    assert found.bottom < found.top
    places = np.array([value for value, _ in found.labels])
    assert 2 <= len(places) <= 31
    assert found.bottom - slack <= places[0] <= places[-1] <= found.top + slack
    assert np.diff(places) == pytest.approx(np.diff(places)[0], rel=1e-3, abs=1e-3 * slack)


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), st.floats(1.001, 1e6))
def test_a_logarithmic_axis_goes_from_power_to_power(one, other, base):
    least, most = sorted((one, other))
    found = value_axis(Limits(least, most, least), Options.of({"logBase": repr(base)}), Side())
    assert found.bottom <= least * 1.01
    assert most <= found.top * 1.01
    assert 1 <= len(found.labels) <= 31


@given(some, some, some, some, st.none() | st.floats(1e-300, 1e300), st.booleans())
def test_any_wish_makes_an_axis(least, most, limit, width, step, log):
    side = Side(least, most, limit, step, width)
    found = value_axis(Limits(-3.0, 7.0, 0.5), Options.of({"logBase": "10"} if log else {}), side)
    assert found.bottom < found.top
    assert math.isfinite(found.bottom)
    assert math.isfinite(found.top)
    assert len(found.labels) <= 31
    assert np.isfinite(found.shares(np.array([-3.0, 0.5, 7.0]))[1:]).all() or log


def test_what_is_wanted_is_where_the_axis_ends():
    found = axis(10, 90, Side(least=3, most=77))
    assert (found.bottom, found.top) == (3, 77)
    assert found.shares(np.array([3.0, 40.0, 77.0])).tolist() == [0, 0.5, 1]


def test_a_limit_bounds_the_top_alone():
    assert axis(0, 95, Side(limit=80)).top == 80
    assert axis(0, 40, Side(limit=80)).top == 40


@pytest.mark.parametrize(
    ("most", "units", "wanted"),
    [
        (5_000, "si", ["0", "1.0 k", "2.0 k", "3.0 k", "4.0 k", "5.0 k"]),
        (5_000_000, "si", ["0", "1.0 M", "2.0 M", "3.0 M", "4.0 M", "5.0 M"]),
        (4 * 1024, "binary", ["0", "1.0 Ki", "2.0 Ki", "3.0 Ki", "4.0 Ki"]),
        (5_000, "none", ["0", "1000.0", "2000.0", "3000.0", "4000.0", "5000.0"]),
        (0.5, "si", ["0", "0.10", "0.20", "0.30", "0.40", "0.50"]),
    ],
)
def test_labels_say_thousands_by_their_unit(most, units, wanted):
    assert texts(axis(0, most, yUnitSystem=units)) == wanted


def test_what_is_not_above_zero_has_no_place_on_a_logarithmic_axis():
    found = axis(0.0, 100.0, logBase="10")
    assert np.isnan(found.shares(np.array([0.0, -1.0]))).all()
    assert found.share(-1.0) == 0


def test_limits_pass_over_what_is_not_finite():
    odd = np.array([math.nan, math.inf, -math.inf, 2.0, -3.0])
    assert Limits.of(odd, odd) == Limits(-3.0, 2.0, 2.0)
    assert Limits.of(odd[:3], odd[:3]) == Limits(0.0, 1.0, 1.0)

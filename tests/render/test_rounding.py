import math
from decimal import Decimal

import numpy as np
import pytest
from cadent.render.rounding import rounded
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.floats(allow_nan=False, allow_infinity=False, width=64)
DIGITS = st.integers(-22, 22)


def python(value, digits):
    """What would overflow stays as it is."""
    try:
        return round(value, digits)
    except OverflowError:
        return value


@given(st.lists(VALUES), DIGITS)
def test_it_is_pythons_round(values, digits):
    expected = [python(value, digits) for value in values]
    assert rounded(np.array(values, float), digits) == pytest.approx(expected, rel=1e-15, abs=0)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(-6, 6), st.integers(-1, 1))
def test_halves_go_where_the_exact_value_lies(wholes, digits, aside):
    values = [float(Decimal(2 * whole + 1) / 2 / Decimal(10) ** digits) for whole in wholes]
    values = [math.nextafter(value, math.copysign(math.inf, aside)) if aside else value for value in values]
    assert rounded(np.array(values), digits).tolist() == [round(value, digits) for value in values]


@given(st.sampled_from([23, 100, 308, 309, 5_000]))
def test_digits_beyond_a_doubles_change_nothing(digits):
    values = np.array([1 / 3, -2e5, 1.7e308])
    assert rounded(values, digits) == pytest.approx(values, rel=1e-15)


def test_digits_beyond_the_greatest_number_leave_nothing():
    assert rounded(np.array([1.7e308, -1.0, math.nan]), -309).tolist() == pytest.approx([0.0, 0.0, math.nan], nan_ok=True)


def test_gaps_and_infinities_stay():
    values = [math.nan, math.inf, -math.inf]
    assert rounded(np.array(values), 3).tolist() == pytest.approx(values, nan_ok=True)


def test_what_is_given_is_not_written_to():
    values = np.array([0.25, 0.5])
    values.flags.writeable = False
    rounded(values, 1)
    assert values.tolist() == [0.25, 0.5]

import math

import numpy as np
import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import of_values

VALUES = st.lists(st.none() | st.integers(-100, 100).map(float), min_size=1, max_size=30)
PERCENTS = st.integers(1, 100)


def percentile(values, percent):
    """The value at the rank that is percent of one more than there are, rounded up."""
    ordered = sorted(value for value in values if value is not None)
    rank = -(-percent * (len(ordered) + 1) // 100)
    return ordered[min(rank, len(ordered)) - 1]


def assert_values(found, expected):
    gaps = [math.nan if value is None else value for value in expected]
    assert found.values.tolist() == pytest.approx(gaps, nan_ok=True)


@given(VALUES, st.integers(-110, 110))
def test_what_is_beyond_a_value_is_left_out(values, n):
    (below,), (above,) = (of_values(f"{name}(a,{n})", values) for name in ("removeAboveValue", "removeBelowValue"))
    assert_values(below, [None if value is None or value > n else value for value in values])
    assert_values(above, [None if value is None or value < n else value for value in values])


@given(VALUES, PERCENTS)
def test_what_is_beyond_a_percentile_is_left_out(values, n):
    (below,), (above,) = (of_values(f"{name}(a,{n})", values) for name in ("removeAbovePercentile", "removeBelowPercentile"))
    if all(value is None for value in values):
        assert np.isnan(below.values).all()
        assert np.isnan(above.values).all()
        assert "nPercentile" not in below.tags
        return
    limit = percentile(values, n)
    assert_values(below, [None if value is None or value > limit else value for value in values])
    assert_values(above, [None if value is None or value < limit else value for value in values])
    assert below.tags["nPercentile"] == above.tags["nPercentile"] == f"{n}.0"


@given(VALUES, PERCENTS)
def test_a_percentile_is_a_line_through_all_slots(values, n):
    found = of_values(f"nPercentile(a,{n})", values)
    if all(value is None for value in values):
        assert found == []
        return
    assert_values(found[0], [percentile(values, n)] * len(values))


@pytest.mark.parametrize("name", ["nPercentile", "removeAbovePercentile", "removeBelowPercentile"])
@pytest.mark.parametrize("n", ["0", "-5", "100.5", "nan"])
def test_what_is_no_percentage_is_refused(name, n):
    with pytest.raises(QueryError, match=f"{name}: n={n} is not"):
        of_values(f"{name}(a,'{n}')", [1.0])

import numpy as np
import pytest
from cadent.schema.series import Series


def test_a_series_has_a_value_for_each_slot():
    assert len(Series("a", 600, 630, 10, np.zeros(3)).values) == 3
    assert len(Series("a", 600, 600, 10, np.zeros(0)).values) == 0


def test_values_that_do_not_fill_the_grid_are_refused_with_both_numbers():
    with pytest.raises(ValueError, match=r"a\.b: 2 values for 3 slots"):
        Series("a.b", 600, 630, 10, np.zeros(2))

"""What one request may hold at a time."""

import numpy as np
import pytest
from cadent.render.holding import Holding
from cadent.render.time_series import TimeSeries
from cadent.schema.errors import LimitExceeded

# A tenth of what may be held, as if it took no memory.
SERIES = TimeSeries.of("a", 0, 80_000_000, 10, np.broadcast_to(np.zeros(1), 8_000_000))
ALL_BUT_ONE = 9


def test_what_is_held_adds_up_to_the_limit():
    holding = Holding()
    for _ in range(ALL_BUT_ONE):
        holding.add([SERIES])
    with pytest.raises(LimitExceeded, match="80,000,000 values"):
        holding.add([SERIES])


def test_what_was_held_for_now_is_let_go():
    holding = Holding()
    for _ in range(3):
        with holding.for_now():
            holding.add([SERIES] * ALL_BUT_ONE)
    holding.add([SERIES] * ALL_BUT_ONE)


def test_what_is_held_around_counts_within():
    holding = Holding()
    holding.add([SERIES] * ALL_BUT_ONE)
    with pytest.raises(LimitExceeded), holding.for_now():
        holding.add([SERIES])


def test_series_without_values_take_memory_too():
    empty = TimeSeries.of("a", 0, 0, 10, np.zeros(0))
    with pytest.raises(LimitExceeded):
        Holding().add([empty] * 2_000_000)


@pytest.mark.parametrize("value", [None, 5, "text", [], ["text", 1]])
def test_what_is_no_series_takes_nothing(value):
    holding = Holding()
    holding.add([SERIES] * ALL_BUT_ONE)
    for _ in range(1_000):
        holding.add(value)

import math
import struct

import pytest
from cadent.cadentfinder.binary import read_series
from hypothesis import given
from hypothesis import strategies as st
from servers import binary_answer

ENTRY = {"path": "a.b", "target": "a.*", "start": 60, "end": 90, "step": 10}


def test_each_series_has_its_own_grid():
    other = {"path": "c", "target": "c", "start": 0, "end": 120, "step": 60}
    first, second = read_series(binary_answer(ENTRY, other, values=[[1.0, 2.0, 3.5], [-0.0, 1e300]]))
    assert first == ("a.b", "a.*", 60, 90, 10, [1.0, 2.0, 3.5])
    assert second == ("c", "c", 0, 120, 60, [0.0, 1e300])
    assert math.copysign(1, second.values[0]) == -1


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), max_size=20))
def test_gaps_are_none_and_numbers_are_plain_floats(values):
    entry = {**ENTRY, "end": 60 + 10 * len(values)}
    (series,) = read_series(binary_answer(entry, values=[[math.nan if value is None else value for value in values]]))
    assert series.values == values
    assert all(type(value) in (float, type(None)) for value in series.values)


def test_infinities_that_cancel_out_are_no_gaps():
    (series,) = read_series(binary_answer(ENTRY, values=[[math.inf, -math.inf, 1.0]]))
    assert series.values == [math.inf, -math.inf, 1.0]


def test_an_answer_may_hold_no_series():
    assert read_series(binary_answer(values=[])) == []


def test_every_shortened_answer_is_refused():
    whole = binary_answer(ENTRY, values=[[1.0, 2.0, 3.0]])
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="answer"):
            read_series(whole[:length])


@pytest.mark.parametrize(
    "body", [b"<html>not found</html>", b"CDNT\x02\0\0\0" + struct.pack("<L", 0), binary_answer(values=[]) + b"more"]
)
def test_what_is_not_the_format_is_refused(body):
    with pytest.raises(ValueError, match="answer"):
        read_series(body)

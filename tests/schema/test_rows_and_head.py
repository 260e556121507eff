import numpy as np
from cadent.schema.head import HEAD_POINT, NoHead
from cadent.schema.rows import ABSENT, MULTI
from hypothesis import given
from hypothesis import strategies as st


def bits(value: float) -> int:
    return int(np.float64(value).view(np.uint64))


def is_multi(cell: int) -> bool:
    return cell >> 32 == MULTI >> 32


@given(st.floats(allow_nan=False), st.integers(0, 2**32 - 1))
def test_no_sample_looks_like_an_absent_or_multi_cell(value, k):
    assert bits(value) != ABSENT
    assert not is_multi(bits(value))
    assert is_multi(MULTI | k)
    assert (MULTI | k) - MULTI == k


def test_absent_is_the_nan_that_numpy_writes():
    assert bits(np.nan) == ABSENT
    assert not is_multi(ABSENT)


def test_a_head_point_is_56_bytes_without_padding():
    assert HEAD_POINT.itemsize == 56
    assert [HEAD_POINT.fields[name][1] for name in HEAD_POINT.names] == [0, 4, 8, 16, 24, 32, 40, 48]


def test_a_folder_without_a_writer_has_no_open_point_and_ends_nowhere():
    answer = NoHead().head("default", np.arange(3, dtype=np.uint32))
    assert len(answer.points) == 0
    assert answer.points.dtype == HEAD_POINT
    assert answer.last_sequence == 2**63 - 1

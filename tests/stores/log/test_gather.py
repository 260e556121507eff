"""The kernel refuses what would lead it out of the log or the grid; what it merges, test_writer.py looks at."""

import struct

import numpy as np
import pytest
from cadent.stores.log._gather import gather

DENSE, SPARSE = 2, 3


def call(records, slots=(0,), rows=(0,), log=bytes(64), paths=1, width=1, floats=None):
    count = np.zeros((paths, width), np.int64)
    columns = [np.zeros(floats or (paths, width)) for _ in range(4)]
    table = np.array(records, np.int64).reshape(len(records), -1)
    data = np.frombuffer(log, np.uint8)
    answer = gather(data, table, np.array(slots, np.int64), np.array(rows, np.int64), False, count, *columns)
    return answer, count


@pytest.mark.parametrize(
    "record",
    [
        (1, 0, 0, 1, 0),
        (4, 0, 0, 1, 0),
        (DENSE, 1, 0, 1, 0),
        (DENSE, -1, 0, 1, 0),
        (DENSE, 0, 4, 1, 0),
        (DENSE, 0, -8, 1, 0),
        (DENSE, 0, 64, 1, 0),
        (DENSE, 0, 0, 9, 0),
        (DENSE, 0, 0, -1, 0),
        (DENSE, 0, 0, 2**40, 0),
        (DENSE, 0, 0, 1, 2),
        (DENSE, 0, 0, 1, 2**33),
        (SPARSE, 0, 0, 6, 0),
        (DENSE, 0, 2**62, 1, 0),
        (DENSE, 0, 0, 1),
    ],
)
def test_a_record_that_does_not_fit_is_refused(record):
    with pytest.raises(ValueError, match="record"):
        call([record])


@pytest.mark.parametrize(
    ("slots", "rows"), [((0,), (1,)), ((0,), (-1,)), ((-1,), (0,)), ((1, 0), (0, 0)), ((1, 1), (0, 0)), ((0, 1), (0,))]
)
def test_slots_and_rows_that_do_not_fit_are_refused(slots, rows):
    with pytest.raises(ValueError, match="slot"):
        call([(DENSE, 0, 0, 1, 0)], slots, rows)


def test_arrays_of_unlike_shape_are_refused():
    with pytest.raises(ValueError, match="the arrays of a grid"):
        call([(DENSE, 0, 0, 1, 0)], floats=(1, 2))


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("missing", range(4))
def test_a_column_that_the_grid_does_not_have_changes_nothing_in_the_others(missing, replace):
    multi = struct.pack("<Qqdddd", 0xFFFC_0000_0000_0000, 3, 6.0, 1.0, 3.0, 2.0)
    log = np.frombuffer(struct.pack("<d", 5.0) + multi, np.uint8)
    records = np.array([(DENSE, 0, 0, 1, 0), (DENSE, 0, 8, 1, 1)])
    count, *columns = np.zeros((1, 1), np.int64), *(np.full((1, int(at != missing)), np.nan) for at in range(4))
    assert gather(log, records, np.array([0]), np.array([0]), replace, count, *columns) == -1
    expected = [6.0, 1.0, 3.0, 2.0] if replace else [11.0, 1.0, 5.0, 2.0]
    assert count[0, 0] == (3 if replace else 4)
    assert [column.tolist() for column in columns] == [[[]] if at == missing else [[expected[at]]] for at in range(4)]


def test_a_log_that_is_not_aligned_is_refused():
    with pytest.raises(ValueError, match="aligned"):
        call([(DENSE, 0, 0, 1, 0)], log=memoryview(bytes(65))[1:])


@pytest.mark.parametrize("cell", [0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0001, 0xFFFC_0000_0000_0001])
def test_the_record_of_a_cell_that_makes_no_sense_is_named(cell):
    cells = np.array([0x3FF0_0000_0000_0000, cell, 0, 0, 0, 0, 0], np.uint64)
    answer, _ = call([(DENSE, 0, 0, 1, 0), (DENSE, 0, 8, 1, 1)], log=cells.tobytes())
    assert answer == 1


@pytest.mark.parametrize("kind", [DENSE, SPARSE])
@pytest.mark.parametrize("asked", [1, 127, 128, 129, 500])
@pytest.mark.parametrize("present", [1, 300, 700])
def test_any_number_of_paths_is_merged(kind, asked, present):
    rng = np.random.default_rng(asked)
    slots = np.sort(rng.permutation(700)[:present]) if kind == SPARSE else np.arange(present)
    values = rng.random(present)
    payload = values.tobytes()
    if kind == SPARSE:
        payload = slots.astype("<u4").tobytes().ljust((present + 1) // 2 * 8, b"\0") + payload
    asked_slots, rows = np.sort(rng.permutation(700)[:asked]), rng.permutation(asked)
    count, *columns = np.zeros((asked, 1), np.int64), *(np.full((asked, 1), np.nan) for _ in range(4))
    records = np.array([(kind, 0, 0, present, 0)], np.int64)
    assert gather(np.frombuffer(payload, np.uint8), records, asked_slots, rows, False, count, *columns) == -1
    expected = dict(zip(slots.tolist(), values.tolist(), strict=True))
    got = {slot: columns[0][row, 0] for slot, row in zip(asked_slots.tolist(), rows.tolist(), strict=True) if count[row, 0]}
    assert got == {slot: expected[slot] for slot in asked_slots.tolist() if slot in expected}

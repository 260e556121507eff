"""Chunks come back bit for bit, merge by their mode, and no bytes whatever do harm."""

from __future__ import annotations

import mmap
import threading

import numpy as np
import pytest
from cadent.codec import chunk, points
from cadent.schema.grid import Grid
from cadent.schema.identity import Mode
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

STEP_S = 10
ODD_VALUES = [0.0, -0.0, 5e-324, -5e-324, 2.2e-308, 0.1, 1 / 3, 0.30000000000000004, 1e15, 2.0**53, 1e22, -1e300, np.inf, -np.inf]


def random_bits(rng, shape):
    values = rng.integers(-(2**63), 2**63 - 1, shape, np.int64).view(np.float64)
    return np.where(np.isnan(values), 1.0, values)


KINDS = {
    "constant": lambda rng, shape: np.full(shape, rng.choice(ODD_VALUES)),
    "decimals": lambda rng, shape: np.round(rng.normal(0, 1, shape).cumsum(-1), int(rng.integers(0, 9))),
    "integers": lambda rng, shape: rng.integers(-(2**45), 2**45, shape).astype(float),
    "huge integers": lambda rng, shape: rng.integers(-(2**62), 2**62, shape).astype(float),
    "counter": lambda rng, shape: rng.integers(0, 50, shape).cumsum(-1).astype(float),
    "pages": lambda rng, shape: rng.integers(0, 10**6, shape) * 4096.0,
    "any bits": random_bits,
    "full precision": lambda rng, shape: rng.normal(0, 10.0 ** rng.integers(-300, 300), shape),
    "off by ulps": lambda rng, shape: np.round(rng.random(shape), 2) * 3,
    "odd values": lambda rng, shape: rng.choice(ODD_VALUES, shape),
    "decimals with odd ones": lambda rng, shape: np.where(
        rng.random(shape) < 0.05, rng.choice(ODD_VALUES, shape), np.round(rng.random(shape), 2)
    ),
    "spikes": lambda rng, shape: np.where(rng.random(shape) < 0.02, rng.random(shape) * 1e6 // 1, 3.0),
}
COUNTS = {
    "singles": lambda rng, shape: np.ones(shape, np.int64),
    "multis": lambda rng, shape: rng.integers(2, 100, shape),
    "both": lambda rng, shape: rng.integers(1, 3, shape),
    "huge": lambda rng, shape: rng.integers(1, 2**62, shape),
}
PRESENCE = {
    "full": lambda rng, shape: np.ones(shape, bool),
    "scattered": lambda rng, shape: rng.random(shape) < rng.random(),
    "runs": lambda rng, shape: (rng.random(shape) < 0.05).cumsum(-1) % 2 == 0,
    "one": lambda rng, shape: np.arange(shape[1]) == rng.integers(0, shape[1], (shape[0], 1)),
}


def grid_of(count, *columns, start=0):
    """A grid with NaN where ``count`` is 0, and one value in all columns where it is 1."""
    first = columns[0]
    columns = [np.where(count == 0, np.nan, np.where(count == 1, first, column)) for column in columns]
    return Grid(start, STEP_S, np.ascontiguousarray(count, np.int64), *columns)


def make_grid(rng, shape, kind, counts="singles", presence="full", start=0):
    count = COUNTS[counts](rng, shape) * PRESENCE[presence](rng, shape)
    return grid_of(count, *(KINDS[kind](rng, shape) for _ in range(4)), start=start)


@st.composite
def any_grid(draw, paths=3, slots=chunk.MAX_SLOTS):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (draw(st.integers(1, paths)), draw(st.sampled_from([1, 2, 7, 63, 64, 65, 180, 360, slots])))
    kinds = (st.sampled_from(sorted(choices)) for choices in (KINDS, COUNTS, PRESENCE))
    return make_grid(rng, shape, *(draw(kind) for kind in kinds))


def pairs(offsets):
    return np.stack([offsets[:-1], offsets[1:]], axis=1)


def decode_all(data, offsets, slots, into, column=0, mode=Mode.ADD):
    chunk.decode(data, pairs(offsets), np.arange(len(offsets) - 1), slots, into, column, mode)


def columns_of(grid):
    return {name: getattr(grid, name) for name in ("count", "sum", "min", "max", "last")}


def assert_same_bits(got, want):
    for name, column in columns_of(want).items():
        there = getattr(got, name)
        present = ~np.isnan(column)
        np.testing.assert_array_equal(np.isnan(there), ~present, name)
        np.testing.assert_array_equal(there[present].view(np.int64), column[present].view(np.int64), name)


def assert_round_trip(grid):
    data, offsets = chunk.encode(grid)
    into = Grid.empty(grid.start, STEP_S, *grid.shape)
    decode_all(data, offsets, grid.shape[1], into)
    assert_same_bits(into, grid)
    return data


# -- round trips ---------------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(any_grid())
def test_any_grid_comes_back_bit_for_bit(grid):
    assert_round_trip(grid)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_small_arrays_come_back_bit_for_bit(data):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=24))
    count = data.draw(hnp.arrays(np.int64, shape, elements=st.sampled_from([0, 1, 1, 2, 2**62])))
    floats = hnp.arrays(np.float64, shape, elements=st.floats(allow_nan=False))
    assert_round_trip(grid_of(count, *(data.draw(floats) for _ in range(4))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("presence", PRESENCE)
def test_every_kind_of_data_comes_back(kind, counts, presence):
    rng = np.random.default_rng(5)
    for slots in (1, 65, 360):
        assert_round_trip(make_grid(rng, (4, slots), kind, counts, presence))


def test_one_sample_with_zeros_of_both_signs_is_not_taken_for_one_value():
    count = np.ones((1, 3), np.int64)
    zero = np.zeros((1, 3))
    grid = Grid(0, STEP_S, count, zero, zero, -zero, zero)
    assert_round_trip(grid)


def test_a_sum_that_overflowed_to_nan_is_still_a_point():
    grid = grid_of(np.full((1, 4), 2), *(np.ones((1, 4)) for _ in range(4)))
    grid.sum[0, 2] = np.nan
    data, offsets = chunk.encode(grid)
    into = Grid.empty(0, STEP_S, 1, 4)
    decode_all(data, offsets, 4, into)
    np.testing.assert_array_equal(into.sum, grid.sum)
    np.testing.assert_array_equal(into.count, grid.count)


def test_rows_without_points_take_no_bytes():
    grid = Grid.empty(0, STEP_S, 3, 60)
    grid.count[1] = 1
    for column in (grid.sum, grid.min, grid.max, grid.last):
        column[1] = 7.0
    data, offsets = chunk.encode(grid)
    assert offsets.tolist() == [0, 0, len(data), len(data)]
    assert_round_trip(grid)


@pytest.mark.parametrize("shape", [(0, 0), (0, 60), (5, 0)])
def test_grids_without_cells_are_empty_chunks(shape):
    data, offsets = chunk.encode(Grid.empty(0, STEP_S, *shape))
    assert data == b""
    assert offsets.tolist() == [0] * (shape[0] + 1)


# -- size ----------------------------------------------------------------------------------------------------------------


def size_of(values):
    grid = grid_of(np.ones(values.shape, np.int64), *[values] * 4)
    return len(assert_round_trip(grid)) / values.size


def test_two_decimal_gauges_and_counters_stay_below_nine_tenths_of_a_byte_a_point():
    rng = np.random.default_rng(1)
    gauges = np.round(50 + rng.normal(0, 0.5, (200, 360)).cumsum(1), 2)
    counters = rng.integers(0, 50, (200, 360)).cumsum(1).astype(float)
    assert size_of(gauges) < 1.01
    assert size_of(counters) < 0.80


def test_a_constant_takes_a_few_bytes_a_chunk():
    assert size_of(np.full((10, 360), 21.5)) * 360 <= 6


def test_a_few_odd_values_do_not_spoil_a_chunk_of_decimals():
    values = np.round(np.random.default_rng(2).random((10, 360)) * 10, 1)
    clean = size_of(values)
    values[:, 100:300:50] = [-0.0, np.inf, 1 / 3, 1e300]
    assert size_of(values) < clean + 0.3


def test_counts_do_not_cost_where_points_are_single():
    values = np.round(np.random.default_rng(2).random((10, 360)) * 10, 1)
    singles = grid_of(np.ones(values.shape, np.int64), *[values] * 4)
    twins = Grid(0, STEP_S, singles.count * 2, values * 2, values, values, values)
    assert len(chunk.encode(singles)[0]) < len(chunk.encode(twins)[0])


# -- merging -------------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(any_grid(slots=500), any_grid(slots=500), st.integers(-600, 600), st.sampled_from(list(Mode)))
@example(
    make_grid(np.random.default_rng(1), (1, 4), "counter"), make_grid(np.random.default_rng(1), (1, 2), "counter"), 3, Mode.ADD
)
def test_decoding_merges_as_points_do_and_clips_on_both_sides(into, chunks, column, mode):
    want = Grid(into.start, STEP_S, *(values.copy() for values in columns_of(into).values()))
    rows = np.arange(chunks.shape[0]) % into.shape[0]
    data, offsets = chunk.encode(chunks)

    chunk.decode(data, pairs(offsets), rows, chunks.shape[1], into, column, mode)

    row, slot = np.nonzero(chunks.count)
    cells = (values[row, slot] for values in columns_of(chunks).values())
    points.add_points(want, rows[row], slot + column, *cells, mode)
    assert_same_bits(into, want)


def without(grid, missing):
    """The grid with columns of width 0 for those in ``missing``."""
    columns = {name: values[:, :0] if name in missing else values for name, values in columns_of(grid).items()}
    return Grid(grid.start, STEP_S, **{name: values.copy() for name, values in columns.items()})


@settings(max_examples=200, deadline=None)
@given(
    any_grid(slots=500),
    any_grid(slots=500),
    st.integers(-600, 600),
    st.sampled_from(list(Mode)),
    st.sets(st.sampled_from(["sum", "min", "max", "last"]), min_size=1),
)
def test_columns_that_a_grid_does_not_have_change_nothing_in_the_others(into, chunks, column, mode, missing):
    rows = np.arange(chunks.shape[0]) % into.shape[0]
    data, offsets = chunk.encode(chunks)
    partial = without(into, missing)

    chunk.decode(data, pairs(offsets), rows, chunks.shape[1], partial, column, mode)

    chunk.decode(data, pairs(offsets), rows, chunks.shape[1], into, column, mode)
    assert_same_bits(partial, without(into, missing))


def test_each_chunk_may_have_a_column_of_its_own():
    grid = make_grid(np.random.default_rng(3), (4, 30), "decimals", "both", "scattered")
    data, offsets = chunk.encode(grid)
    into = Grid.empty(0, STEP_S, 2, 60)
    chunk.decode(data, pairs(offsets), np.array([0, 0, 1, 1]), 30, into, np.array([0, 30, 30, 0]), Mode.ADD)
    rows = np.array([[0, 1], [3, 2]])
    want = Grid(0, STEP_S, *(values[rows].reshape(2, 60) for values in columns_of(grid).values()))
    assert_same_bits(into, want)


def test_chunks_may_be_scattered_in_the_data_and_come_in_any_order():
    grid = make_grid(np.random.default_rng(3), (6, 90), "decimals", "both", "scattered")
    data, offsets = chunk.encode(grid)
    order = np.array([4, 0, 5, 2])
    into = Grid.empty(0, STEP_S, 6, 90)
    chunk.decode(b"head" + data + b"tail", pairs(offsets)[order] + 4, order, 90, into, 0, Mode.ADD)
    for values in columns_of(grid).values():
        values[[1, 3]] = 0 if values is grid.count else np.nan
    assert_same_bits(into, grid)


def test_a_later_chunk_of_one_row_adds_to_or_replaces_an_earlier_one():
    grid = grid_of(np.array([[1, 1, 0], [1, 0, 1]]), *[np.array([[1.0, 2.0, 0.0], [5.0, 0.0, 6.0]])] * 4)
    data, offsets = chunk.encode(grid)
    rows = np.zeros(2, np.int64)
    added, replaced = Grid.empty(0, STEP_S, 1, 3), Grid.empty(0, STEP_S, 1, 3)
    chunk.decode(data, pairs(offsets), rows, 3, added, 0, Mode.ADD)
    chunk.decode(data, pairs(offsets), rows, 3, replaced, 0, Mode.REPLACE)
    assert [str(point) for point in added.points(0)] == ["0 2 6.0 1.0 5.0 5.0", "10 1 2.0 2.0 2.0 2.0", "20 1 6.0 6.0 6.0 6.0"]
    assert [str(point) for point in replaced.points(0)] == ["0 1 5.0 5.0 5.0 5.0", "10 1 2.0 2.0 2.0 2.0", "20 1 6.0 6.0 6.0 6.0"]


@pytest.mark.parametrize("wrap", [bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)])
def test_any_buffer_of_bytes_will_do(wrap):
    grid = make_grid(np.random.default_rng(3), (2, 20), "decimals")
    data, offsets = chunk.encode(grid)
    into = Grid.empty(0, STEP_S, 2, 20)
    decode_all(wrap(data), offsets, 20, into)
    assert_same_bits(into, grid)


def test_a_mapped_file_will_do(tmp_path):
    grid = make_grid(np.random.default_rng(3), (2, 20), "decimals")
    data, offsets = chunk.encode(grid)
    file = tmp_path / "chunks"
    file.write_bytes(data)
    into = Grid.empty(0, STEP_S, 2, 20)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        decode_all(mapped, offsets, 20, into)
    assert_same_bits(into, grid)


def test_threads_may_encode_and_decode_at_once():
    grids = [make_grid(np.random.default_rng(seed), (50, 360), "decimals", "both", "scattered") for seed in range(4)]
    failures = []

    def work(grid):
        try:
            for _ in range(5):
                assert_round_trip(grid)
        except AssertionError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(grid,)) for grid in grids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# -- bytes that make no sense --------------------------------------------------------------------------------------------

FRAME = 5


def decode_framed(data, slots):
    """Decodes one chunk into the middle of a grid, and checks that what lies around it is untouched."""
    into = Grid.empty(0, STEP_S, 3, slots + 2 * FRAME)
    for values in columns_of(into).values():
        values[:] = 77
        values[1, FRAME:-FRAME] = 0
    try:
        chunk.decode(data, np.array([[0, len(data)]]), np.array([1]), slots, into, FRAME, Mode.ADD)
    except ValueError as error:
        assert str(error).startswith("chunk 0: ")  # noqa: PT017
        return False
    finally:
        for values in columns_of(into).values():
            values[1, FRAME:-FRAME] = 77
            assert (values == 77).all()
    return True


def valid_chunks(slots=90):
    rng = np.random.default_rng(11)
    for kind in KINDS:
        for counts in COUNTS:
            for presence in PRESENCE:
                data, _ = chunk.encode(make_grid(rng, (1, slots), kind, counts, presence))
                if data:
                    yield data


def test_a_chunk_cut_anywhere_is_refused():
    for data in valid_chunks(30):
        for length in range(1, len(data)):
            assert not decode_framed(data[:length], 30), (data.hex(), length)


def test_flipped_bits_do_no_harm():
    rng = np.random.default_rng(12)
    for data in valid_chunks():
        for _ in range(20):
            broken = bytearray(data)
            for at in rng.integers(0, 8 * len(data), rng.integers(1, 4)):
                broken[at >> 3] ^= 1 << (at & 7)
            decode_framed(bytes(broken), 90)


@pytest.mark.parametrize("filled", [False, True])
def test_a_chunk_that_is_refused_changes_nothing(filled):
    rng = np.random.default_rng(14)
    refused = 0
    for data in valid_chunks():
        for _ in range(20):
            broken = bytearray(data)
            broken[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
            into = make_grid(rng, (1, 90), "decimals") if filled else Grid.empty(0, STEP_S, 1, 90)
            before = without(into, ())
            try:
                decode_all(bytes(broken), np.array([0, len(data)]), 90, into)
            except ValueError:
                refused += 1
                assert_same_bits(into, before)
    assert refused > 100


@pytest.mark.parametrize(("change", "reason"), [(-1, "too early"), (1, "not as long as it says")])
@pytest.mark.parametrize("at", [6, 9, 12])
def test_a_column_that_is_not_as_long_as_it_says_is_refused(at, change, reason):
    """Counts 2 and sums 4, scale, then min 1, max 3, last 3 behind their lengths; all are constant."""
    data = bytearray.fromhex("05 00 04 00 00 08 02 00 02 02 00 06 02 00 06 00")
    into = Grid.empty(0, STEP_S, 1, 2)
    decode_all(bytes(data), np.array([0, len(data)]), 2, into)
    assert [str(point) for point in into.points(0)] == ["0 2 4.0 1.0 3.0 3.0", "10 2 4.0 1.0 3.0 3.0"]
    data[at] += change
    with pytest.raises(ValueError, match=f"^chunk 0: .*{reason}"):
        decode_all(bytes(data), np.array([0, len(data)]), 2, Grid.empty(0, STEP_S, 1, 2))


def test_random_bytes_behind_every_first_byte_do_no_harm():
    rng = np.random.default_rng(13)
    for trial in range(4_000):
        data = bytes([trial % 256]) + rng.bytes(int(rng.integers(0, 200)))
        decode_framed(data, int(rng.integers(1, 400)))


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=60), st.sampled_from([1, 5, 64, 360, chunk.MAX_SLOTS]))
def test_no_bytes_do_harm(data, slots):
    decode_framed(data, slots)


@pytest.mark.parametrize("slots", [1, 2, 90, 4320])
def test_another_width_than_the_chunk_was_made_for_does_no_harm(slots):
    for data in valid_chunks():
        decode_framed(data, slots)


@pytest.mark.parametrize(
    ("data", "slots", "reason"),
    [
        ("08", 1, "flags"),  # a flag nobody knows
        ("06", 1, "flags"),  # only singles and no single
        ("03", 1, "too early"),
        ("030000", 1, "too early"),
        ("030900", 1, "scale"),  # nine digits
        ("034f00", 1, "scale"),
        ("030006", 1, "predictor"),
        ("030005", 1, "predictor"),  # a reference, but the first column has none
        ("03008040", 2, "too early"),
        ("0300804000", 2, "predictor"),  # low bits: 64 of them
        ("020000", 8, "mask"),  # no slot is present
        ("02033f", 1, "mask"),  # three runs in one slot
        ("05000000", 1, "count"),
    ],
)
def test_the_error_says_which_part_makes_no_sense(data, slots, reason):
    with pytest.raises(ValueError, match=rf"^chunk 0: .*{reason}"):
        decode_all(bytes.fromhex(data), np.array([0, len(data) // 2]), slots, Grid.empty(0, STEP_S, 1, slots))


def test_the_error_names_the_chunk_and_those_before_it_are_merged():
    grid = make_grid(np.random.default_rng(3), (2, 20), "decimals")
    data, offsets = chunk.encode(grid)
    into = Grid.empty(0, STEP_S, 2, 20)
    with pytest.raises(ValueError, match=r"^chunk 1: "):
        decode_all(data[:-1], np.minimum(offsets, len(data) - 1), 20, into)
    np.testing.assert_array_equal(into.sum[0], grid.sum[0])
    assert not into.count[1].any()


# -- arguments -----------------------------------------------------------------------------------------------------------


def test_more_slots_than_a_chunk_may_have_are_refused():
    with pytest.raises(ValueError, match=r"4321 slots; want 1 to 4320"):
        chunk.encode(Grid.empty(0, STEP_S, 1, 4321))
    with pytest.raises(ValueError, match=r"4321 slots; want 1 to 4320"):
        decode_all(b"", np.array([0]), 4321, Grid.empty(0, STEP_S, 1, 1))


@pytest.mark.parametrize(
    ("offsets", "rows", "message"),
    [
        ([[0, 9]], [0], "chunk 0 is at 0..9 of 8 bytes"),
        ([[-1, 4]], [0], "chunk 0 is at -1..4"),
        ([[0, 4], [4, 3]], [0, 0], "chunk 1 is at 4..3"),
        ([[0, 4]], [2], "chunk 0 goes to row 2 of 2"),
        ([[0, 4]], [-1], "chunk 0 goes to row -1 of 2"),
        ([[0, 4]], [0, 1], r"shape \(1, 2\) for 2 rows"),
        ([[0, 4, 5]], [0], r"shape \(1, 3\) for 1 rows"),
    ],
)
def test_chunks_outside_the_data_or_the_grid_are_refused(offsets, rows, message):
    with pytest.raises(ValueError, match=message):
        chunk.decode(bytes(8), np.array(offsets), np.array(rows), 4, Grid.empty(0, STEP_S, 2, 4), 0, Mode.ADD)


def test_columns_of_different_shapes_are_refused():
    wide, narrow = Grid.empty(0, STEP_S, 2, 9), Grid.empty(0, STEP_S, 2, 8)
    crooked = Grid(0, STEP_S, wide.count, wide.sum, wide.min, narrow.max, wide.last)
    with pytest.raises(ValueError, match="differ in shape"):
        chunk.encode(crooked)
    with pytest.raises(ValueError, match="differ in shape"):
        decode_all(b"", np.array([0]), 9, crooked)


def test_a_column_beyond_reach_is_refused():
    with pytest.raises(ValueError, match="out of reach"):
        decode_all(b"", np.array([0, 0]), 9, Grid.empty(0, STEP_S, 2, 9), column=2**40)


# -- directory -----------------------------------------------------------------------------------------------------------


def test_the_directory_comes_back_and_may_go_on_behind_the_five_columns():
    sketch = chunk.Column(64, chunk.BYTES, chunk.PLAIN)
    assert chunk.unpack_directory(chunk.pack_directory()) == chunk.DIRECTORY
    assert chunk.unpack_directory(chunk.pack_directory((*chunk.DIRECTORY, sketch)))[-1] == sketch


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\1\1\1", chunk.pack_directory()[:-1], chunk.pack_directory(chunk.DIRECTORY[::-1])]
)
def test_a_directory_that_cannot_be_read_is_refused(data):
    with pytest.raises(ValueError, match="column directory"):
        chunk.unpack_directory(data)


def test_bytes_of_further_columns_are_passed_over():
    grid = make_grid(np.random.default_rng(3), (1, 20), "decimals", "both")
    data, offsets = chunk.encode(grid)
    into = Grid.empty(0, STEP_S, 1, 20)
    decode_all(data + b"sketch", offsets + np.array([0, 6]), 20, into)
    assert_same_bits(into, grid)

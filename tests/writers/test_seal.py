import numpy as np
from cadent.schema.grid import Grid
from cadent.schema.resolution import span_of
from cadent.stores.memory import MemoryStore
from cadent.writers.seal import slices
from cadent.writers.slices import CELL_BYTES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parts import BASE, Parts, Window, names, stored

HOUR = 500_000 * 3_600 // 10 * 10
PATHS = 7
SAMPLES = st.lists(st.integers(-36, 36).map(lambda number: number / 4), min_size=1, max_size=3)  # sums of quarters are exact
WINDOWS = st.lists(
    st.tuples(
        st.integers(0, 4 * 360 - 1),
        st.dictionaries(
            st.integers(0, PATHS - 1),
            SAMPLES,
            min_size=1,
        ),
    ),
    min_size=1,
    max_size=25,
)


def write(parts: Parts, windows) -> None:
    parts.flusher.add_names(names(0, *"abcdefg"))
    for slot, samples in windows:
        parts.flusher.write([Window(BASE, HOUR + 10 * slot, samples).rows()])
    parts.flusher.roll(BASE)


@given(WINDOWS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sealing_changes_no_point(tmp_path_factory, windows):
    parts = Parts(tmp_path_factory.mktemp("data"))
    write(parts, windows)
    before = stored(parts.folder, BASE, range(PATHS), HOUR, 4 * 360)
    parts.seal_rolled()
    assert parts.logs[BASE].rolled() == []
    assert stored(parts.folder, BASE, range(PATHS), HOUR, 4 * 360) == before
    parts.close()


def test_slices_cut_by_spans_and_then_by_ids_within_their_bound(parts):
    first = [(slot, {0: [1.0], 3: [2.0], 5: [1.0]}) for slot in range(359, 250, -1)]
    second = [(slot, {0: [1.0], 1: [2.0], 2: [3.0]}) for slot in range(470, 359, -1)]
    write(parts, second + first)
    (segment,) = parts.logs[BASE].rolled()
    cut = [(piece.grid.start // span_of(10) * span_of(10), piece.ids.tolist()) for piece in slices(segment, 2 * 109 * CELL_BYTES)]
    of_first = [number for start, ids in cut if start == HOUR for number in ids]
    of_second = [number for start, ids in cut if start == HOUR + 3_600 for number in ids]
    assert [start for start, _ in cut] == sorted(start for start, _ in cut)
    assert (of_first, of_second) == (sorted(of_first), sorted(of_second))
    assert {0, 3, 5} <= set(of_first)
    assert {0, 1, 2} <= set(of_second)
    assert all(len(ids) <= 2 for start, ids in cut if start == HOUR)


def test_stragglers_of_several_spans_are_one_slice(parts):
    write(parts, [(361, {0: [1.0], 1: [2.0]}), (360, {1: [1.0]}), (0, {0: [1.0], 3: [2.0]}), (1, {5: [1.0]})])
    (segment,) = parts.logs[BASE].rolled()
    (piece,) = slices(segment)
    assert (piece.grid.start, piece.grid.shape[1]) == (HOUR, 362)


def test_the_store_may_be_any(parts):
    write(parts, [(400, {0: [8.0]}), (3, {0: [1.0, 2.0], 6: [4.0]})])
    (segment,) = parts.logs[BASE].rolled()
    memory = MemoryStore()
    memory.seal(BASE, segment.identity.last, slices(segment, 1))
    snapshot, ids = memory.snapshot(), np.array([0, 6], np.uint32)
    grid = Grid.empty(HOUR, 10, 2, 720)
    snapshot.read(BASE, snapshot.sets(BASE), ids, grid)
    found = {(int(number), point.time): point.sum for row, number in enumerate(ids) for point in grid.points(row)}
    assert found == {(0, HOUR + 30): 3.0, (6, HOUR + 30): 4.0, (0, HOUR + 4_000): 8.0}


def test_a_segment_that_was_sealed_before_a_crash_is_not_counted_twice(parts):
    write(parts, [(0, {0: [1.0]}), (1, {0: [2.0]})])
    (segment,) = parts.logs[BASE].rolled()
    parts.store.seal(BASE, segment.identity.last, slices(segment))
    parts.close()
    again = Parts(parts.folder)
    assert again.logs[BASE].rolled() == []
    assert {at: point.sum for at, point in stored(parts.folder, BASE, [0], HOUR, 10).items()} == {
        (0, HOUR): 1.0,
        (0, HOUR + 10): 2.0,
    }
    again.close()


def test_the_grid_of_a_slice_holds_nothing_of_the_one_before(parts):
    write(parts, [(0, {0: [1.0], 1: [1.0]}), (1, {0: [2.0]})])
    (segment,) = parts.logs[BASE].rolled()
    counts = [np.array(piece.grid.count) for piece in slices(segment, 1)]
    assert [array.sum() for array in counts] == [2, 1]

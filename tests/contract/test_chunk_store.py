"""What every chunk store does, as ``schema.protocols.ChunkStore`` has it."""

import contextlib

import numpy as np
import pytest
from cadent.schema.errors import Damaged
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.point import Point
from cadent.schema.protocols import Slice
from cadent.stores.memory import MemoryStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LEVEL = Level("default", 10)
COARSE = Level("default", 60)
HOUR = 1_700_002_800  # a full hour
SLOTS = 360


def at(slot, *samples):
    """The point of these samples, ``slot`` windows after HOUR."""
    return Point(HOUR + slot * 10, len(samples), sum(samples), min(samples), max(samples), samples[-1])


def piece(points, sequence, mode=Mode.ADD, start=HOUR, slots=SLOTS, level=LEVEL):
    """A slice of {id: its points}."""
    ids = np.array(sorted(points), np.uint32)
    grid = Grid.empty(start, level.step_s, len(ids), slots)
    for row, id_ in enumerate(ids):
        for point in points[id_]:
            column = (point.time - start) // level.step_s
            for name in ("count", "sum", "min", "max", "last"):
                getattr(grid, name)[row, column] = getattr(point, name)
    return Slice(level, Identity("w", sequence, sequence, mode), ids, grid)


def seal(store, sequence, points, mode=Mode.ADD):
    store.seal(LEVEL, sequence, [piece(points, sequence, mode)])


def read(snapshot, ids=(1, 2, 3), start=HOUR, slots=SLOTS, level=LEVEL):
    """{id: its points}, of those that have any."""
    grid = Grid.empty(start, level.step_s, len(ids), slots)
    snapshot.read(level, np.array(ids, np.uint32), grid)
    assert (np.isnan(grid.sum) == (grid.count == 0)).all()
    return {id_: points for row, id_ in enumerate(ids) if (points := list(grid.points(row)))}


def reopen(driver, store):
    store.close()
    return driver.open()


# -- sealing and reading -------------------------------------------------------------------------------------------------


def test_a_new_store_holds_nothing(store):
    snapshot = store.snapshot()
    assert (snapshot.sealed(LEVEL), snapshot.span(LEVEL), read(snapshot)) == (0, None, {})


def test_sealed_points_are_read_back(store):
    points = {1: [at(0, 1.5), at(359, 2.0, -1.0)], 3: [at(7, 0.1, 0.2, 0.3)]}
    seal(store, 4, points)
    assert read(store.snapshot()) == points
    assert store.snapshot().sealed(LEVEL) == 4


@pytest.mark.parametrize("ids", [(3, 1, 2), (2,), (9, 3), (2**32 - 1, 1, 0)])
def test_ids_are_asked_for_in_any_order(store, ids):
    points = {1: [at(0, 1.0)], 2: [at(1, 2.0)], 3: [at(2, 3.0)]}
    seal(store, 1, points)
    assert read(store.snapshot(), ids) == {id_: points[id_] for id_ in ids if id_ in points}


def test_no_id_at_all_may_be_asked_for(store):
    seal(store, 1, {1: [at(0, 1.0)]})
    assert read(store.snapshot(), ()) == {}


@pytest.mark.parametrize(("first", "slots"), [(-5, 6), (3, 1), (10, 400), (-10, 380), (-20, 20), (360, 5)])
def test_what_lies_outside_the_asked_range_is_left_out(store, first, slots):
    points = [at(slot, float(slot)) for slot in range(0, SLOTS, 3)]
    seal(store, 1, {1: points})
    start, stop = HOUR + 10 * first, HOUR + 10 * (first + slots)
    inside = [point for point in points if start <= point.time < stop]
    assert read(store.snapshot(), [1], start, slots) == ({1: inside} if inside else {})


def test_points_are_merged_into_those_that_the_grid_holds(store):
    seal(store, 1, {1: [at(0, 5.0)]})
    into = piece({1: [at(0, 7.0), at(1, 8.0)]}, 1).grid
    store.snapshot().read(LEVEL, np.array([1], np.uint32), into)
    assert list(into.points(0)) == [at(0, 7.0, 5.0), at(1, 8.0)]


def test_many_slices_make_one_span(store):
    points = {id_: [at(id_ % SLOTS, float(id_))] for id_ in range(100)}
    parts = [{id_: points[id_] for id_ in range(first, first + 20)} for first in range(0, 100, 20)]
    store.seal(LEVEL, 1, (piece(part, 1) for part in parts))
    assert read(store.snapshot(), range(100)) == points


def test_the_arrays_of_a_slice_may_be_used_for_the_next_one(store):
    def slices():
        reused = piece({1: [at(0, 1.0)]}, 1)
        yield reused
        reused.ids[:] = 2
        reused.grid.sum[:], reused.grid.min[:], reused.grid.max[:], reused.grid.last[:] = (9.0,) * 4
        yield reused

    store.seal(LEVEL, 1, slices())
    got = read(store.snapshot())
    assert got[1] == [at(0, 1.0)]
    assert got[2][0] == at(0, 9.0)


def test_several_spans_are_sealed_at_once(store):
    store.seal(LEVEL, 1, [piece({1: [at(0, 1.0)]}, 1), piece({1: [at(360, 2.0)]}, 1, start=HOUR + 3600, slots=2)])
    assert read(store.snapshot(), [1], slots=720) == {1: [at(0, 1.0), at(360, 2.0)]}


def test_paths_and_slices_without_points_leave_no_trace(store):
    store.seal(LEVEL, 3, [piece({1: [], 2: []}, 3)])
    assert (store.snapshot().span(LEVEL), store.snapshot().sealed(LEVEL)) == (None, 3)
    store.seal(LEVEL, 4, [piece({1: [], 2: [at(0, 1.0)]}, 4)])
    assert read(store.snapshot()) == {2: [at(0, 1.0)]}


def test_a_slice_may_have_no_ids(store):
    store.seal(LEVEL, 1, [piece({}, 1), piece({5: [at(0, 1.0)]}, 1)])
    assert read(store.snapshot(), [5]) == {5: [at(0, 1.0)]}


def test_without_slices_only_the_sequence_moves(store):
    seal(store, 1, {1: [at(0, 1.0)]})
    store.seal(LEVEL, 7, [])
    assert (store.snapshot().sealed(LEVEL), read(store.snapshot())) == (7, {1: [at(0, 1.0)]})


def test_levels_are_apart(store):
    seal(store, 5, {1: [at(0, 1.0)]})
    store.seal(COARSE, 6, [piece({1: [at(0, 2.0)]}, 6, slots=60, level=COARSE)])
    snapshot = store.snapshot()
    assert (snapshot.sealed(LEVEL), snapshot.sealed(COARSE), snapshot.sealed(Level("other", 10))) == (5, 6, 0)
    assert read(snapshot) == {1: [at(0, 1.0)]}
    assert read(snapshot, slots=60, level=COARSE) == {1: [at(0, 2.0)]}


# -- what meets in one window --------------------------------------------------------------------------------------------


def test_points_of_several_seals_add_up_in_order(store):
    for sequence, value in enumerate([3.0, 1.0, 2.0], 1):
        seal(store, sequence, {1: [at(0, value)]})
    assert read(store.snapshot()) == {1: [at(0, 3.0, 1.0, 2.0)]}


def test_replace_supersedes_what_was_sealed_before_it_in_its_windows(store):
    seal(store, 1, {1: [at(0, 1.0), at(1, 1.0)], 2: [at(0, 1.0)]})
    seal(store, 2, {1: [at(0, 9.0)]}, Mode.REPLACE)
    seal(store, 3, {1: [at(0, 4.0)]})
    assert read(store.snapshot()) == {1: [at(0, 9.0, 4.0), at(1, 1.0)], 2: [at(0, 1.0)]}


# -- generations ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_stays_what_it_is(store):
    seal(store, 1, {1: [at(0, 1.0)]})
    pinned = store.snapshot()
    seal(store, 2, {1: [at(0, 2.0)], 2: [at(5, 2.0)]})
    assert (read(pinned), pinned.sealed(LEVEL)) == ({1: [at(0, 1.0)]}, 1)
    assert store.snapshot().generation > pinned.generation


def test_the_generation_changes_only_with_the_store(store):
    seal(store, 1, {1: [at(0, 1.0)]})
    before = store.snapshot().generation
    store.delete(LEVEL, HOUR)
    assert store.snapshot().generation == before


def test_sealing_again_changes_nothing(driver, store):
    seal(store, 1, {1: [at(0, 1.0)]})
    generation = store.snapshot().generation
    seal(store, 1, {1: [at(0, 1.0)]})
    assert (store.snapshot().generation, read(store.snapshot())) == (generation, {1: [at(0, 1.0)]})
    if driver.keeps_its_data:
        with contextlib.closing(reopen(driver, store)) as again:
            seal(again, 1, {1: [at(0, 1.0)]})
            assert read(again.snapshot()) == {1: [at(0, 1.0)]}


def test_a_seal_whose_slices_fail_is_not_seen_and_can_be_repeated(store):
    def failing():
        yield piece({1: [at(0, 1.0)]}, 1)
        yield piece({1: [at(360, 1.0)]}, 1, start=HOUR + 3600)
        raise Damaged("segment", 0, "test")

    before = store.snapshot().generation
    with pytest.raises(Damaged):
        store.seal(LEVEL, 1, failing())
    snapshot = store.snapshot()
    assert (snapshot.generation, snapshot.sealed(LEVEL), snapshot.span(LEVEL), read(snapshot)) == (before, 0, None, {})
    seal(store, 1, {1: [at(0, 1.0)]})
    assert read(store.snapshot()) == {1: [at(0, 1.0)]}


def test_a_store_that_keeps_its_data_has_it_when_it_is_opened_again(driver, store):
    if not driver.keeps_its_data:
        pytest.skip("nothing outlives this store")
    seal(store, 1, {1: [at(0, 1.0)]})
    seal(store, 3, {1: [at(0, 2.0)], 2: [at(1, 1.0, 2.0)]}, Mode.REPLACE)
    generation = store.snapshot().generation
    with contextlib.closing(reopen(driver, store)) as again:
        snapshot = again.snapshot()
        assert (snapshot.generation, snapshot.sealed(LEVEL)) == (generation, 3)
        assert read(snapshot) == {1: [at(0, 2.0)], 2: [at(1, 1.0, 2.0)]}


# -- span and delete -----------------------------------------------------------------------------------------------------


def hours(store, count):
    """One point in each of ``count`` hours."""
    for number in range(count):
        points = {1: [at(number * SLOTS + number, float(number))]}
        store.seal(LEVEL, number + 1, [piece(points, number + 1, start=HOUR + 3600 * number)])


def test_the_span_reaches_from_the_first_chunk_to_the_last(store):
    hours(store, 3)
    assert store.snapshot().span(LEVEL) == (HOUR, HOUR + 3 * 3600)
    assert store.snapshot().span(COARSE) is None


def test_the_next_id_is_one_past_the_greatest_that_has_a_chunk(store):
    assert store.snapshot().next_id() == 0
    seal(store, 1, {4: [at(0, 1.0)], 9: [at(1, 1.0)]})
    seal(store, 2, {7: [at(2, 1.0)]})
    assert store.snapshot().next_id() == 10


@pytest.mark.parametrize(("before", "left"), [(HOUR + 3599, 3), (HOUR + 3600, 2), (HOUR + 7201, 1), (HOUR + 10_800, 0)])
def test_delete_drops_whole_spans_that_ended(driver, store, before, left):
    hours(store, 3)
    store.delete(LEVEL, before)
    stores = [store, *([reopen(driver, store)] if driver.keeps_its_data else [])]
    for one in stores:
        points = [at(number * SLOTS + number, float(number)) for number in range(3 - left, 3)]
        assert read(one.snapshot(), slots=3 * SLOTS) == ({1: points} if points else {})
        assert one.snapshot().span(LEVEL) == ((HOUR + 3600 * (3 - left), HOUR + 10_800) if left else None)
        assert one.snapshot().sealed(LEVEL) == 3
    stores[-1].close()


def test_delete_leaves_other_levels_alone(store):
    seal(store, 1, {1: [at(0, 1.0)]})
    store.delete(COARSE, HOUR * 2)
    assert read(store.snapshot()) == {1: [at(0, 1.0)]}


def test_what_a_snapshot_holds_survives_a_delete(store):
    hours(store, 2)
    pinned = store.snapshot()
    store.delete(LEVEL, HOUR + 7200)
    assert read(store.snapshot(), slots=2 * SLOTS) == {}
    assert read(pinned, slots=2 * SLOTS) == {1: [at(0, 0.0), at(361, 1.0)]}
    assert pinned.span(LEVEL) == (HOUR, HOUR + 7200)


def test_snapshots_stay_readable_when_the_store_is_closed(driver):
    store = driver.open()
    hours(store, 2)
    old = store.snapshot()
    store.delete(LEVEL, HOUR + 3600)
    new = store.snapshot()
    store.close()
    assert read(old, slots=2 * SLOTS) == {1: [at(0, 0.0), at(361, 1.0)]}
    assert read(new, slots=2 * SLOTS) == {1: [at(361, 1.0)]}


# -- any sequence of calls -----------------------------------------------------------------------------------------------


SAMPLES = st.integers(-1000, 1000).map(lambda number: number / 4)  # sums of quarters are exact
IDS = st.integers(0, 40)  # more than share a checksum in a block
ALL_IDS = np.random.default_rng(0).permutation(41).tolist()


@st.composite
def spans(draw):
    """{span number: {id: [points]}}: what one seal holds."""
    cells = draw(st.dictionaries(st.tuples(st.integers(0, 2), IDS, st.integers(0, 5)), st.lists(SAMPLES, min_size=1, max_size=3)))
    found = {}
    for (span, id_, slot), samples in sorted(cells.items()):
        found.setdefault(span, {}).setdefault(id_, []).append(at(span * 6 + slot, *samples))
    return found


SEALS = st.tuples(st.just("seal"), spans(), st.sampled_from(list(Mode)), st.integers(1, 50))
DELETES = st.tuples(st.just("delete"), st.integers(0, 20))
OTHERS = st.tuples(st.sampled_from(["snapshot", "open again"]))


class Run:
    """The same calls to two stores; each read of the one equals that of the other."""

    def __init__(self, driver):
        self.driver = driver
        self.oracle = MemoryStore()
        self.store = driver.open()
        self.sequence = 0
        self.pinned = []

    def do(self, call):
        name, *arguments = call
        {"seal": self.seal, "delete": self.delete, "snapshot": self.snapshot, "open again": self.open_again}[name](*arguments)
        for got, want in [*self.pinned, (self.store.snapshot(), self.oracle.snapshot())]:
            self.compare(got, want)

    def seal(self, points_by_span, mode, ids_a_slice):
        self.sequence += 1
        for store in (self.store, self.oracle):
            store.seal(LEVEL, self.sequence, self.slices(points_by_span, mode, ids_a_slice))

    def slices(self, points_by_span, mode, ids_a_slice):
        for span, points in points_by_span.items():
            ids = sorted(points)
            for first in range(0, len(ids), ids_a_slice):
                part = {id_: points[id_] for id_ in ids[first : first + ids_a_slice]}
                yield piece(part, self.sequence, mode, start=HOUR + span * 60, slots=6)

    def delete(self, slot):
        for store in (self.store, self.oracle):
            store.delete(LEVEL, HOUR + 10 * slot)

    def snapshot(self):
        self.pinned.append((self.store.snapshot(), self.oracle.snapshot()))

    def open_again(self):
        if self.driver.keeps_its_data:
            self.store.close()
            self.pinned.clear()  # a delete by another process is not kept from a snapshot
            self.store = self.driver.open()

    def close(self):
        self.store.close()

    def compare(self, got, want):
        assert read(got, ALL_IDS, slots=18) == read(want, ALL_IDS, slots=18)
        assert read(got, ALL_IDS[:3], HOUR + 40, 9) == read(want, ALL_IDS[:3], HOUR + 40, 9)
        assert (got.sealed(LEVEL), got.span(LEVEL)) == (want.sealed(LEVEL), want.span(LEVEL))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(SEALS | DELETES | OTHERS, max_size=10))
def test_any_sequence_of_calls_ends_as_in_memory(new_driver, calls):
    with contextlib.closing(Run(new_driver())) as run:
        for call in calls:
            run.do(call)

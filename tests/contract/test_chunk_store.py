"""What every chunk store does, as ``schema.protocols.ChunkStore`` has it."""

import contextlib

import numpy as np
import pytest
from cadent.schema.errors import Damaged
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.point import Point
from pieces import COARSE, HOUR, LEVEL, SLOTS, at, erase, ids_of, piece, ranges, read, reopen, seal, sets

# -- sealing and reading -------------------------------------------------------------------------------------------------


def test_a_new_store_holds_nothing(store):
    snapshot = store.snapshot()
    assert (snapshot.levels(), snapshot.sealed(LEVEL), list(snapshot.sets(LEVEL))) == ([], 0, [])
    assert (read(snapshot), ids_of(snapshot), snapshot.next_id()) == ({}, [], 0)


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
    store.snapshot().read(LEVEL, sets(store), np.array([1], np.uint32), into)
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
    assert (list(sets(store)), store.snapshot().sealed(LEVEL)) == ([], 3)
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
    assert snapshot.levels() == [LEVEL, COARSE]
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
    store.delete(LEVEL, [])
    store.delete(COARSE, sets(store))
    store.erase(LEVEL, np.array([2], np.uint32), HOUR, HOUR + 3600)
    store.erase(LEVEL, np.array([1], np.uint32), HOUR + 3600, HOUR + 7200)
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
    assert (snapshot.generation, snapshot.sealed(LEVEL), list(snapshot.sets(LEVEL)), read(snapshot)) == (before, 0, [], {})
    seal(store, 1, {1: [at(0, 1.0)]})
    assert read(store.snapshot()) == {1: [at(0, 1.0)]}


def test_what_lasts_is_never_more_than_what_is_sealed(store):
    seal(store, 4, {1: [at(0, 1.0)]})
    assert 0 <= store.lasting(LEVEL) <= 4
    assert store.lasting(COARSE) == 0


def test_the_store_says_whether_it_merges(driver, store):
    assert store.merges == driver.merges


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


# -- sets ----------------------------------------------------------------------------------------------------------------


def hours(store, count):
    """One point in each of ``count`` hours."""
    for number in range(count):
        points = {1: [at(number * SLOTS + number, float(number))]}
        store.seal(LEVEL, number + 1, [piece(points, number + 1, start=HOUR + 3600 * number)])


def test_each_span_of_a_seal_is_a_set(store):
    store.seal(LEVEL, 5, [piece({1: [at(0, 1.0)]}, 5, Mode.REPLACE), piece({2: [at(360, 2.0)]}, 5, Mode.REPLACE, HOUR + 3600, 2)])
    first, second = sets(store)
    assert ranges(store) == [(0, 360), (360, 362)]
    assert first.identity == second.identity == Identity("w", 5, 5, Mode.REPLACE)
    assert (first.rolled_up_to_s, first.size_bytes > 0, first.number != second.number) == (0, True, True)
    assert [ids_of(store.snapshot(), [one]) for one in (first, second)] == [[1], [2]]


def test_sets_come_in_the_order_of_their_sequences(store):
    hours(store, 3)
    assert [one.identity.last for one in sets(store)] == [1, 2, 3]


def test_only_the_sets_that_are_asked_for_are_read(store):
    hours(store, 3)
    first, _, third = sets(store)
    snapshot = store.snapshot()
    assert read(snapshot, slots=3 * SLOTS, sets=[first, third]) == {1: [at(0, 0.0), at(722, 2.0)]}
    assert read(snapshot, slots=3 * SLOTS, sets=[]) == {}


def test_ids_are_those_of_any_of_the_sets(store):
    seal(store, 1, {7: [at(0, 1.0)], 3: [at(0, 1.0)]})
    seal(store, 2, {5: [at(1, 1.0)], 3: [at(1, 1.0)]})
    assert ids_of(store.snapshot()) == [3, 5, 7]
    assert ids_of(store.snapshot(), sets(store)[1:]) == [3, 5]


def test_a_number_is_never_given_again(driver, store):
    hours(store, 3)
    seen = {one.number for one in sets(store)}
    store.delete(LEVEL, sets(store))
    store = reopen(driver, store) if driver.keeps_its_data else store
    store.seal(LEVEL, 9, [piece({1: [at(0, 1.0)]}, 9)])
    assert not seen & {one.number for one in sets(store)}
    store.close()


def test_the_next_id_is_one_past_the_greatest_that_has_a_chunk(store):
    seal(store, 1, {4: [at(0, 1.0)], 9: [at(1, 1.0)]})
    seal(store, 2, {7: [at(2, 1.0)]})
    assert store.snapshot().next_id() == 10


# -- delete --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [[0], [1], [0, 2], [0, 1, 2]])
def test_deleted_sets_are_gone_for_good(driver, store, gone):
    hours(store, 3)
    store.delete(LEVEL, [sets(store)[number] for number in gone])
    points = [at(number * SLOTS + number, float(number)) for number in range(3) if number not in gone]
    for one in [store, *([reopen(driver, store)] if driver.keeps_its_data else [])]:
        assert read(one.snapshot(), slots=3 * SLOTS) == ({1: points} if points else {})
        assert ranges(one) == [(number * SLOTS, number * SLOTS + SLOTS) for number in range(3) if number not in gone]
        assert one.snapshot().sealed(LEVEL) == 3
        one.close()


def test_delete_leaves_other_levels_alone(store):
    seal(store, 1, {1: [at(0, 1.0)]})
    store.seal(COARSE, 2, [piece({1: [at(0, 2.0)]}, 2, slots=60, level=COARSE)])
    store.delete(COARSE, sets(store, COARSE))
    assert (read(store.snapshot()), list(sets(store, COARSE))) == ({1: [at(0, 1.0)]}, [])


def merge_all(store):
    store.merge(LEVEL, sets(store))


def erase_all(store):
    store.erase(LEVEL, np.array([1], np.uint32), HOUR, HOUR + 7200)


def delete_all(store):
    store.delete(LEVEL, sets(store))


def only_what_it_can(driver, change):
    if change is merge_all and not driver.merges:
        pytest.skip("this store does not merge")


@pytest.mark.parametrize("change", [merge_all, erase_all, delete_all])
def test_what_a_snapshot_holds_survives_a_change(driver, store, change):
    only_what_it_can(driver, change)
    hours(store, 2)
    pinned = store.snapshot()
    before = list(pinned.sets(LEVEL))
    change(store)
    assert list(pinned.sets(LEVEL)) == before
    assert read(pinned, slots=2 * SLOTS) == {1: [at(0, 0.0), at(361, 1.0)]}
    assert (ids_of(pinned), pinned.next_id()) == ([1], 2)


@pytest.mark.parametrize("change", [merge_all, erase_all, delete_all])
def test_snapshots_stay_readable_when_the_store_is_closed(driver, change):
    only_what_it_can(driver, change)
    store = driver.open()
    hours(store, 2)
    old = store.snapshot()
    change(store)
    new = store.snapshot()
    store.close()
    points = {1: [at(0, 0.0), at(361, 1.0)]}
    assert read(old, slots=2 * SLOTS) == points
    assert read(new, slots=2 * SLOTS) == (points if change is merge_all else {})


# -- roll up -------------------------------------------------------------------------------------------------------------


def test_coarse_chunks_and_the_marks_of_the_finer_ones_come_at_once(driver, store):
    hours(store, 3)
    before = store.snapshot()
    coarse = {1: [Point(HOUR, 2, 1.0, 0.0, 1.0, 1.0)]}
    store.roll_up(LEVEL, sets(store)[:2], COARSE, [piece(coarse, 2, slots=120, level=COARSE)])
    for one in [store, *([reopen(driver, store)] if driver.keeps_its_data else [])]:
        assert [chunks.rolled_up_to_s for chunks in sets(one)] == [60, 60, 0]
        assert read(one.snapshot(), slots=120, level=COARSE) == coarse
        assert [chunks.rolled_up_to_s for chunks in sets(one, COARSE)] == [0]
        assert read(one.snapshot(), slots=3 * SLOTS)[1] == [at(number * 361, float(number)) for number in range(3)]
        assert (one.snapshot().sealed(COARSE), one.snapshot().sealed(LEVEL)) == (0, 3)
        one.close()
    assert [chunks.rolled_up_to_s for chunks in before.sets(LEVEL)] == [0, 0, 0]


def test_sets_may_be_marked_without_anything_coarse(store):
    hours(store, 1)
    store.roll_up(LEVEL, sets(store), COARSE, [])
    assert [chunks.rolled_up_to_s for chunks in sets(store)] == [60]
    assert list(sets(store, COARSE)) == []


def test_a_roll_up_whose_slices_fail_changes_nothing(store):
    def failing():
        yield piece({1: [at(0, 1.0)]}, 1, slots=60, level=COARSE)
        raise Damaged("block", 0, "test")

    hours(store, 1)
    generation = store.snapshot().generation
    with pytest.raises(Damaged):
        store.roll_up(LEVEL, sets(store), COARSE, failing())
    assert (store.snapshot().generation, sets(store)[0].rolled_up_to_s, list(sets(store, COARSE))) == (generation, 0, [])


# -- merge ---------------------------------------------------------------------------------------------------------------


def test_merged_sets_are_one_that_reads_like_them(merging, driver, store):
    hours(store, 3)
    seal(store, 4, {2: [at(1, 5.0)], 1: [at(0, 7.0)]})
    points = read(store.snapshot(), slots=3 * SLOTS)
    numbers = {one.number for one in sets(store)}
    store.merge(LEVEL, sets(store))
    for one in [store, *([reopen(driver, store)] if driver.keeps_its_data else [])]:
        (merged,) = sets(one)
        assert merged.number not in numbers
        assert (merged.identity, ranges(one)) == (Identity("w", 1, 4, Mode.ADD), [(0, 3 * SLOTS)])
        assert read(one.snapshot(), slots=3 * SLOTS) == points
        assert points[1][0] == at(0, 0.0, 7.0)
        assert (ids_of(one.snapshot()), one.snapshot().sealed(LEVEL)) == ([1, 2], 4)
        one.close()


def test_a_later_replace_supersedes_what_was_merged(merging, store):
    seal(store, 1, {1: [at(0, 1.0), at(1, 1.0)]})
    seal(store, 2, {1: [at(0, 2.0)]}, Mode.REPLACE)
    seal(store, 3, {1: [at(0, 4.0)], 2: [at(9, 4.0)]})
    store.merge(LEVEL, sets(store))
    assert sets(store)[0].identity.mode is Mode.ADD
    assert read(store.snapshot()) == {1: [at(0, 2.0, 4.0), at(1, 1.0)], 2: [at(9, 4.0)]}
    seal(store, 4, {1: [at(0, 8.0)]}, Mode.REPLACE)
    assert read(store.snapshot())[1] == [at(0, 8.0), at(1, 1.0)]


def test_what_was_merged_of_one_mode_keeps_it(merging, store):
    seal(store, 1, {1: [at(0, 1.0), at(1, 1.0)]})
    seal(store, 2, {1: [at(0, 2.0)]}, Mode.REPLACE)
    seal(store, 3, {1: [at(0, 3.0)]}, Mode.REPLACE)
    store.merge(LEVEL, sets(store)[1:])
    assert [one.identity.mode for one in sets(store)] == [Mode.ADD, Mode.REPLACE]
    assert read(store.snapshot()) == {1: [at(0, 3.0), at(1, 1.0)]}


def test_merged_sets_keep_their_mark(merging, store):
    hours(store, 2)
    store.roll_up(LEVEL, sets(store), COARSE, [])
    store.merge(LEVEL, sets(store))
    assert [one.rolled_up_to_s for one in sets(store)] == [60]


def test_merged_points_stand_before_later_ones_of_other_sets(merging, store):
    """A seal has two sets of one sequence; an earlier set is merged with one of them and shares windows with the other."""
    store.seal(LEVEL, 1, [piece({1: [at(0, 1.0), at(360, 1.0)]}, 1, slots=720)])
    store.seal(LEVEL, 2, [piece({1: [at(0, 2.0)]}, 2), piece({1: [at(360, 2.0)]}, 2, start=HOUR + 3600)])
    store.merge(LEVEL, sets(store)[:2])
    assert read(store.snapshot(), slots=720) == {1: [at(0, 1.0, 2.0), at(360, 1.0, 2.0)]}


# -- erase ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "last"), [(0, 360), (5, 6), (-10, 7), (355, 800), (-400, 4000), (200, 200)])
def test_erased_points_are_gone_and_no_others(driver, store, first, last):
    points = {id_: [at(slot, float(id_), float(slot)) for slot in range(0, 720, 5)] for id_ in (1, 2, 3)}
    store.seal(LEVEL, 1, [piece(points, 1, slots=720)])
    erase(store, [0, 2, 9], first, last)
    left = [point for point in points[2] if not first <= (point.time - HOUR) // 10 < last]
    want = {**points, 2: left} if left else {1: points[1], 3: points[3]}
    for one in [store, *([reopen(driver, store)] if driver.keeps_its_data else [])]:
        assert read(one.snapshot(), slots=720) == want
        assert ids_of(one.snapshot()) == list(want)
        one.close()


def test_erasing_reaches_all_sets_of_the_level_and_no_other_level(store):
    hours(store, 3)
    seal(store, 4, {1: [at(0, 7.0)], 2: [at(0, 7.0)]}, Mode.REPLACE)
    store.seal(COARSE, 5, [piece({1: [at(0, 2.0)]}, 5, slots=60, level=COARSE)])
    store.roll_up(LEVEL, sets(store)[3:], COARSE, [])
    erase(store, [1], 0, 2 * SLOTS)
    assert read(store.snapshot(), slots=3 * SLOTS) == {1: [at(722, 2.0)], 2: [at(0, 7.0)]}
    assert read(store.snapshot(), slots=60, level=COARSE) == {1: [at(0, 2.0)]}
    assert sorted((one.identity.last, one.identity.mode, one.rolled_up_to_s) for one in sets(store)) == [(3, 0, 0), (4, 1, 60)]


def test_a_set_that_loses_its_last_point_goes(store):
    hours(store, 2)
    erase(store, [1], 0, 1)
    assert ranges(store) == [(SLOTS, 2 * SLOTS)]
    assert store.snapshot().sealed(LEVEL) == 2

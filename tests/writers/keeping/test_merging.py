"""Which sets are merged: seldom enough that a byte is written less than three times, often enough that a query finds few."""

from itertools import count

from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.policy import Policies
from cadent.schema.protocols import ChunkSet
from cadent.schema.resolution import DAY_S, Ladder
from cadent.writers.keeping.levels import keeping
from cadent.writers.keeping.merging import due_merge, mergeable
from hypothesis import given, settings
from hypothesis import strategies as st

POLICIES = Policies.single(Ladder.parse("10s:7d,1m:30d"))
BASE = keeping(Level("default", 10), POLICIES)
DAY = 19_000 * DAY_S
HOUR_S = 3_600


def chunk_set(number, hour=0, size=100, mode=Mode.ADD, rolled_up_to_s=60, hours=1):
    start = DAY + hour * HOUR_S
    return ChunkSet(number, Identity("w", number, number, mode), start, start + hours * HOUR_S, rolled_up_to_s, size)


def hours(count_, **kinds):
    return [chunk_set(number + 1, number, **kinds) for number in range(count_)]


def merged(sets, chosen):
    """What the store has after a merge, in the order of sequences."""
    who = Identity("w", min(one.identity.first for one in chosen), max(one.identity.last for one in chosen))
    start, stop = min(one.start for one in chosen), max(one.stop for one in chosen)
    new = ChunkSet(max(one.number for one in sets) + 1, who, start, stop, 60, sum(one.size_bytes for one in chosen))
    return sorted([*(one for one in sets if one not in chosen), new], key=lambda one: (one.identity.last, one.number))


def test_the_hours_of_a_day_are_merged_when_it_is_over():
    sets = hours(24)
    assert due_merge(sets, BASE, DAY + DAY_S) == []
    assert due_merge(sets, BASE, DAY + DAY_S + HOUR_S) == sets


def test_a_day_of_which_something_is_not_rolled_up_waits():
    sets = [*hours(23), chunk_set(24, 23, rolled_up_to_s=0)]
    assert due_merge(sets, BASE, DAY + 2 * DAY_S) == []


def test_what_comes_late_waits_until_it_is_much_beside_the_day():
    day = chunk_set(1, hours=24, size=1_000)
    late = [chunk_set(number, 3, size=100) for number in range(2, 31)]
    assert due_merge([day, *late], BASE, DAY + 9 * DAY_S) == []
    late.append(chunk_set(31, 3, size=100))
    assert due_merge([day, *late], BASE, DAY + 9 * DAY_S) == [day, *late]


def test_many_small_late_sets_are_put_together_without_the_day():
    day = chunk_set(1, hours=24, size=1_000_000)
    late = [chunk_set(number, 3, size=10) for number in range(2, 99)]
    assert due_merge([day, *late], BASE, DAY + 9 * DAY_S) == late


def test_sets_that_replace_are_not_mixed_with_those_that_add():
    day = chunk_set(1, hours=24, size=1_000_000)
    late = [chunk_set(number, 3, size=10, mode=Mode.REPLACE if number < 6 else Mode.ADD) for number in range(2, 99)]
    chosen = due_merge([day, *late], BASE, DAY + 9 * DAY_S)
    assert chosen == [one for one in late if one.identity.mode is Mode.ADD]


def test_a_bucket_is_left_alone_by_another_one():
    tomorrow = chunk_set(30, 24)
    assert due_merge([*hours(1), tomorrow], BASE, DAY + 9 * DAY_S) == []


def test_compacting_leaves_one_set_of_a_kind_in_a_bucket():
    sets = [*hours(5), *(chunk_set(number + 1, number, rolled_up_to_s=0) for number in range(5, 8))]
    assert mergeable(sets, BASE) in (sets[:5], sets[5:])


def test_compacting_does_not_reorder_what_shares_windows():
    rolled_up, late, again = chunk_set(1), chunk_set(2, rolled_up_to_s=0), chunk_set(3)
    assert mergeable([rolled_up, late, again], BASE) == []


def test_coarse_steps_have_longer_buckets_but_short_beside_their_ttl():
    policies = Policies.single(Ladder.parse("10s:7d,1m:30d,10m:2y"))
    days = [keeping(Level("default", step_s), policies).bucket_s // DAY_S for step_s in (10, 60, 600)]
    assert days == [1, 3, 60]


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=300))
@settings(deadline=None)
def test_a_byte_is_written_less_than_three_times_and_sets_stay_few(sizes):
    numbers, sets, written = count(1), [], 0
    for size in sizes:
        sets.append(chunk_set(next(numbers) + 1_000_000, 3, size=size))
        written += size
        while chosen := due_merge(sets, BASE, DAY + 9 * DAY_S):
            written += sum(one.size_bytes for one in chosen)
            sets = merged(sets, chosen)
    assert len(sets) <= 1 + 96
    assert written < 3 * sum(sizes)

"""What expires: whole sets, one bucket an hour, and nothing by a clock alone."""

import pytest
from cadent.schema.identity import Identity, Level
from cadent.schema.policy import Policies
from cadent.schema.protocols import ChunkSet
from cadent.schema.resolution import DAY_S, Ladder
from cadent.writers.keeping.expiry import Clock, Expiry
from cadent.writers.keeping.levels import keeping

POLICIES = Policies.single(Ladder.parse("10s:7d,1m:30d"))
BASE, MINUTE = (keeping(Level("default", step_s), POLICIES) for step_s in (10, 60))
DAY = 19_000 * DAY_S
YEAR_S = 365 * DAY_S
TTL_S = 7 * DAY_S


def days(count, rolled_up_to_s=60):
    return [
        ChunkSet(number, Identity("w", number, number), DAY + number * DAY_S, DAY + (number + 1) * DAY_S, rolled_up_to_s, 1)
        for number in range(count)
    ]


def due(sets, now, newest=None, kept=BASE):
    return Expiry().due(sets, kept, now if newest is None else newest, Clock(now, 0.0))


def test_a_set_goes_when_all_of_it_is_over_its_time():
    sets = days(3)
    assert due(sets, DAY + DAY_S + TTL_S) == []
    assert due(sets, DAY + DAY_S + TTL_S + 2 * 3_600) == sets[:1]


def test_what_was_not_rolled_up_stays():
    assert due(days(3, rolled_up_to_s=0), DAY + YEAR_S) == []
    # The coarsest step, by buckets of three days.
    assert due(days(2, rolled_up_to_s=0), DAY + YEAR_S, kept=MINUTE) == days(2, rolled_up_to_s=0)


def test_one_bucket_goes_in_an_hour():
    expiry, clock, sets, now = Expiry(), Clock(DAY + YEAR_S, 0.0), days(3), DAY + YEAR_S
    gone = []
    for minute in range(0, 125, 5):
        clock.set(now + 60 * minute, 60.0 * minute)
        over = expiry.due(sets, BASE, now, clock)
        if over:
            gone.append((minute, over))
            expiry.note(BASE, clock)
            sets = [one for one in sets if one not in over]
    assert gone == [(0, days(3)[:1]), (60, days(3)[1:2]), (120, days(3)[2:])]


def test_a_clock_far_ahead_of_the_points_erases_nothing():
    sets = days(7)
    assert due(sets, DAY + YEAR_S, newest=sets[-1].stop) == []


def test_senders_far_ahead_of_the_clock_erase_nothing():
    sets = days(7)
    assert due(sets, sets[-1].stop, newest=DAY + YEAR_S) == []


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S, 3_600, -3_600])
def test_after_a_jump_nothing_expires_for_a_day(jump_s):
    now = DAY + 2 * YEAR_S
    expiry, clock, sets = Expiry(), Clock(now, 0.0), days(3)
    assert clock.set(now + 10 + jump_s, 10.0) == jump_s
    assert str(abs(jump_s)) in clock.trouble
    assert expiry.due(sets, BASE, now, clock) == []
    assert clock.set(now + DAY_S + jump_s + 11, DAY_S + 11.0) == 0
    assert clock.trouble == ""
    assert expiry.due(sets, BASE, now, clock) == sets[:1]


def test_a_clock_behind_the_points_is_told():
    clock = Clock(DAY, 0.0)
    clock.see(DAY + 3_600)
    assert clock.trouble == ""
    clock.see(DAY + YEAR_S)
    assert f"{YEAR_S} s behind" in clock.trouble
    assert Expiry().due(days(3), BASE, DAY + YEAR_S, clock) == []


def test_a_clock_that_is_slewed_does_not_jump():
    clock = Clock(DAY, 0.0)
    assert [clock.set(DAY + 11.0 * tick, 10.0 * tick) for tick in range(1, 50)] == [0.0] * 49
    assert clock.trouble == ""

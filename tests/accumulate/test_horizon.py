"""Too old and too far ahead, by the clock and by what the senders say."""

import pytest
from cadent.accumulate.horizon import MAX_TIME, Horizon
from cadent.schema.policy import Policies, Policy
from cadent.schema.resolution import DAY_S, Ladder
from hypothesis import given
from hypothesis import strategies as st
from plain_fold import NOW

HOUR_S = 3_600
YEAR_S = 365 * DAY_S
POLICIES = Policies((Policy("short", Ladder.parse("1s:1h"), "^s"), Policy("default", Ladder.parse("10s:1d,1m:7d,1h:1y"))))


def horizon(now=NOW, newest=None):
    return Horizon(POLICIES, now, newest)


def taken(horizon, *times, policy=1):
    return [horizon.resolution_of(policy, time) for time in times]


def test_a_sample_goes_to_the_finest_step_that_still_covers_its_age():
    edges = [NOW, NOW - DAY_S, NOW - DAY_S - 1, NOW - 7 * DAY_S, NOW - 7 * DAY_S - 1, NOW - YEAR_S, NOW - YEAR_S - 1]
    assert taken(horizon(), *edges) == [0, 0, 1, 1, 2, 2, "too_old"]
    assert taken(horizon(NOW + 0.5), NOW - DAY_S, NOW - DAY_S + 1) == [1, 0]


def test_each_policy_has_its_own_bounds():
    assert taken(horizon(), NOW - HOUR_S, NOW - HOUR_S - 1, policy=0) == [0, "too_old"]
    assert horizon().bounds(0) == ((NOW - HOUR_S,), NOW + 600)


def test_more_than_ten_minutes_ahead_is_refused():
    assert taken(horizon(), NOW + 600, NOW + 601, 2**40) == [0, "too_new", "too_new"]


def test_ahead_is_measured_from_the_senders_median_where_the_clock_is_slow():
    slow = horizon(NOW - YEAR_S, NOW)
    assert taken(slow, NOW + 600, NOW + 601) == [0, "too_new"]
    slow.set(NOW - YEAR_S, NOW, [NOW + 100, NOW + 500, 0])
    assert taken(slow, NOW + 700, NOW + 701) == [0, "too_new"]


def test_one_sender_far_ahead_does_not_move_the_median():
    sane = horizon()
    sane.set(NOW, NOW + 600, [NOW, NOW, NOW + 600])
    assert taken(sane, NOW + 600, NOW + 601) == [0, "too_new"]


def test_a_clock_years_ahead_makes_no_live_sample_too_old():
    fast = horizon(NOW + 20 * YEAR_S, NOW)
    assert taken(fast, NOW, NOW + 10) == [0, 0]
    fast.set(NOW + 20 * YEAR_S, NOW + 20, [NOW + 15])
    assert taken(fast, NOW + 20) == [0]


def test_after_a_silence_of_days_the_clock_is_believed_up_to_the_slack():
    # The newest data is five days old: ages count from four days ago.
    late = horizon(NOW, NOW - 5 * DAY_S)
    assert taken(late, NOW - 5 * DAY_S, NOW - 5 * DAY_S - 1, NOW) == [0, 1, 0]


def test_a_clock_far_behind_makes_nothing_too_old():
    assert taken(horizon(1_000, NOW), 0, NOW - YEAR_S, NOW) == [0, 0, 0]


@pytest.mark.parametrize("newest", [None, NOW - 2 * HOUR_S], ids=["an empty folder", "a folder"])
def test_while_a_clock_was_never_set_the_first_samples_say_what_time_it_is(newest):
    booted = horizon(100, newest)
    assert taken(booted, NOW, NOW + 10, MAX_TIME, MAX_TIME + 1) == [0, 0, 0, "too_new"]
    booted.set(101, NOW, [NOW, NOW + 1, NOW + 2])
    assert taken(booted, NOW + 601, NOW + 602) == [0, "too_new"]
    booted.set(NOW + 60, NOW + 50, [])
    assert taken(booted, NOW + 660, NOW + 661) == [0, "too_new"]


def test_live_windows_end_by_the_clock_unless_the_senders_say_that_it_is_slow():
    assert horizon(NOW - 600, NOW).present == NOW - 600
    assert horizon(NOW - 601, NOW).present == NOW
    ahead = horizon(NOW + YEAR_S)
    ahead.set(NOW + YEAR_S, NOW, [NOW])
    assert ahead.present == NOW + YEAR_S


times = st.integers(0, MAX_TIME)


@given(st.floats(0, 1e12), st.none() | times, times, st.lists(times, max_size=9))
def test_bounds_are_always_such_as_the_kernel_holds(now, known, newest, recent):
    any_horizon = horizon(now, known)
    any_horizon.set(now, newest, recent)
    for policy in range(2):
        oldest, last = any_horizon.bounds(policy)
        assert 0 <= oldest[-1] <= oldest[0] <= last <= MAX_TIME
        assert list(oldest) == sorted(oldest, reverse=True)


@given(times, times, st.lists(times, min_size=1, max_size=9), times)
def test_a_time_is_refused_or_taken_by_a_step_that_covers_it_and_no_finer_one_does(now, newest, recent, time):
    any_horizon = horizon(now)
    any_horizon.set(now, newest, recent)
    age = (min(now, newest + DAY_S) if newest else now) - time
    resolution = any_horizon.resolution_of(1, time)
    if resolution == "too_new":
        assert time > max(now, sorted(recent)[(len(recent) - 1) // 2]) + 600
    elif resolution == "too_old":
        assert age > YEAR_S
    else:
        fitting = [position for position, kept in enumerate(POLICIES[1].ladder) if age <= kept.ttl_s]
        assert resolution == fitting[0]


@pytest.mark.parametrize("now", [0, 0.5, 2**33])
def test_a_clock_that_is_far_off_is_no_error(now):
    assert horizon(now).resolution_of(0, 10) in (0, "too_old")

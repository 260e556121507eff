import pytest
from cadent.query.window import Bounds, check_order, choose_step, narrow
from cadent.schema.errors import QueryError
from cadent.schema.policy import Policy
from cadent.schema.resolution import Ladder
from hypothesis import example, given
from hypothesis import strategies as st

HOUR, DAY = 3_600, 86_400
NOW = 1_700_000_000

POLICY = Policy("default", Ladder.parse("10s:7d,1m:30d,10m:2y"))

times = st.integers(0, 2 * NOW)
steps = st.sampled_from([1, 5, 10, 60, 600, 3_600, DAY])


def whisper_edges(after, until, step_s):
    """As whisper.py computes fromInterval and untilInterval of a fetch."""
    first = int(after - (after % step_s)) + step_s
    end = int(until - (until % step_s)) + step_s
    return first, end + step_s if first == end else end


@given(times, times, steps)
@example(NOW, NOW + 10, 10)
@example(NOW + 1, NOW + 2, 10)
def test_edges_are_those_of_whisper(one, other, step_s):
    after, until = sorted((one, other))
    bounds = Bounds.of(after, until, step_s)
    assert (bounds.start, bounds.stop) == whisper_edges(after, until, step_s)
    assert bounds.slots == len(range(bounds.start, bounds.stop, step_s)) >= 1


@given(times, times, steps, st.integers(1, 2_000))
def test_narrow_bounds_have_at_most_as_many_slots_as_allowed(one, other, step_s, max_points):
    after, until = sorted((one, other))
    bounds, whole = narrow(after, until, step_s, max_points), Bounds.of(after, until, step_s)
    assert 1 <= bounds.slots <= max_points
    assert bounds.step_s % step_s == 0
    assert bounds.start % bounds.step_s == bounds.stop % bounds.step_s == 0
    assert (bounds.step_s // step_s - 1) * max_points < whole.slots


@given(times, times, steps, st.integers(1, 2_000))
def test_narrow_bounds_hold_all_but_the_first_incomplete_slot(one, other, step_s, max_points):
    after, until = sorted((one, other))
    bounds, whole = narrow(after, until, step_s, max_points), Bounds.of(after, until, step_s)
    assert whole.start <= bounds.start < whole.start + bounds.step_s
    assert whole.stop <= bounds.stop < whole.stop + bounds.step_s


def test_few_enough_slots_stay_as_they_are():
    assert narrow(NOW, NOW + HOUR, 10, 360) == Bounds.of(NOW, NOW + HOUR, 10)


@pytest.mark.parametrize(
    ("age_s", "step_s"),
    [(HOUR, 10), (7 * DAY, 10), (7 * DAY + 1, 60), (30 * DAY, 60), (31 * DAY, 600), (3 * 365 * DAY, 600)],
)
def test_the_finest_step_that_is_kept_since_the_start_is_chosen(age_s, step_s):
    assert choose_step(POLICY, NOW - age_s, NOW, None) == step_s


@pytest.mark.parametrize("step_s", [10, 20, 60, 90, 120, 600, 3_600])
def test_a_multiple_of_a_step_of_the_ladder_can_be_asked_for(step_s):
    assert choose_step(POLICY, NOW - HOUR, NOW, step_s) == step_s


@pytest.mark.parametrize("step_s", [1, 5, 15, 61])
def test_any_other_step_is_an_error_that_names_the_ladder(step_s):
    with pytest.raises(QueryError, match=rf"step={step_s} .*10s:7d,1m:30d,10m:2y"):
        choose_step(POLICY, NOW - HOUR, NOW, step_s)


@pytest.mark.parametrize("until", [NOW, NOW - 1])
def test_a_start_that_is_not_before_the_end_is_an_error_that_holds_both(until):
    with pytest.raises(QueryError, match=f"from={NOW} .*to={until}"):
        check_order(NOW, until)

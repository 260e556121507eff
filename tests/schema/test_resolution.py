import pytest
from cadent.schema.errors import ConfigError
from cadent.schema.resolution import DAY_S, Ladder, Resolution, format_duration, parse_duration, span_of
from hypothesis import given
from hypothesis import strategies as st

STEPS = [step for step in range(1, DAY_S + 1) if DAY_S % step == 0]


@st.composite
def ladders(draw):
    steps = [draw(st.sampled_from(STEPS))]
    while len(steps) < 4 and draw(st.booleans()):
        coarser = [step for step in STEPS if step > steps[-1] and step % steps[-1] == 0]
        if not coarser:
            break
        steps.append(draw(st.sampled_from(coarser)))
    ttls = sorted(draw(st.lists(st.integers(DAY_S, 10 * 365 * DAY_S), min_size=len(steps), max_size=len(steps), unique=True)))
    return Ladder(tuple(map(Resolution, steps, ttls)))


@given(ladders())
def test_a_ladder_reads_back_from_its_text(ladder):
    assert Ladder.parse(str(ladder)) == ladder


@given(ladders())
def test_the_list_form_says_the_same_as_the_text(ladder):
    assert Ladder.parse([str(resolution) for resolution in ladder]) == ladder


@given(st.integers(1, 10**10))
def test_a_duration_reads_back_from_its_text(seconds):
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10", 10),
        ("10s", 10),
        ("5m", 300),
        ("168h", 604_800),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("2y", 63_072_000),
        (" 1m ", 60),
    ],
)
def test_durations_are_a_number_and_a_unit(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0s", "-1s", "1.5h", "10 s", "10q", "1h30m", "1M"])
def test_a_text_that_is_no_duration_is_refused_and_shown(text):
    with pytest.raises(ConfigError) as refused:
        parse_duration(text)
    assert repr(text) in str(refused.value)


def test_the_shipped_ladder_and_the_seeds_list_are_read():
    shipped = Ladder.parse("10s:7d, 1m:30d, 10m:2y")
    assert [(r.step_s, r.ttl_s) for r in shipped] == [(10, 7 * DAY_S), (60, 30 * DAY_S), (600, 730 * DAY_S)]
    assert shipped.base.step_s == 10
    assert len(shipped) == 3
    seeds = Ladder.parse(["5s:168h", "1m:720h"])
    assert str(seeds) == "5s:7d,1m:30d"


def test_a_step_must_divide_a_day():
    with pytest.raises(ConfigError, match=r"step 7s does not divide a day"):
        Ladder.parse("7s:1d")
    with pytest.raises(ConfigError, match=r"step 172800s does not divide a day"):
        Ladder.parse("2d:30d")


def test_a_ttl_shorter_than_its_step_is_refused_with_both():
    with pytest.raises(ConfigError, match=r"ttl 10s is shorter than its step 60s"):
        Resolution.parse("1m:10s")


@pytest.mark.parametrize(
    ("text", "fine", "coarse"), [("10s:1d,15s:2d", "10s", "15s"), ("1m:1d,10s:2d", "60s", "10s"), ("10s:1d,10s:2d", "10s", "10s")]
)
def test_a_step_that_is_no_multiple_of_the_finer_one_is_refused_with_both(text, fine, coarse):
    with pytest.raises(ConfigError, match=rf"step {coarse} .* not a multiple of the finer step {fine}"):
        Ladder.parse(text)


def test_a_coarser_ttl_that_is_not_longer_is_refused_with_both():
    with pytest.raises(ConfigError, match=r"ttl 86400s \(1m:1d\) is not longer than the finer ttl 172800s \(10s:2d\)"):
        Ladder.parse("10s:2d,1m:1d")


@pytest.mark.parametrize("text", ["", "10s", "10s:", ":7d", "10s:7d,", "10s-7d"])
def test_a_text_that_is_no_ladder_is_refused(text):
    with pytest.raises(ConfigError):
        Ladder.parse(text)


def test_an_empty_ladder_is_refused():
    with pytest.raises(ConfigError, match="at least one resolution"):
        Ladder(())


@given(ladders(), st.floats(0, 20 * 365 * DAY_S))
def test_the_covering_resolution_is_the_finest_that_still_keeps_an_age(ladder, age_s):
    keeping = [resolution for resolution in ladder if resolution.ttl_s >= age_s]
    assert ladder.covering(age_s) == (min(keeping, key=lambda r: r.step_s) if keeping else None)


@pytest.mark.parametrize("step_s", STEPS)
def test_a_span_is_whole_steps_and_divides_a_day(step_s):
    span_s = span_of(step_s)
    assert span_s % step_s == 0
    assert DAY_S % span_s == 0


@pytest.mark.parametrize(
    ("step_s", "span_s"), [(1, 3_600), (10, 3_600), (60, 21_600), (300, DAY_S), (600, DAY_S), (DAY_S, DAY_S)]
)
def test_a_span_holds_an_hour_and_360_slots_where_a_day_does(step_s, span_s):
    assert span_of(step_s) == span_s

from datetime import datetime, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from cadent.render.pictures.time_axis import TimeAxis
from hypothesis import given
from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3_600, 86_400


@given(
    st.integers(0, 4_000_000_000),
    st.integers(1, 40 * 365 * DAY),
    st.integers(1, 5_000),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_ticks_lie_on_the_axis_in_order(start, range_s, pixels, zone):
    axis = TimeAxis(start, start + range_s, pixels, ZoneInfo(zone))
    for ticks in (axis.minor(), axis.major(), [at for at, _ in axis.labels()]):
        assert ticks == sorted(ticks)
        assert all(start <= at < start + range_s for at in ticks)
        assert len(ticks) <= 5_000


@given(st.integers(0, 2_000_000_000), st.sampled_from([300, HOUR, 6 * HOUR, DAY]))
def test_labels_of_a_day_and_less_are_round_in_the_zone(start, range_s):
    axis = TimeAxis(start, start + range_s, 800, ZoneInfo("Asia/Kolkata"))
    for at, text in axis.labels():
        moment = datetime.fromtimestamp(at, timezone.utc).timestamp() + 5.5 * HOUR  # India is so far ahead, all year
        clock = f"{moment % DAY // HOUR:02.0f}:{moment % HOUR // 60:02.0f}"
        assert text.split()[-1].startswith(clock)
        assert moment % (5 if range_s == 300 else 60) == 0


def test_days_begin_at_midnight_also_when_the_clocks_change():
    start = datetime(2023, 10, 25, tzinfo=BERLIN).timestamp()
    axis = TimeAxis(start, start + 10 * DAY, 800, BERLIN)
    assert [text for _, text in axis.labels()][:6] == ["10/25", "10/26", "10/27", "10/28", "10/29", "10/30"]
    clocks = {datetime.fromtimestamp(at, BERLIN).hour for at, _ in axis.labels()}
    assert clocks == {0}


def test_hours_are_hours_apart_when_the_clocks_change():
    start = datetime(2023, 10, 29, tzinfo=BERLIN).timestamp()
    axis = TimeAxis(start, start + 6 * HOUR, 300, BERLIN)
    ticks = axis.major()
    assert {later - earlier for earlier, later in pairwise(ticks)} == {ticks[1] - ticks[0]}


@pytest.mark.parametrize(("form", "wanted"), [("%Y", "2023"), ("%d.%m.", "14.11.")])
def test_a_format_of_ones_own(form, wanted):
    # 20:00 to 21:00 in Berlin.
    axis = TimeAxis(1_699_988_400, 1_699_992_000, 800, BERLIN, form)
    assert {text for _, text in axis.labels()} == {wanted}

from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from cadent.schema.errors import QueryError
from cadent.schema.times import parse_offset, parse_time, zone
from hypothesis import given
from hypothesis import strategies as st

MINUTE, HOUR, DAY = 60, 3_600, 86_400

# Thursday, 2015-01-01 11:00:30 UTC: graphite-web's own tests use this day.
NOW = 1_420_110_030
TODAY = 1_420_070_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("-1s", -1),
        ("-30sec", -30),
        ("-30seconds", -30),
        ("-5m", -5 * MINUTE),
        ("-30min", -30 * MINUTE),
        ("-1minute", -MINUTE),
        ("-90minutes", -90 * MINUTE),
        ("-1h", -HOUR),
        ("-2hours", -2 * HOUR),
        ("-2d", -2 * DAY),
        ("-1day", -DAY),
        ("-1w", -7 * DAY),
        ("-2weeks", -14 * DAY),
        ("-1mon", -30 * DAY),
        ("-2months", -60 * DAY),
        ("-1y", -365 * DAY),
        ("-2years", -730 * DAY),
        ("-1d6h", -30 * HOUR),
        ("+1h", HOUR),
        ("1h", HOUR),
        ("-1H", -HOUR),
        ("now", 0),
        ("now-1h", -HOUR),
        ("now+10min", 10 * MINUTE),
        (" -1 h ", -HOUR),
        ("", 0),
    ],
)
def test_an_offset_counts_from_now(text, seconds):
    assert parse_time(text, NOW) == NOW + seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("midnight", 0),
        ("noon", 12 * HOUR),
        ("teatime", 16 * HOUR),
        ("8:50", 8 * HOUR + 50 * MINUTE),
        ("08:50am", 8 * HOUR + 50 * MINUTE),
        ("8:50pm", 20 * HOUR + 50 * MINUTE),
        ("8am", 8 * HOUR),
        ("10pm", 22 * HOUR),
        ("12am", 0),
        ("12pm", 12 * HOUR),
        ("today", 0),
        ("yesterday", -DAY),
        ("tomorrow", DAY),
        ("noon_yesterday", -12 * HOUR),
        ("noon yesterday", -12 * HOUR),
        ("6pm today", 18 * HOUR),
        ("6pm+today", 18 * HOUR),
        ("16:30_tomorrow", DAY + 16 * HOUR + 30 * MINUTE),
        ("midnight+1d", DAY),
        ("midnight_tomorrow+3h", DAY + 3 * HOUR),
        ("teatime-30min", 15 * HOUR + 30 * MINUTE),
        ("thursday", 0),
        ("friday", -6 * DAY),
        ("monday", -3 * DAY),
        ("mon", -3 * DAY),
        ("noon_wed", -12 * HOUR),
        ("january8", 7 * DAY),
        ("January 10", 9 * DAY),
        ("jan 2, 6pm", None),
        ("6pm jan 2", DAY + 18 * HOUR),
    ],
)
def test_a_reference_counts_from_midnight(text, seconds):
    if seconds is None:
        with pytest.raises(QueryError):
            parse_time(text, NOW)
    else:
        assert parse_time(text, NOW) == TODAY + seconds


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20140606", "2014-06-06 00:00"),
        ("12:00_20150308", "2015-03-08 12:00"),
        ("9:0020150308", "2015-03-08 09:00"),
        ("02/25/15", "2015-02-25 00:00"),
        ("02/25/2015", "2015-02-25 00:00"),
        ("1/2/70", "1970-01-02 00:00"),
        ("1/2/69", "2069-01-02 00:00"),
        ("noon 02/29/2016", "2016-02-29 12:00"),
        ("10:30_20150110-1d", "2015-01-09 10:30"),
    ],
)
@pytest.mark.parametrize("name", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_a_date_begins_at_midnight_of_its_time_zone(text, moment, name):
    assert datetime.fromtimestamp(parse_time(text, NOW, zone(name)), ZoneInfo(name)).strftime("%Y-%m-%d %H:%M") == moment


@pytest.mark.parametrize("text", ["1420110030", "0", "1420110030.75", "99999999999", "20149999", "18000101"])
def test_a_number_that_is_no_date_is_unix_seconds(text):
    assert parse_time(text, NOW) == int(float(text))


def test_an_offset_is_elapsed_time_where_the_clock_is_put_forward():
    clock_jumps_at_two = zone("America/Los_Angeles")
    now = datetime(2015, 3, 8, 12, tzinfo=clock_jumps_at_two).timestamp()
    assert parse_time("midnight+3h", now, clock_jumps_at_two) == datetime(2015, 3, 8, 4, tzinfo=clock_jumps_at_two).timestamp()


def test_today_is_the_day_of_the_time_zone():
    late = datetime(2015, 1, 1, 23, 30, tzinfo=ZoneInfo("America/Los_Angeles")).timestamp()
    assert parse_time("midnight", late, zone("America/Los_Angeles")) == TODAY + 8 * HOUR
    assert parse_time("midnight", late) == TODAY + DAY


@pytest.mark.parametrize(
    "text",
    [
        "random",
        "-1fortnight",
        "-1",
        "-",
        "-h",
        "10 o'clock",
        "-1M",
        "january",
        "january800",
        "20150231",
        "02/31/15",
        "1/2",
        "25:00",
        "12:60",
        "13pm",
        "0am",
        ":",
        "now-1h+5min",
        "1e9",
        "nan",
        "0x10",
        "-99999999999999y0",
        "9" * 400,
        "9" * 20,
        "-9999y",
        "midnight+" + "9" * 30 + "y",
        "٣",
        "\x00",
    ],
)
def test_an_unreadable_time_is_an_error_that_holds_it(text):
    with pytest.raises(QueryError) as error:
        parse_time(text, NOW)
    assert repr(text[:200]) in str(error.value)


@pytest.mark.parametrize("years", ["9999y", "+9999y", "-9999y", "100000000w", "9" * 5_000 + "s"])
def test_an_interval_that_no_two_times_are_apart_is_an_error_that_holds_it(years):
    with pytest.raises(QueryError) as error:
        parse_offset(years)
    assert repr(years[:200]) in str(error.value)


@given(st.one_of(st.text(), st.from_regex(r"[+-]?\d{1,30}(s|d|y)?", fullmatch=True)))
def test_calendars_know_every_time(text):
    """In any time zone, and also what is a day before and after."""
    with suppress(QueryError):
        at = parse_time(text, NOW)
        for name in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
            assert datetime.fromtimestamp(at - DAY, zone(name)) < datetime.fromtimestamp(at + DAY, zone(name))


@given(st.text())
def test_any_text_is_a_time_or_a_query_error(text):
    with suppress(QueryError):
        assert isinstance(parse_time(text, NOW), int)


@given(st.integers(0, 10**10), st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))
def test_a_written_minute_is_read_back(seconds, name):
    moment = datetime.fromtimestamp(seconds - seconds % 60, ZoneInfo(name))
    again = datetime.fromtimestamp(parse_time(moment.strftime("%H:%M_%Y%m%d"), NOW, zone(name)), ZoneInfo(name))
    assert again.replace(tzinfo=None) == moment.replace(tzinfo=None, fold=0) or again.utcoffset() != moment.utcoffset()


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "America", "a\x00b"])
def test_an_unknown_time_zone_is_an_error_that_holds_it(name):
    with pytest.raises(QueryError, match="is not a known time zone") as error:
        zone(name)
    assert repr(name) in str(error.value)

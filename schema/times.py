"""Time texts: what Graphite's ``from`` and ``until`` may hold, as unix seconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from .errors import QueryError
from .resolution import DAY_S

_UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": DAY_S, "w": 7 * DAY_S, "mon": 30 * DAY_S, "y": 365 * DAY_S}
# As in graphite-web a unit is known by how it begins. A lone m is a minute; M is refused: it may mean either.
_TERM = re.compile(r"(\d+)(s|min|h|d|w|mon|y|(?-i:m)(?![a-z]))[a-z]*", re.IGNORECASE)
_OFFSET = re.compile(rf"(?P<sign>[+-]?)(?P<terms>(?:{_TERM.pattern})+)", re.IGNORECASE)

_SECONDS = re.compile(r"\d+(?:\.\d+)?")
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?P<half>am|pm)?|(?P<half_only>am|pm))")
_HOURS = {"midnight": 0, "noon": 12, "teatime": 16}
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_DAY = re.compile(r"[a-z]+?(\d{1,2})")

# Within the years 5 to 9987: calendars know no others, and no time zone leads out of those that they know.
EARLIEST, LATEST = -62_000_000_000, 253_000_000_000
_LONGEST_S = LATEST - EARLIEST


def zone(name: str) -> tzinfo:
    """The time zone called ``name``, such as ``Europe/Berlin``; QueryError if there is none."""
    if name.upper() == "UTC":  # needs no zone data on the machine
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise QueryError(f"{name!r} is not a known time zone; want one such as UTC or Europe/Berlin") from None


def parse_time(text: str, now: float, zone: tzinfo = timezone.utc) -> int:
    """Unix seconds of ``text``, with the meaning graphite-web gives it: a reference, an offset, or one after the other.

    Reference: ``now``, unix seconds, a clock time (``16:30``, ``6pm``, ``noon``) and a day (``20260131``, ``01/31/26``,
    ``jan 31``, ``monday``, ``yesterday``), either of which may be left out. Offset: ``-1h``, ``+2d``, ``-1w3d``; without
    a sign it lies in the future. Days begin at midnight in ``zone``. Raises QueryError, also for what is not between EARLIEST
    and LATEST.
    """
    try:
        return _within_calendars(_parse(re.sub(r"[\s_,]", "", text), now, zone))
    except (ValueError, OverflowError, OSError):
        raise QueryError(
            f"{text[:200]!r} is not a time; write unix seconds, now, an offset such as -1h, -30min or -2d, "
            "or a date such as 16:30_20260131"
        ) from None


def parse_offset(text: str) -> int:
    """Seconds of an offset such as ``-1h``, ``5min`` or ``1w3d``, the empty one 0. Raises QueryError, also for one that no two
    times are apart."""
    offset = _OFFSET.fullmatch(re.sub(r"[\s_,]", "", text)) if isinstance(text, str) else None
    if offset is None and text != "":
        raise QueryError(f"{str(text)[:200]!r} is not an interval; write one such as 1h, 30min, -2d or 1w3d")
    try:
        return _seconds(offset) if offset else 0
    except ValueError:
        raise QueryError(f"the interval {text[:200]!r} is longer than {_LONGEST_S // _UNITS_S['y']} years") from None


def _within_calendars(seconds: int) -> int:
    if not EARLIEST <= seconds <= LATEST:
        raise ValueError(seconds)
    return seconds


def _parse(text: str, now: float, zone: tzinfo) -> int:
    if not text.isascii():
        raise ValueError(text)
    if _SECONDS.fullmatch(text) and not _is_date(text):
        return int(float(text))
    if offset := _OFFSET.fullmatch(text):
        return int(now + _seconds(offset))
    text = re.sub(r"\+(?=[A-Za-z])", "", text)  # 6pm+today: a space that was encoded twice
    reference, offset_text = _split(text)
    offset = _OFFSET.fullmatch(offset_text)
    if offset_text and offset is None:
        raise ValueError(offset_text)
    return int(_reference(reference.lower(), now, zone) + (_seconds(offset) if offset else 0))


def _is_date(digits: str) -> bool:
    """Eight digits that can be read as YYYYMMDD are a date, all others are unix seconds."""
    return len(digits) == 8 and digits.isdigit() and int(digits[:4]) > 1900 and int(digits[4:6]) <= 12 and int(digits[6:]) <= 31


def _split(text: str) -> tuple[str, str]:
    """Reference and signed offset."""
    sign = re.search(r"[+-]", text)
    return (text, "") if sign is None else (text[: sign.start()], text[sign.start() :])


def _seconds(offset: re.Match[str]) -> int:
    """ValueError for more than _LONGEST_S."""
    total = sum(int(number) * _UNITS_S[unit.lower()] for number, unit in _TERM.findall(offset["terms"]))
    if total > _LONGEST_S:
        raise ValueError(offset)
    return -total if offset["sign"] == "-" else total


def _reference(text: str, now: float, zone: tzinfo) -> float:
    if text in {"", "now"}:
        return now
    hour, minute, day_text = _clock(text)
    midnight = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return _day(day_text, midnight).replace(hour=hour, minute=minute).timestamp()


def _clock(text: str) -> tuple[int, int, str]:
    """Hour and minute that ``text`` begins with (midnight if with none), and the rest of it."""
    for word, hour in _HOURS.items():
        if text.startswith(word):
            return hour, 0, text[len(word) :]
    clock = _CLOCK.match(text)
    if clock is None:
        return 0, 0, text
    hour, half = int(clock["hour"]), clock["half"] or clock["half_only"]
    if half and not 1 <= hour <= 12:
        raise ValueError(text)
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour, int(clock["minute"] or 0), text[clock.end() :]


def _day(text: str, today: datetime) -> datetime:
    if text == "":
        return today
    if text in _DAYS:
        return today + timedelta(days=_DAYS[text])
    if text.count("/") == 2:
        month, day, year = map(int, text.split("/"))
        return today.replace(year=_full_year(year), month=month, day=day)
    if len(text) == 8 and text.isdigit():
        return today.replace(year=int(text[:4]), month=int(text[4:6]), day=int(text[6:]))
    if text[:3] in _WEEKDAYS and text.isalpha():
        return today - timedelta(days=(today.weekday() - _WEEKDAYS.index(text[:3])) % 7)
    named = _MONTH_DAY.fullmatch(text)
    if named is None or text[:3] not in _MONTHS:
        raise ValueError(text)
    return today.replace(month=_MONTHS.index(text[:3]) + 1, day=int(named[1]))


def _full_year(year: int) -> int:
    """Two digits mean 1970 to 2069."""
    if year >= 100:
        return year
    return 1900 + year if year >= 70 else 2000 + year

"""Something that happened, as somebody reported it: graphs show it beside the points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .errors import LimitExceeded, QueryError

# In one answer.
MOST_EVENTS = 10_000

MOST_WHAT_CHARS = 1_024
MOST_DATA_CHARS = 16_384
MOST_TAGS = 100
MOST_TAG_CHARS = 255

# The year 10000: datetimes end there.
_TIME_END = 253_402_300_800

# Of the tags asked for, an event has one or more, or all.
TagSet: TypeAlias = Literal["union", "intersection"]


@dataclass(frozen=True, slots=True)
class Event:
    """``when``: unix second. ``what``: a line to be shown. ``tags``: words without blanks, as given. ``data``: what else there is
    to say. ``id``: from 1 up once it is stored, 0 before."""

    when: int
    what: str
    tags: tuple[str, ...] = ()
    data: str = ""
    id: int = 0

    @classmethod
    def new(cls, when: int, what: str, tags: Iterable[str] = (), data: str = "") -> Event:
        """To be stored. Raises QueryError for a time before 1970 or after the year 9999 and for an empty
        ``what``; LimitExceeded for texts too long and tags too many."""
        event = cls(when, what, tuple(tags), data)
        if not 0 <= when < _TIME_END:
            raise QueryError(f"when={when} is not in unix seconds; want 0 to {_TIME_END - 1}")
        if not what:
            raise QueryError("what is empty; want a line that says what happened")
        _bound("what", len(what), MOST_WHAT_CHARS, "characters")
        _bound("data", len(data), MOST_DATA_CHARS, "characters")
        _bound("tags", len(event.tags), MOST_TAGS, "tags")
        _bound("a tag", max(map(len, event.tags), default=0), MOST_TAG_CHARS, "characters")
        return event


def _bound(name: str, size: int, most: int, unit: str) -> None:
    if size > most:
        raise LimitExceeded(f"{name} of an event has {size:,} {unit}; at most {most:,} are taken")

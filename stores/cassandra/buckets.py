"""Which rows of a path share a partition."""

from __future__ import annotations

from ...schema.identity import Level
from ...schema.resolution import DAY_S

_BUCKET_SLOTS = 8_640


def bucket_of(level: Level, start: int) -> int:
    """The number of the whole days, of about 8,640 steps, that share a partition."""
    return start // bucket_s(level)


def bucket_s(level: Level) -> int:
    """Seconds of these days."""
    return max(1, _BUCKET_SLOTS * level.step_s // DAY_S) * DAY_S

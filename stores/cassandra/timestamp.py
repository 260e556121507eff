"""The timestamp of rows that hold points."""

from __future__ import annotations

from typing import Final

_MICROSECONDS: Final = 1_000_000


def timestamp_of(stop: int) -> int:
    """Of a row whose windows end at ``stop``, unix seconds. A row that is written again has the same one, and compaction keeps
    what expires together in one file."""
    return stop * _MICROSECONDS

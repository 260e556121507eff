"""What keeps the points of chunk sets: a layout of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ...schema.errors import StoreError, Unavailable
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.protocols import ChunkSet, Slice
from ...schema.rows import Ids
from .link import Batch
from .manifest import Erasure


class NewSet(NamedTuple):
    """A set that is being written: its number and windows, and how long its rows live."""

    number: int
    start: int
    stop: int
    ttl_s: int


class Put(NamedTuple):
    """``ids`` (ascending) have a point; ``batches`` store them, in about ``size_bytes``."""

    ids: Ids
    size_bytes: int
    batches: Iterator[Batch]


class Points(Protocol):
    """The points of one writer. Any thread. A row is written again with the same key, content and timestamp, if it is. Rows go by
    their ttl alone."""

    def put(self, level: Level, one: NewSet, piece: Slice) -> Put:
        """What stores the points of ``piece``, which is of the set ``one``. Its arrays are not used once this returns."""

    def merge(
        self, level: Level, sets: Sequence[ChunkSet], erasures: Sequence[Erasure], ids: Ids, into: Grid
    ) -> list[StoreError]:
        """Merge the points of ``ids`` (ids[i] -> row i) that ``sets`` hold, in their order and by the mode of each, and that no
        erasure hides. Returns what says why some are left out, Unavailable or Damaged, once all others were merged."""


def unread(errors: Sequence[Unavailable], requests: int, where: str) -> Unavailable:
    """Why points are missing: so many ``requests`` were made of a table, a partition each, and some got ``errors``."""
    return Unavailable(f"{len(errors)} of {requests} partitions of {where}, cannot be read: {errors[0]}")

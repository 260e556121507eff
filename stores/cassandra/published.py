"""What writers elsewhere publish of their logs, as a reader merges it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ...schema.errors import Damaged, Unavailable
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.rows import Ids
from .followed import Followed, Known
from .link import Link, Request
from .recent import Published
from .recent_rows import SHARD, Rows, merge, places_of

# Queries wait for it, and a server that is there answers at once.
_TIMEOUT_S = 2.0

_COUNTED = "SELECT epoch, published FROM writer WHERE writer = ?"
_READ = (
    "SELECT first, start, value FROM recent WHERE writer = ? AND epoch = ? AND policy = ? AND step = ? AND shard = ? "
    "AND first > ? AND first <= ?"
)


class Counted(NamedTuple):
    """What counts of one writer's publications: rows of ``epoch``, as far as ``levels`` (``default/10``) say."""

    epoch: int
    levels: Mapping[str, Published]


class Publisher:
    """What of ``writer`` counts, asked for at most once in ``fresh_s`` seconds of ``monotonic``. Any thread."""

    def __init__(self, link: Link, writer: str, monotonic: Callable[[], float], fresh_s: float = 1.0) -> None:
        self.link = link
        self.writer = writer
        self._followed = Followed(self._ask, monotonic, fresh_s)

    def counted(self) -> Known[Counted]:
        """While no server answers, the last that is known. Raises Unavailable while none is."""
        return self._followed.newest()

    def log(self, level: Level) -> PublishedLog:
        """What it published of ``level``."""
        return PublishedLog(self, level)

    def _ask(self, _: Counted | None) -> Counted:
        rows = self.link.read(Request(_COUNTED, (self.writer,)), timeout_s=_TIMEOUT_S)
        epoch, levels = rows[0] if rows else (None, None)
        return Counted(epoch or 0, {level: Published(*values) for level, values in (levels or {}).items()})


class PublishedLog:
    """The log of ``level``, as far as it is published. Implements ``query.cut.Log``. Any thread."""

    def __init__(self, publisher: Publisher, level: Level) -> None:
        self._publisher = publisher
        self._level = level

    def read(self, ids: Ids, after: int, through: int, into: Grid) -> None:
        """Merge the parts with ``after`` < sequence <= ``through`` into ``into``; ids[i] -> row i. When all that could be had is
        merged, raises Unavailable for what could not, and for what may have come since it is known what counts; or Damaged."""
        known = self._publisher.counted()
        problems: list[Damaged | Unavailable] = [known.trouble] if known.trouble else []
        published = self._published(known.value, after, through)
        if published and published.start < into.stop and published.stop > into.start:
            problems += self._read(known.value.epoch, ids, after, min(through, published.last), into)
        if problems:
            raise min(problems, key=lambda problem: isinstance(problem, Damaged))

    def span(self, after: int, through: int) -> tuple[int, int] | None:
        """[start, stop) of a range in which the windows of those parts lie; None if there is none."""
        published = self._published(self._publisher.counted().value, after, through)
        return (published.start, published.stop) if published else None

    def replaces(self, after: int, through: int) -> bool:
        """Whether the mode of any of them may be REPLACE."""
        published = self._published(self._publisher.counted().value, after, through)
        return published is not None and published.replaces

    def _published(self, counted: Counted, after: int, through: int) -> Published | None:
        """None if there is nothing between these sequences."""
        published = counted.levels.get(str(self._level))
        return published if published and published.last > after and published.first <= through else None

    def _read(self, epoch: int, ids: Ids, after: int, through: int, into: Grid) -> Iterator[Damaged | Unavailable]:
        """Merges what there is; yields why something is not."""
        shards = list(_by_shard(ids))
        key = (self._publisher.writer, epoch, self._level.policy, self._level.step_s)
        requests = [Request(_READ, (*key, shard, after, through)) for shard, _ in shards]
        for index, rows in self._publisher.link.read_many(requests):
            if isinstance(rows, Unavailable):
                yield rows
            else:
                yield from self._merge(*shards[index], rows, into)

    def _merge(self, shard: int, places: Rows, rows: list[tuple[int, int, bytes]], into: Grid) -> list[Damaged]:
        """By sequence, which is the order of the table."""
        merged = (self._merge_row(shard, places, row, into) for row in rows)
        return [damage for damage in merged if damage]

    def _merge_row(self, shard: int, places: Rows, row: tuple[int, int, bytes], into: Grid) -> Damaged | None:
        first, start, value = row
        try:
            merge(value, start, places, into)
        except ValueError as error:
            where = f"writer {self._publisher.writer}, level {self._level}, shard {shard}, first {first}, start {start}"
            return Damaged(f"recent ({where})", 0, str(error))
        return None


def _by_shard(ids: Ids) -> Iterator[tuple[int, Rows]]:
    """Each shard that has some of ``ids``, with the rows of its places."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order].astype(np.int64)
    cuts = np.flatnonzero(ordered[1:] // SHARD != ordered[:-1] // SHARD) + 1
    for some, rows in zip(np.split(ordered, cuts), np.split(order, cuts), strict=True):
        if len(some):
            yield int(some[0]) // SHARD, places_of(some, rows)

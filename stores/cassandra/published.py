"""What writers elsewhere publish of their logs, as a reader merges it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ...schema.errors import Damaged, Unavailable
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.rows import Ids
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
    """What counts of one writer's publications: rows of ``epoch``, as far as ``levels`` (``default/10``) say. ``trouble``: why
    more of them may count by now."""

    epoch: int
    levels: Mapping[str, Published]
    trouble: Unavailable | None = None


class Publisher:
    """What of ``writer`` counts, asked for at most once in ``fresh_s`` seconds of ``monotonic``. Any thread."""

    def __init__(self, link: Link, writer: str, monotonic: Callable[[], float], fresh_s: float = 1.0) -> None:
        self.link = link
        self.writer = writer
        self._monotonic = monotonic
        self._fresh_s = fresh_s
        self._asking = threading.Lock()  # over the two that follow
        self._asked = 0.0
        self._known: Counted | None = None

    def counted(self) -> Counted:
        """While no server answers, the last that is known. Raises Unavailable while none is."""
        known = self._known
        if known is None:
            with self._asking:
                return self._known or self._ask()
        if self._monotonic() - self._asked >= self._fresh_s and self._asking.acquire(blocking=False):
            # The others go on with what is known: a server that is away must not hold up all of them.
            try:
                known = self._ask()
            except Unavailable as error:
                self._known = known = known._replace(trouble=error)
                self._asked = self._monotonic()  # from the end of the wait, so that not every query waits
            finally:
                self._asking.release()
        return known

    def log(self, level: Level) -> PublishedLog:
        """What it published of ``level``."""
        return PublishedLog(self, level)

    def _ask(self) -> Counted:
        asked = self._monotonic()
        rows = self.link.read(Request(_COUNTED, (self.writer,)), timeout_s=_TIMEOUT_S)
        epoch, levels = rows[0] if rows else (None, None)
        self._known = Counted(epoch or 0, {level: Published(*values) for level, values in (levels or {}).items()})
        self._asked = asked
        return self._known


class PublishedLog:
    """The log of ``level``, as far as it is published. Implements ``query.cut.Log``. Any thread."""

    def __init__(self, publisher: Publisher, level: Level) -> None:
        self._publisher = publisher
        self._level = level

    def read(self, ids: Ids, after: int, through: int, into: Grid) -> None:
        """Merge the parts with ``after`` < sequence <= ``through`` into ``into``; ids[i] -> row i. When all that could be had is
        merged, raises Unavailable for what could not, and for what may have come since it is known what counts; or Damaged."""
        counted = self._publisher.counted()
        problems: list[Damaged | Unavailable] = [counted.trouble] if counted.trouble else []
        published = self._published(counted, after, through)
        if published and published.start < into.stop and published.stop > into.start:
            problems += self._read(counted.epoch, ids, after, min(through, published.last), into)
        if problems:
            raise min(problems, key=lambda problem: isinstance(problem, Damaged))

    def span(self, after: int, through: int) -> tuple[int, int] | None:
        """[start, stop) of a range in which the windows of those parts lie; None if there is none."""
        published = self._published(self._publisher.counted(), after, through)
        return (published.start, published.stop) if published else None

    def replaces(self, after: int, through: int) -> bool:
        """Whether the mode of any of them may be REPLACE."""
        published = self._published(self._publisher.counted(), after, through)
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

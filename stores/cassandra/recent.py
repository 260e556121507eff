"""What a writer publishes of its log, for readers elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from ...schema.identity import Level, Mode
from ...schema.protocols import Slice
from .link import Link, Request
from .recent_rows import pack
from .timestamp import timestamp_of

_PUT = (
    "INSERT INTO recent (writer, epoch, policy, step, shard, first, start, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "USING TTL ? AND TIMESTAMP ?"
)
_TIMESTAMP = "SELECT WRITETIME(epoch) FROM writer WHERE writer = ?"
# The timestamps are a count of its own, for a clock may jump: then readers would stay with what counted before.
_COUNT = "UPDATE writer USING TIMESTAMP ? SET epoch = ?, published = ? WHERE writer = ?"
_COUNT_MORE = "UPDATE writer USING TIMESTAMP ? SET epoch = ?, published = published + ? WHERE writer = ?"

_EPOCH_BITS: Final = 62
# What a former process sent, and what arrives late, is far below the timestamps of the next one.
_APART: Final = 1 << 32


class Published(NamedTuple):
    """Sequences from ``first`` to ``last`` whose windows lie in [start, stop); ``replaces``: whether the mode of any is REPLACE.
    What a row of table ``writer`` says for a level."""

    first: int
    last: int
    start: int
    stop: int
    replaces: bool

    def joined(self, other: Published) -> Published:
        return Published(
            min(self.first, other.first),
            max(self.last, other.last),
            min(self.start, other.start),
            max(self.stop, other.stop),
            self.replaces or other.replaces,
        )


class _Level:
    """The parts that were published of one level, until chunks hold them for good."""

    def __init__(self) -> None:
        self._parts: dict[int, Published] = {}  # by first sequence
        self._sealed: tuple[float, int] = (0.0, 0)  # when it was looked at, and what it was

    def add(self, part: Published) -> None:
        self._parts[part.first] = part

    def settle(self, sealed: int, now: float, lost_s: float) -> None:
        """Forget what was in chunks so long ago that these last; what is ``sealed`` now may be lost yet."""
        looked, former = self._sealed
        if now - looked < lost_s:
            return
        self._sealed = now, sealed
        settled = min(former, sealed)
        newest = max(self._parts, default=0)
        # The last one stays: it says how far readers may count.
        self._parts = {first: part for first, part in self._parts.items() if part.last > settled or first == newest}

    @property
    def whole(self) -> Published:
        first, *others = self._parts.values()
        for other in others:
            first = first.joined(other)
        return first


class RecentWriter:
    """Publishes for ``writer`` in the tables ``recent`` and ``writer`` of the keyspace of ``link``. One thread.

    Implements ``schema.protocols.Publications``. Each object has an epoch of its own, and readers count the rows of one epoch.
    Raises Unavailable, Refused, ConfigError.
    """

    def __init__(
        self,
        link: Link,
        writer: str,
        *,
        ttl_of: Callable[[Level], int],
        sealed: Callable[[Level], int],
        monotonic: Callable[[], float],
        lost_s: float,
    ) -> None:
        """``ttl_of``: seconds after which a level's log is in chunks, and longer. ``sealed``: the last sequence that is in them,
        which may go back within ``lost_s`` seconds of ``monotonic``."""
        self._link = link
        self._writer = writer
        self._ttl_of = ttl_of
        self._sealed = sealed
        self._monotonic = monotonic
        self._lost_s = lost_s
        self._epoch = secrets.randbits(_EPOCH_BITS)
        self._levels: dict[Level, _Level] = {}
        self._timestamp = 0  # of the row of table ``writer``; 0: not known
        self._counting = False
        self._interruptions = link.interruptions  # when the row was last written whole

    @property
    def interruptions(self) -> int:
        return self._link.interruptions

    def publish(self, level: Level, slices: Iterable[Slice]) -> None:
        parts: list[Published] = []
        self._link.write_many(self._requests(level, _noting(slices, parts)))
        if parts:
            self._note(level, parts)

    def count(self) -> None:
        interruptions = self._link.interruptions
        self._write(_COUNT, self._levels)
        self._counting, self._interruptions = True, interruptions

    def _requests(self, level: Level, slices: Iterator[Slice]) -> Iterator[Request]:
        ttl_s = self._ttl_of(level)
        key = (self._writer, self._epoch, level.policy, level.step_s)
        for row in pack(slices):
            # Written again it is the same: of two that are equal but for their ttl the server keeps the one that lives longer.
            yield Request(_PUT, (*key, row.shard, row.first, row.start, row.value, ttl_s, timestamp_of(row.stop)))

    def _note(self, level: Level, parts: list[Published]) -> None:
        """Readers may count the part, all of which is there."""
        published = self._levels.setdefault(level, _Level())
        for part in parts:
            published.add(part)
        published.settle(self._sealed(level), self._monotonic(), self._lost_s)
        if self._interruptions != self._link.interruptions and self._counting:
            self.count()  # the row may be lost
        elif self._counting:
            self._write(_COUNT_MORE, [level])

    def _write(self, statement: str, levels: Iterable[Level]) -> None:
        published = {str(level): tuple(self._levels[level].whole) for level in levels}
        # Another one for each try: what failed may arrive late.
        self._timestamp = (self._timestamp or self._first_timestamp()) + 1
        self._link.write(Request(statement, (self._timestamp, self._epoch, published, self._writer)))

    def _first_timestamp(self) -> int:
        """Later than those of a former process."""
        rows = self._link.read(Request(_TIMESTAMP, (self._writer,)))
        return _APART + (rows[0][0] or 0 if rows else 0)


def _noting(slices: Iterable[Slice], parts: list[Published]) -> Iterator[Slice]:
    """The same slices; ``parts`` gets what they are of, once they are all there."""
    known: Published | None = None
    for piece in slices:
        identity, grid = piece.identity, piece.grid
        one = Published(identity.first, identity.last, grid.start, grid.stop, identity.mode is Mode.REPLACE)
        known = one if known is None else known.joined(one)
        yield piece
    if known is not None:
        parts.append(known)

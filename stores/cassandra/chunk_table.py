"""The tables ``chunk_<step>``: where chunks lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Final, NamedTuple

import numpy as np

from ...codec.chunk import encode
from ...schema.errors import StoreError, Unavailable
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.protocols import ChunkSet, Slice
from ...schema.rows import Ids
from .buckets import bucket_of
from .checksum import checked
from .chunks import Chunks, Row
from .ddl import chunk_table
from .link import Batch, Link, Request
from .manifest import Erasure
from .points import NewSet, Put, unread
from .timestamp import timestamp_of

# Ids that share a partition: a request costs what some ten thousand bytes cost.
SHARD: Final = 64


class ChunkTable:
    """The chunks of ``writer``: implements Points."""

    def __init__(self, link: Link, writer: str) -> None:
        self._link = link
        self._writer = writer

    def put(self, level: Level, one: NewSet, piece: Slice) -> Put:
        values, ids = _chunks(piece)
        return Put(ids, sum(map(len, values)), self._batches(level, one, ids, values))

    def merge(
        self, level: Level, sets: Sequence[ChunkSet], erasures: Sequence[Erasure], ids: Ids, into: Grid
    ) -> list[StoreError]:
        found = _read(self._link, self._writer, level, sets, ids)
        damage = Chunks(level, sets, found.rows).merge(ids, erasures, into)
        return [error for error in (found.missing, damage) if error]

    def _batches(self, level: Level, one: NewSet, ids: Ids, values: Sequence[bytes]) -> Iterator[Batch]:
        """One for each shard."""
        put = (
            f"INSERT INTO {chunk_table(level.step_s)} (writer, policy, shard, bucket, id, start, number, value) "  # noqa: S608 - of a number
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?"
        )
        life, bucket = (one.ttl_s, timestamp_of(one.stop)), bucket_of(level, one.start)
        for shard, rows in groupby(zip(ids.tolist(), values, strict=True), key=lambda row: row[0] // SHARD):
            key = (self._writer, level.policy, shard, bucket)
            yield Batch([Request(put, (*key, id_, one.start, one.number, value, *life)) for id_, value in rows])


class _Found(NamedTuple):
    """``missing``: why there may be more rows, None if there are none."""

    rows: list[Row]
    missing: Unavailable | None


def _read(link: Link, writer: str, level: Level, sets: Sequence[ChunkSet], ids: Ids) -> _Found:
    """The chunks of ``ids`` that begin with one of ``sets``, whether they count or not; in no order."""
    requests = list(_reads(writer, level, sets, ids))
    answers = [answer for _, answer in link.read_many(requests)]
    errors = [answer for answer in answers if isinstance(answer, Unavailable)]
    rows = list(chain.from_iterable(answer for answer in answers if not isinstance(answer, Unavailable)))
    if not errors:
        return _Found(rows, None)
    return _Found(rows, unread(errors, len(requests), f"{chunk_table(level.step_s)}, writer {writer}, policy {level.policy}"))


def _reads(writer: str, level: Level, sets: Sequence[ChunkSet], ids: Ids) -> Iterator[Request]:
    """One for each shard and bucket."""
    starts: dict[int, list[int]] = {}
    for one in sets:
        starts.setdefault(bucket_of(level, one.start), []).append(one.start)
    statement = (
        f"SELECT id, start, number, value FROM {chunk_table(level.step_s)} WHERE writer = ? AND policy = ? AND shard = ? AND "  # noqa: S608 - of a number
        "bucket = ? AND id IN ? AND start >= ? AND start <= ?"
    )
    for shard, group in groupby(np.sort(ids).tolist(), key=lambda id_: id_ // SHARD):
        wanted = list(group)
        for bucket, of_bucket in starts.items():
            key = (writer, level.policy, shard, bucket)
            yield Request(statement, (*key, wanted, min(of_bucket), max(of_bucket)))


def _chunks(piece: Slice) -> tuple[list[bytes], Ids]:
    """The chunks of those paths that have points, with their checksums."""
    data, offsets = encode(piece.grid)
    kept = np.flatnonzero(offsets[1:] > offsets[:-1])
    ends = zip(offsets[kept].tolist(), offsets[kept + 1].tolist(), strict=True)
    return [checked(data[begin:end]) for begin, end in ends], piece.ids[kept]

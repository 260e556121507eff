"""The tables ``chunk_<step>`` and ``chunk_set_ids``: where chunks lie, and which ids have some.

A row is written again with the same key, content and timestamp, if it is. Rows go by their ttl alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import Final, NamedTuple

import numpy as np

from ...codec.chunk import encode
from ...schema.errors import Damaged, Unavailable
from ...schema.identity import Identity, Level
from ...schema.protocols import ChunkSet, Slice
from ...schema.resolution import DAY_S
from ...schema.rows import Ids
from .checksum import CRC_BYTES, checked, is_sound
from .ddl import chunk_table
from .link import Batch, Link, Request
from .manifest import NUMBERS_A_CHANGE, SetEntry

# Ids that share a partition: a request costs what some ten thousand bytes cost.
SHARD: Final = 64
_BUCKET_SLOTS = 8_640
_IDS_A_PIECE = 65_536
_SECOND = 1_000_000  # timestamps are microseconds

_PUT_IDS = "INSERT INTO chunk_set_ids (writer, number, piece, ids) VALUES (?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?"
_IDS = "SELECT ids FROM chunk_set_ids WHERE writer = ? AND number = ?"


def bucket_of(level: Level, start: int) -> int:
    """The number of the whole days, of about 8,640 steps, whose chunks share a partition."""
    return start // (max(1, _BUCKET_SLOTS * level.step_s // DAY_S) * DAY_S)


class NewSets:
    """The sets that one change writes: ``sets`` has them once all of ``requests`` were sent."""

    def __init__(self, writer: str, level: Level, first_number: int, ttl_s: Callable[[int], int]) -> None:
        """``ttl_s(stop)``: how long rows live whose windows end at ``stop``."""
        self._writer = writer
        self._level = level
        self._numbers = iter(range(first_number, first_number + NUMBERS_A_CHANGE))
        self._ttl_s = ttl_s
        self._put = (
            f"INSERT INTO {chunk_table(level.step_s)} (writer, policy, shard, bucket, id, start, number, value) "  # noqa: S608 - of a number
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?"
        )
        self.sets: list[SetEntry] = []

    def requests(self, slices: Iterable[Slice]) -> Iterator[Request | Batch]:
        """What stores ``slices``: a set for each span that has a point. The arrays of a slice are done with when the next one is
        asked for."""
        for (identity, start, stop), pieces in groupby(slices, key=_set_of):
            yield from self._set(next(self._numbers), identity, start, stop, pieces)

    def _set(self, number: int, identity: Identity, start: int, stop: int, pieces: Iterable[Slice]) -> Iterator[Request | Batch]:
        size, found = 0, [np.empty(0, np.uint32)]
        for piece in pieces:
            values, ids = _chunks(piece)
            size += sum(map(len, values))
            found.append(ids)
            yield from self._batches(number, start, stop, ids, values)
        ids = np.concatenate(found)
        if len(ids):
            yield from put_ids(self._writer, number, ids, self._ttl_s(stop), stop)
            self.sets.append(SetEntry(ChunkSet(number, identity, start, stop, 0, size), int(ids[-1]), number))

    def _batches(self, number: int, start: int, stop: int, ids: Ids, values: Sequence[bytes]) -> Iterator[Batch]:
        """One for each shard."""
        ttl_s, bucket = self._ttl_s(stop), bucket_of(self._level, start)
        for shard, rows in groupby(zip(ids.tolist(), values, strict=True), key=lambda row: row[0] // SHARD):
            key = (self._writer, self._level.policy, shard, bucket)
            yield Batch([Request(self._put, (*key, id_, start, number, value, ttl_s, stop * _SECOND)) for id_, value in rows])


def put_ids(writer: str, number: int, ids: Ids, ttl_s: int, stop: int) -> Iterator[Request]:
    """What keeps the ids of a set, whose windows end at ``stop``, under ``number``."""
    for piece in range(-(-len(ids) // _IDS_A_PIECE)):
        data = checked(ids[piece * _IDS_A_PIECE : (piece + 1) * _IDS_A_PIECE].astype("<u4").tobytes())
        yield Request(_PUT_IDS, (writer, number, piece, data, ttl_s, stop * _SECOND))


def read_ids(link: Link, writer: str, numbers: Sequence[int]) -> Ids:
    """Ascending ids that are kept under any of ``numbers``. Raises Damaged, Unavailable."""
    found = [np.empty(0, np.uint32)]
    for index, rows in link.read_many([Request(_IDS, (writer, number)) for number in numbers]):
        if isinstance(rows, Unavailable):
            raise rows
        for piece, (data,) in enumerate(rows):
            if not is_sound(data):
                raise Damaged(
                    f"chunk_set_ids (writer {writer}, number {numbers[index]}, piece {piece})", 0, "it fails its checksum"
                )
            found.append(np.frombuffer(data, "<u4", (len(data) - CRC_BYTES) // 4))
    return np.unique(np.concatenate(found))


class Found(NamedTuple):
    """Rows of a table of chunks: (id, start, number, value). ``missing``: why there may be more, None if there are none."""

    rows: list[tuple[int, int, int, bytes]]
    missing: Unavailable | None


def read_chunks(link: Link, writer: str, level: Level, sets: Sequence[ChunkSet], ids: Ids) -> Found:
    """The chunks of ``ids`` that begin with one of ``sets``, whether they count or not; in no order."""
    requests = list(_reads(writer, level, sets, ids))
    answers = [answer for _, answer in link.read_many(requests)]
    errors = [answer for answer in answers if isinstance(answer, Unavailable)]
    rows = list(chain.from_iterable(answer for answer in answers if not isinstance(answer, Unavailable)))
    if not errors:
        return Found(rows, None)
    where = f"{len(errors)} of {len(requests)} partitions of {chunk_table(level.step_s)}, writer {writer}, policy {level.policy}"
    return Found(rows, Unavailable(f"{where}, cannot be read: {errors[0]}"))


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


def _set_of(piece: Slice) -> tuple[Identity, int, int]:
    return piece.identity, piece.grid.start, piece.grid.stop

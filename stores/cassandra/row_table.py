"""The tables ``row_<step>``: points in rows of their own, for those who read with CQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import numpy as np

from ...schema.errors import StoreError, Unavailable
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.protocols import ChunkSet, Slice
from ...schema.rows import Ids
from .buckets import bucket_of
from .ddl import step_table
from .link import Batch, Link, Request
from .manifest import Erasure
from .points import NewSet, Put, unread
from .rows import Rows
from .timestamp import timestamp_of

# A request costs what some hundred rows cost.
_BATCH_ROWS: Final = 100
_ROW_BYTES: Final = 60  # about what a row takes on disk

_Cells = tuple[int, int, float, float, float, float, float]  # time, count, sum, min, max, last, mean


class RowTable:
    """The points of ``writer``: implements Points."""

    def __init__(self, link: Link, writer: str) -> None:
        self._link = link
        self._writer = writer

    def put(self, level: Level, one: NewSet, piece: Slice) -> Put:
        points = _points(piece.grid)
        kept = [index for index, cells in enumerate(points) if cells]
        return Put(piece.ids[kept], sum(map(len, points)) * _ROW_BYTES, self._batches(level, one, piece.ids.tolist(), points))

    def merge(
        self, level: Level, sets: Sequence[ChunkSet], erasures: Sequence[Erasure], ids: Ids, into: Grid
    ) -> list[StoreError]:
        """Never Damaged: rows have no checksum but the server's."""
        if not sets:
            return []
        start = max(into.start, min(one.start for one in sets))
        stop = min(into.stop, max(one.stop for one in sets))
        requests = self._requests(level, ids, start, stop)
        found, errors = Rows(sets, erasures), list[Unavailable]()
        for index, rows in self._link.read_many([request for _, request in requests]):
            if isinstance(rows, Unavailable):
                errors.append(rows)
            else:
                at = requests[index][0]
                found.add(at, int(ids[at]), rows)
        found.merge(into)
        if not errors:
            return []
        where = f"{step_table('rows', level.step_s)}, writer {self._writer}, policy {level.policy}"
        return [unread(errors, len(requests), where)]

    def _batches(self, level: Level, one: NewSet, ids: Sequence[int], points: Sequence[Sequence[_Cells]]) -> Iterator[Batch]:
        put = (
            f"INSERT INTO {step_table('rows', level.step_s)} "  # noqa: S608 - of a number
            "(writer, policy, id, bucket, number, time, count, sum, min, max, last, mean) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?"
        )
        life = one.ttl_s, timestamp_of(one.stop)
        for id_, cells in zip(ids, points, strict=True):
            for bucket, of_bucket in groupby(cells, key=lambda cell: bucket_of(level, cell[0])):
                key = (self._writer, level.policy, id_, bucket, one.number)
                rows = [Request(put, (*key, *cell, *life)) for cell in of_bucket]
                yield from (Batch(rows[at : at + _BATCH_ROWS]) for at in range(0, len(rows), _BATCH_ROWS))

    def _requests(self, level: Level, ids: Ids, start: int, stop: int) -> list[tuple[int, Request]]:
        """One for each path and bucket, with the index of the path in ``ids``."""
        statement = (
            f"SELECT time, number, count, sum, min, max, last FROM {step_table('rows', level.step_s)} "  # noqa: S608 - of a number
            "WHERE writer = ? AND policy = ? AND id = ? AND bucket = ? AND time >= ? AND time < ?"
        )
        buckets = range(bucket_of(level, start), bucket_of(level, stop - 1) + 1)
        return [
            (index, Request(statement, (self._writer, level.policy, id_, bucket, start, stop)))
            for index, id_ in enumerate(ids.tolist())
            for bucket in buckets
        ]


def _points(grid: Grid) -> list[list[_Cells]]:
    """Of each row of ``grid``, its points in order of time."""
    points: list[list[_Cells]] = [[] for _ in range(grid.shape[0])]
    rows, slots = np.nonzero(grid.count)
    count, total = grid.count[rows, slots], grid.sum[rows, slots]
    low, high, last = (column[rows, slots] for column in (grid.min, grid.max, grid.last))
    columns = (grid.start + slots * grid.step_s, count, total, low, high, last, total / count)
    for row, cells in zip(rows.tolist(), zip(*(column.tolist() for column in columns), strict=True), strict=True):
        points[row].append(cells)
    return points

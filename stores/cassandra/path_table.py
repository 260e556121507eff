"""The tables ``path`` and ``segment`` of the layout ``rows``: where to find the points of a path with CQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from ...index.batches import Batch as Names
from ...index.batches import batches_of
from ...index.frames import ADD, RENAME, TOMBSTONE
from ...index.source import NamesSource
from ...index.tail import Place
from .link import Batch, Link, Request

_BATCH_ROWS: Final = 100

_PUT_SEGMENT = "INSERT INTO segment (pos, segment) VALUES (?, ?)"
_PUT_BRANCH = "INSERT INTO path (pos, segment, path, has_data, length) VALUES (?, ?, ?, false, ?)"
_PUT_LEAF = "UPDATE path SET length = ?, ids[?] = ? WHERE pos = ? AND segment = ? AND path = ? AND has_data = true"
_DROP_LEAF = "DELETE ids[?] FROM path WHERE pos = ? AND segment = ? AND path = ? AND has_data = true"


class _Segment(NamedTuple):
    pos: int
    prefix: str


class PathTables:
    """Keeps the tables equal to a writer's names log. One thread. Holds all paths in memory."""

    def __init__(self, link: Link, source: NamesSource) -> None:
        self._link = link
        self._source = source
        self._interruptions = link.interruptions
        self._place: Place | None = None
        self._paths: dict[int, str] = {}

    def step(self) -> None:
        """Write what is new in the log; all of it the first time, and when the connection was lost since, as what was written
        shortly before may be lost with it. Raises Unavailable, Damaged; then it is to be called again."""
        if self._link.interruptions != self._interruptions:
            self._place, self._interruptions = None, self._link.interruptions
        with self._source.news(self._place) as news:
            if news is None:
                return
            for piece in news.pieces:
                for names in batches_of(piece):
                    self._take(names)
                self._place = piece.place(news.start.nonce)

    def _take(self, names: Names) -> None:
        if names.kind in (RENAME, TOMBSTONE):
            self._drop(names.ids.tolist())
        if names.kind in (ADD, RENAME):
            self._put({number: path.decode() for number, path in names.names()})

    def _put(self, paths: dict[int, str]) -> None:
        rows = [row for number, path in paths.items() for row in _rows(self._source.writer, path, number)]
        self._write(rows)
        self._paths.update(paths)

    def _drop(self, ids: Iterable[int]) -> None:
        gone = {number: self._paths[number] for number in ids if number in self._paths}
        writer = self._source.writer
        self._write(
            [(segment, Request(_DROP_LEAF, (writer, *segment, path))) for path in gone.values() for segment in _segments(path)]
        )
        for number in gone:
            del self._paths[number]

    def _write(self, rows: list[tuple[_Segment, Request]]) -> None:
        """Rows of one partition together."""
        rows.sort(key=itemgetter(0))
        self._link.write_many(_batches(rows))


def _batches(rows: Iterable[tuple[_Segment, Request]]) -> Iterator[Request | Batch]:
    for segment, group in groupby(rows, key=itemgetter(0)):
        requests = [request for _, request in group]
        yield Request(_PUT_SEGMENT, segment)
        for at in range(0, len(requests), _BATCH_ROWS):
            yield Batch(requests[at : at + _BATCH_ROWS])


def _rows(writer: str, path: str, number: int) -> Iterator[tuple[_Segment, Request]]:
    segments = _segments(path)
    last = len(segments) - 1
    for segment, following in pairwise(segments):
        yield segment, Request(_PUT_BRANCH, (*segment, following.prefix, following.pos))
    for segment in segments:
        yield segment, Request(_PUT_LEAF, (last, writer, number, *segment, path))


def _segments(path: str) -> list[_Segment]:
    """Its beginnings, up to the path itself. The tags of a path, dots in them or not, are of its last segment."""
    name, semicolon, tags = path.partition(";")
    names = name.split(".")
    prefixes = [".".join(names[: size + 1]) for size in range(len(names))]
    prefixes[-1] += semicolon + tags
    return [_Segment(pos, prefix) for pos, prefix in enumerate(prefixes)]

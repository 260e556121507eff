"""The table ``names``, which holds the bytes of names logs, and what the table ``writer`` says of them.

Bytes of a log never change, so a row is written again with the same bytes or with more of them: its timestamp is where it ends,
and the longest wins. The head has a revision as its timestamp, one more with each write, so that no clock matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ...schema.errors import Unavailable
from .link import Link, Request

BLOB_BYTES: Final = 128 << 10  # a row begins at a multiple of it; with each upload the last one is written anew
_BUCKET_BITS: Final = 24
_BUCKET_BYTES: Final = 1 << _BUCKET_BITS

_WRITERS = "SELECT writer, names_nonce FROM writer"
_HEAD = "SELECT names_nonce, names_end, WRITETIME(names_end) FROM writer WHERE writer = ?"
_PUT_HEAD = "UPDATE writer USING TIMESTAMP ? SET names_nonce = ?, names_end = ? WHERE writer = ?"
_PUT = "INSERT INTO names (writer, nonce, bucket, start, value) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?"
_READ = "SELECT start, value FROM names WHERE writer = ? AND nonce = ? AND bucket = ? AND start >= ?"
_DROP = "DELETE FROM names WHERE writer = ? AND nonce = ? AND bucket = ?"


class NamesHead(NamedTuple):
    """The names log with this nonce is there up to byte ``end``, behind a whole frame."""

    nonce: int
    end: int
    revision: int


def names_writers(link: Link) -> list[str]:
    """Those whose names are in the keyspace, sorted. Raises Unavailable."""
    return sorted(writer for writer, nonce in link.read(Request(_WRITERS)) if nonce is not None)


def read_names_head(link: Link, writer: str) -> NamesHead | None:
    """None if nothing of the writer's names log counts yet. Raises Unavailable."""
    rows = link.read(Request(_HEAD, (writer,)))
    if not rows or rows[0][0] is None:
        return None
    nonce, end, revision = rows[0]
    return NamesHead(nonce % (1 << 64), end, revision)


def write_names_head(link: Link, writer: str, head: NamesHead) -> None:
    """``head`` counts from now on. Raises Unavailable."""
    link.write(Request(_PUT_HEAD, (head.revision, _bigint(head.nonce), head.end, writer)))


class NamesRows:
    """The bytes of one names log in the table. All raise Unavailable."""

    def __init__(self, link: Link, writer: str, nonce: int) -> None:
        self._link = link
        self._key = writer, _bigint(nonce)

    def write(self, read: Callable[[int, int], bytes], begin: int, end: int) -> None:
        """Bytes ``begin`` to ``end`` of the log are there from now on; ``read(size, start)`` gives them."""
        self._link.write_many(self._blobs(read, begin, end))

    def _blobs(self, read: Callable[[int, int], bytes], begin: int, end: int) -> Iterator[Request]:
        for start in range(begin // BLOB_BYTES * BLOB_BYTES, end, BLOB_BYTES):
            stop = min(start + BLOB_BYTES, end)
            yield Request(_PUT, (*self._key, start >> _BUCKET_BITS, start, read(stop - start, start), stop))

    def read(self, begin: int, end: int) -> Iterator[bytes]:
        """Bytes ``begin`` to ``end`` of the log, a bucket at a time. Raises Unavailable also when some are missing: nodes that
        crashed may have lost the latest ones, and they are uploaded again."""
        while begin < end:
            stop = min(end, (begin // _BUCKET_BYTES + 1) * _BUCKET_BYTES)
            yield self._stretch(begin, stop)
            begin = stop

    def drop(self, end: int) -> None:
        """Remove a log of ``end`` bytes."""
        buckets = range((max(end, 1) - 1 >> _BUCKET_BITS) + 1)
        self._link.write_many(Request(_DROP, (*self._key, bucket)) for bucket in buckets)

    def _stretch(self, begin: int, stop: int) -> bytes:
        """Bytes of one bucket."""
        place = first = begin // BLOB_BYTES * BLOB_BYTES
        blobs = []
        for start, value in self._link.read(Request(_READ, (*self._key, begin >> _BUCKET_BITS, first))):
            if start == place < stop:
                blobs.append(value)
                place += len(value)
        if place < stop:
            raise Unavailable(
                f"keyspace {self._link.keyspace}: the names log of writer {self._key[0]} ends at byte {place}, before {stop}: "
                "the writer has to upload it again"
            )
        return b"".join(blobs)[begin - first : stop - first]


def _bigint(nonce: int) -> int:
    """A u64 as the server takes it."""
    return nonce - (1 << 64) if nonce >> 63 else nonce

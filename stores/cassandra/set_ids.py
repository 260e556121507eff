"""The table ``chunk_set_ids``: which ids have points in a set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...schema.errors import Damaged, Unavailable
from ...schema.rows import Ids
from .checksum import CRC_BYTES, checked, is_sound
from .link import Link, Request
from .timestamp import timestamp_of

_IDS_A_PIECE = 65_536

_PUT_IDS = "INSERT INTO chunk_set_ids (writer, number, piece, ids) VALUES (?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?"
_IDS = "SELECT ids FROM chunk_set_ids WHERE writer = ? AND number = ?"


def put_ids(writer: str, number: int, ids: Ids, ttl_s: int, stop: int) -> Iterator[Request]:
    """What keeps the ids of a set, whose windows end at ``stop``, under ``number``."""
    for piece in range(-(-len(ids) // _IDS_A_PIECE)):
        data = checked(ids[piece * _IDS_A_PIECE : (piece + 1) * _IDS_A_PIECE].astype("<u4").tobytes())
        yield Request(_PUT_IDS, (writer, number, piece, data, ttl_s, timestamp_of(stop)))


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

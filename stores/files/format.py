"""The header of a block file. Field by field: docs/formats/block.md."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from ...codec.chunk import pack_directory, unpack_directory
from ...schema.errors import Damaged, StoreError
from ...schema.identity import Identity, Level, Mode

VERSION: Final = 1
MAGIC: Final = b"CDNT.BLK"

_FIXED = struct.Struct("<8sIIqIIQQIIIIQHHHH")
_CRC = struct.Struct("<I")


def aligned(size: int) -> int:
    """``size`` brought to a multiple of 8."""
    return size + -size % 8


class Part(NamedTuple):
    """``slots`` windows of a block from its slot ``first`` on: what one chunk of a strip covers."""

    first: int
    slots: int


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What a block holds: points of one identity in ``slots`` windows from ``start`` on, in the strips of ``ids`` paths,
    ``data_bytes`` of them in all. ``parts``: how many stretches of these windows there is a chunk of. ``group``: strips that
    share a checksum. ``offset_bytes``: 4 or 8, the width of an offset in the index; ``index_crc``: of all of the index.
    """

    level: Level
    identity: Identity
    start: int
    slots: int
    parts: int = 1
    group: int = 16
    ids: int = 0
    data_bytes: int = 0
    offset_bytes: int = 4
    index_crc: int = 0

    @property
    def stop(self) -> int:
        """Unix second at which the last window ends."""
        return self.start + self.slots * self.level.step_s

    @property
    def size(self) -> int:
        """Bytes of the header; strips begin behind it."""
        return aligned(_FIXED.size + sum(map(len, self._texts())) + _CRC.size)

    @property
    def index_at(self) -> int:
        """Where the index begins."""
        return self.size + aligned(self.data_bytes)

    @property
    def groups(self) -> int:
        return -(-self.ids // self.group)

    @property
    def index_columns(self) -> tuple[int, int, int, int]:
        """Bytes of the index's columns, without padding: ids, offsets, checksums, parts."""
        return 4 * self.ids, self.offset_bytes * (self.ids + 1), 4 * self.groups, 8 * self.parts

    @property
    def file_bytes(self) -> int:
        """Bytes of the whole file."""
        return self.index_at + sum(map(aligned, self.index_columns))

    def pack(self) -> bytes:
        texts = self._texts()
        size, identity = self.size, self.identity
        data = _FIXED.pack(
            MAGIC,
            VERSION,
            size,
            self.start,
            self.slots,
            identity.mode,
            identity.first,
            identity.last,
            self.ids,
            self.group,
            self.offset_bytes,
            self.index_crc,
            self.data_bytes,
            *map(len, texts),
            self.parts,
        )
        data += b"".join(texts)
        data += bytes(size - _CRC.size - len(data))
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def parse(cls, data: bytes, file: str) -> BlockHeader:
        """Read what ``pack`` wrote; ``data``: the first bytes of ``file``. Raises Damaged, and StoreError for a later version."""
        if len(data) < _FIXED.size or data[:8] != MAGIC:
            raise Damaged(file, 0, f"it begins with {data[:8]!r}, not {MAGIC!r}")
        _, version, size, start, slots, mode, first, last, ids, group, width, index_crc, data_bytes, *lengths, parts = (
            _FIXED.unpack_from(data)
        )
        if not _FIXED.size < size <= len(data) or _CRC.unpack_from(data, size - 4)[0] != zlib.crc32(data[: size - 4]):
            raise Damaged(file, 0, "its header fails the checksum")
        if version > VERSION:
            raise StoreError(f"{file} has block format {version}; this version of cadent reads up to {VERSION}")
        level, writer, directory = _cut(data[_FIXED.size :], lengths)
        try:
            unpack_directory(directory)
        except ValueError as error:
            raise StoreError(f"{file}: {error}") from error
        if not (ids and group and parts and width in (4, 8)):
            raise Damaged(file, 0, f"its header has {ids} ids, {parts} parts, groups of {group} and offsets of {width} bytes")
        identity = Identity(writer.decode(), first, last, Mode(mode))
        where = Level.parse(level.decode())
        return cls(where, identity, start, slots, parts, group, ids, data_bytes, width, index_crc)

    def _texts(self) -> tuple[bytes, bytes, bytes]:
        return str(self.level).encode(), self.identity.writer.encode(), pack_directory()


def _cut(data: bytes, lengths: list[int]) -> list[bytes]:
    """The first pieces of ``data``, of these lengths."""
    pieces, at = [], 0
    for length in lengths[:3]:
        pieces.append(data[at : at + length])
        at += length
    return pieces

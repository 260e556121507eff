"""The header of a block file. Field by field: docs/formats/block.md."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from ...codec.chunk import pack_directory, unpack_directory
from ...schema.errors import Damaged, StoreError
from ...schema.identity import Identity, Level, Mode

VERSION: Final = 1
MAGIC: Final = b"CDNT.BLK"

# Chunks that share a checksum: one damaged chunk costs its group, one wanted chunk the reading of its group.
GROUP: Final = 16

_FIXED = struct.Struct("<8sIIqIIQQIIIIQHHHH")
_CRC = struct.Struct("<I")


def aligned(size: int) -> int:
    """``size`` brought to a multiple of 8."""
    return size + -size % 8


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What a block holds: ``chunks`` of ``slots`` windows each from ``start`` on, ``data_bytes`` of them in all, of one
    identity. ``offset_bytes``: 4 or 8, the width of an offset in the index; ``index_crc``: of all of the index.
    """

    level: Level
    identity: Identity
    start: int
    slots: int
    chunks: int = 0
    data_bytes: int = 0
    offset_bytes: int = 4
    index_crc: int = 0

    @property
    def size(self) -> int:
        """Bytes of the header; chunks begin behind it."""
        return aligned(_FIXED.size + sum(map(len, self._texts())) + _CRC.size)

    @property
    def index_at(self) -> int:
        """Where the index begins."""
        return self.size + aligned(self.data_bytes)

    @property
    def groups(self) -> int:
        return -(-self.chunks // GROUP)

    @property
    def file_bytes(self) -> int:
        """Bytes of the whole file."""
        ids, offsets = aligned(4 * self.chunks), aligned(self.offset_bytes * (self.chunks + 1))
        return self.index_at + ids + offsets + aligned(4 * self.groups)

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
            self.chunks,
            GROUP,
            self.offset_bytes,
            self.index_crc,
            self.data_bytes,
            *map(len, texts),
            0,
        )
        data += b"".join(texts)
        data += bytes(size - _CRC.size - len(data))
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def parse(cls, data: bytes, file: str) -> BlockHeader:
        """Read what ``pack`` wrote; ``data``: the first bytes of ``file``. Raises Damaged, and StoreError for a later version."""
        if len(data) < _FIXED.size or data[:8] != MAGIC:
            raise Damaged(file, 0, f"it begins with {data[:8]!r}, not {MAGIC!r}")
        _, version, size, start, slots, mode, first, last, chunks, group, width, index_crc, data_bytes, *lengths = (
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
        if group != GROUP:
            raise StoreError(f"{file} has a checksum for each {group} chunks; this version of cadent reads {GROUP}")
        identity = Identity(writer.decode(), first, last, Mode(mode))
        return cls(Level.parse(level.decode()), identity, start, slots, chunks, data_bytes, width, index_crc)

    def _texts(self) -> tuple[bytes, bytes, bytes]:
        return str(self.level).encode(), self.identity.writer.encode(), pack_directory()


def _cut(data: bytes, lengths: list[int]) -> list[bytes]:
    """The first pieces of ``data``, of these lengths."""
    pieces, at = [], 0
    for length in lengths[:3]:
        pieces.append(data[at : at + length])
        at += length
    return pieces

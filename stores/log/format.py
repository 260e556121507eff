"""The bytes of a segment's two headers. Field by field: docs/formats/log.md."""

from __future__ import annotations

import enum
import struct
import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from ...schema.errors import Damaged, StoreError
from ...schema.identity import Level, Mode

VERSION: Final = 1
SEGMENT_MAGIC: Final = b"CDNT.LOG"
RECORD_MAGIC: Final = 0x4345524C  # "LREC"

_SEGMENT = struct.Struct("<8sIIQIHH")
_RECORD = struct.Struct("<IIQqQIIQI")
_CRC = struct.Struct("<I")

RECORD_BYTES: Final = _RECORD.size + _CRC.size


class Kind(enum.IntEnum):
    """What a record's payload is."""

    SLOTS = 1  # ids that get the next slots
    DENSE = 2  # one cell for each slot
    SPARSE = 3  # slots and their cells


def padding(size: int) -> bytes:
    """What brings ``size`` bytes to a multiple of 8."""
    return bytes(-size % 8)


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The start of a segment file. ``first``: the sequence of the first row written to it."""

    level: Level
    writer: str
    mode: Mode
    first: int

    def pack(self) -> bytes:
        level, writer = str(self.level).encode(), self.writer.encode()
        texts = level + writer
        texts += padding(_SEGMENT.size + len(texts) + _CRC.size)
        size = _SEGMENT.size + len(texts) + _CRC.size
        data = _SEGMENT.pack(SEGMENT_MAGIC, VERSION, size, self.first, self.mode, len(level), len(writer)) + texts
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def parse(cls, data: bytes, file: str) -> tuple[SegmentHeader, int] | None:
        """The header and its size in bytes; None where none was written yet. ``data``: the first bytes of ``file``.

        Raises Damaged, and StoreError for a version this program does not know.
        """
        if len(data) < _SEGMENT.size or data[:8] == bytes(8):
            return None
        magic, version, size, first, mode, level_bytes, writer_bytes = _SEGMENT.unpack_from(data)
        if magic != SEGMENT_MAGIC:
            raise Damaged(file, 0, f"it begins with {magic!r}, not {SEGMENT_MAGIC!r}")
        if not _SEGMENT.size < size <= len(data) or _CRC.unpack_from(data, size - 4)[0] != zlib.crc32(data[: size - 4]):
            raise Damaged(file, 0, "its header fails the checksum")
        if version > VERSION:
            raise StoreError(f"{file} has log format {version}; this version of cadent reads up to {VERSION}")
        texts = data[_SEGMENT.size :]
        level = Level.parse(texts[:level_bytes].decode())
        return cls(level, texts[level_bytes : level_bytes + writer_bytes].decode(), Mode(mode), first), size


class RecordHeader(NamedTuple):
    """The 56 bytes before a payload. ``batch``: the byte of the file at which the append it belongs to began; all before
    that was durable when it was written."""

    kind: int
    sequence: int
    time: int
    batch: int
    cells: int
    multis: int
    size: int
    crc: int

    def pack(self) -> bytes:
        data = _RECORD.pack(RECORD_MAGIC, *self)
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def parse(cls, data: bytes, at: int) -> RecordHeader | None:
        """The header at byte ``at`` of ``data``; None if there is no whole and sound one."""
        if at + RECORD_BYTES > len(data):
            return None
        magic, *fields = _RECORD.unpack_from(data, at)
        crc = _CRC.unpack_from(data, at + _RECORD.size)[0]
        if magic != RECORD_MAGIC or crc != zlib.crc32(data[at : at + _RECORD.size]):
            return None
        header = cls(*fields)
        return header if header.size == payload_bytes(header.kind, header.cells, header.multis) else None


def payload_bytes(kind: int, cells: int, multis: int) -> int:
    """The size of a payload; -1 for a kind that does not exist."""
    words = 8 * (-(-cells // 2))
    if kind == Kind.SLOTS:
        return words
    if kind == Kind.DENSE:
        return 8 * cells + 40 * multis
    if kind == Kind.SPARSE:
        return words + 8 * cells + 40 * multis
    return -1

"""The frames of a names log as bytes: docs/formats/names-log.md in code."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..schema.rows import Ids
from . import _frames

Lengths = NDArray[np.uint16]
Bytes: TypeAlias = bytes | bytearray | memoryview

FILE_MAGIC = b"CDNTNAME"
FRAME_MAGIC = b"CDNF"
VERSION = 1

_FILE_HEADER = struct.Struct("<8sHHIQI")  # magic, version, zero, least next id, nonce, crc32 of all before
FILE_HEADER_SIZE = 32
_FRAME_HEADER = struct.Struct("<4sIIBBHII")  # magic, crc32 of all after, body size, kind, policy size, zero, count, day
FRAME_HEADER_SIZE = _FRAME_HEADER.size

FRAME_NAMES = 65_536  # names in a frame that we write, at most: with the longest paths 64 MB

ADD = 1
SEEN = 2
TOMBSTONE = 3
RENAME = 4

# One frame as the scan finds it: where it and its columns lie in the bytes scanned. Mirrors ``Frame`` in frame.pxi.
FRAME = np.dtype(
    [
        ("start", "<u8"),
        ("end", "<u8"),
        ("ids", "<u8"),
        ("lengths", "<u8"),
        ("policy", "<u8"),
        ("paths", "<u8"),
        ("paths_size", "<u8"),
        ("count", "<u4"),
        ("day", "<u4"),
        ("highest", "<u4"),
        ("kind", "<u2"),
        ("policy_size", "<u2"),
    ]
)
FrameTable = NDArray[np.void]


class FileHeader(NamedTuple):
    """``nonce`` tells one names log from any other; ids below ``least_next_id`` are taken, whatever the frames say."""

    version: int
    least_next_id: int
    nonce: int


def encode_file_header(least_next_id: int, nonce: int) -> bytes:
    """FILE_HEADER_SIZE bytes, the beginning of a names log."""
    header = _FILE_HEADER.pack(FILE_MAGIC, VERSION, 0, least_next_id, nonce, 0)[:-4]
    return (header + struct.pack("<I", zlib.crc32(header))).ljust(FILE_HEADER_SIZE, b"\0")


def decode_file_header(data: bytes) -> FileHeader:
    """Raises ValueError if ``data`` does not begin with the header of a names log."""
    if len(data) < FILE_HEADER_SIZE:
        raise ValueError(f"{len(data)} bytes are too short for its header of {FILE_HEADER_SIZE}")
    magic, version, _, least_next_id, nonce, checksum = _FILE_HEADER.unpack_from(data)
    if magic != FILE_MAGIC:
        raise ValueError(f"it begins with {magic!r}, not with {FILE_MAGIC!r}")
    if zlib.crc32(data[: _FILE_HEADER.size - 4]) != checksum:
        raise ValueError("the checksum of its header is wrong")
    return FileHeader(version, least_next_id, nonce)


def encode_add(policy: str, day: int, ids: Ids, lengths: Lengths, paths: Bytes) -> bytes:
    """``paths`` holds the names back to back, ``lengths`` their sizes in bytes."""
    name = policy.encode()
    return _encode(ADD, day, len(ids), [_column(ids, "<u4"), _column(lengths, "<u2"), name, paths], len(name))


def encode_seen(day: int, ids: Ids) -> bytes:
    """``ids`` had points on ``day`` (since 1970-01-01 UTC)."""
    return _encode(SEEN, day, len(ids), [_column(ids, "<u4")])


def encode_tombstone(ids: Ids) -> bytes:
    """The paths of ``ids`` are gone."""
    return _encode(TOMBSTONE, 0, len(ids), [_column(ids, "<u4")])


def encode_rename(ids: Ids, lengths: Lengths, paths: Bytes) -> bytes:
    """Path i of ``paths`` is the new one of ``ids[i]``."""
    return _encode(RENAME, 0, len(ids), [_column(ids, "<u4"), _column(lengths, "<u2"), paths])


def _column(values: NDArray[np.generic], dtype: str) -> bytes:
    return values.astype(dtype, copy=False).tobytes()


def _encode(kind: int, day: int, count: int, columns: Sequence[Bytes], policy_size: int = 0) -> bytes:
    body = b"".join(columns)
    header = _FRAME_HEADER.pack(FRAME_MAGIC, 0, len(body), kind, policy_size, 0, count, day)
    rest = header[8:] + body + bytes(-len(body) % 8)
    return header[:4] + struct.pack("<I", zlib.crc32(rest)) + rest


def scan(data: Bytes, begin: int = 0) -> tuple[FrameTable, int]:
    """The whole valid frames that follow each other from ``begin`` on, and the offset after the last."""
    rows, end = _frames.scan(data, begin)
    return np.frombuffer(rows, FRAME), end


def next_frame(data: bytes, begin: int) -> int | None:
    """Where the first valid frame at or after ``begin`` starts; None if there is none."""
    at = data.find(FRAME_MAGIC, begin)
    while at >= 0:
        if len(scan(data, at)[0]):
            return at
        at = data.find(FRAME_MAGIC, at + 1)
    return None


def ids_of(data: Bytes, frame: np.void) -> Ids:
    """The ids column of one row of a scan's table."""
    return np.frombuffer(data, "<u4", int(frame["count"]), int(frame["ids"]))


def lengths_of(data: Bytes, frame: np.void) -> Lengths:
    """The lengths column of an ADD or RENAME frame."""
    return np.frombuffer(data, "<u2", int(frame["count"]), int(frame["lengths"]))


def path_bytes_of(data: Bytes, frame: np.void) -> Bytes:
    """The paths of an ADD or RENAME frame, back to back."""
    start = int(frame["paths"])
    return data[start : start + int(frame["paths_size"])]


def policy_of(data: Bytes, frame: np.void) -> str:
    """The policy of an ADD frame."""
    start = int(frame["policy"])
    return bytes(data[start : start + int(frame["policy_size"])]).decode()


def paths_of(data: Bytes, frame: np.void) -> dict[int, bytes]:
    """Path by id of an ADD or RENAME frame. For few names: one object a path."""
    lengths = np.frombuffer(data, "<u2", int(frame["count"]), int(frame["lengths"])).tolist()
    paths, start = {}, int(frame["paths"])
    for name, length in zip(ids_of(data, frame).tolist(), lengths, strict=True):
        paths[name] = bytes(data[start : start + length])
        start += length
    return paths

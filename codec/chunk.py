"""Chunks: the points of one path and step, compressed column by column. The bytes: docs/formats/chunk.md."""

from __future__ import annotations

from mmap import mmap
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..schema.grid import Grid
from ..schema.identity import Mode
from . import _chunk

Buffer: TypeAlias = bytes | bytearray | memoryview | mmap | NDArray[np.uint8]

MAX_SLOTS: Final = _chunk.MAX_SLOTS


class Column(NamedTuple):
    """An entry of a block's column directory: what a column is, its values' type, and how they are coded."""

    id: int
    type: int
    codec: int


# Types of values. BYTES is any string of bytes, such as a sketch.
INT64: Final = 1
FLOAT64: Final = 2
BYTES: Final = 3

# How a column's values became bytes.
DPR: Final = 1  # decimals, predicted, Rice-coded
PLAIN: Final = 2  # as they are

COUNT: Final = Column(1, INT64, DPR)
SUM: Final = Column(2, FLOAT64, DPR)
MIN: Final = Column(3, FLOAT64, DPR)
MAX: Final = Column(4, FLOAT64, DPR)
LAST: Final = Column(5, FLOAT64, DPR)

# What chunks of `encode` hold. A directory may go on behind these five; readers pass over columns they do not know.
DIRECTORY: Final = (COUNT, SUM, MIN, MAX, LAST)


def pack_directory(columns: tuple[Column, ...] = DIRECTORY) -> bytes:
    """The directory as it stands in a block's header: one byte for the number of columns, then three for each."""
    return bytes([len(columns), *(number for column in columns for number in column)])


def unpack_directory(data: bytes) -> tuple[Column, ...]:
    """Reads what ``pack_directory`` wrote. ValueError when ``decode`` could not read chunks of that directory."""
    if not data or len(data) != 1 + 3 * data[0]:
        raise ValueError(f"a column directory of {len(data)} bytes begins with {data[:1].hex()!r}; want 1 + 3 bytes a column")
    columns = tuple(Column(*data[at : at + 3]) for at in range(1, len(data), 3))
    if columns[: len(DIRECTORY)] != DIRECTORY:
        raise ValueError(f"column directory {columns} does not begin with count, sum, min, max and last as known here")
    return columns


def encode(grid: Grid) -> tuple[bytes, NDArray[np.int64]]:
    """The rows of ``grid`` as chunks, back to back: row i is ``data[offsets[i]:offsets[i + 1]]``, empty if it has no point.

    ``offsets`` is int64 of len(rows) + 1. At most MAX_SLOTS slots, else ValueError. Does not hold the GIL.
    """
    paths, slots = grid.shape
    offsets = np.zeros(paths + 1, np.int64)
    if paths == 0 or slots == 0:
        return b"", offsets
    return _chunk.encode(grid.count, grid.sum, grid.min, grid.max, grid.last, offsets), offsets


def decode(
    data: Buffer,
    offsets: NDArray[np.int64],
    rows: NDArray[np.int64],
    slots: int,
    into: Grid,
    column: int | NDArray[np.int64],
    mode: Mode,
) -> None:
    """Merge chunk i, the bytes ``offsets[i] = (begin, end)`` of ``data``, into row ``rows[i]`` of ``into``, in order of i.

    Chunks are ``slots`` wide; their slot 0 falls on column ``column`` of ``into`` (one for all, or an array of one each), which
    may lie before or behind it: what does not fit is left out. ADD takes the chunk's points as later ones. Does not hold the GIL.

    Columns of floats that ``into`` does not have (of shape (paths, 0)) are not decoded: that saves most of the time. Bytes
    of theirs that make no sense may go unnoticed.

    ValueError for bytes that make no sense (``chunk i: ...``): then ``into`` holds the chunks before i.
    """
    _chunk.decode(
        data,
        np.ascontiguousarray(offsets, np.int64),
        np.ascontiguousarray(rows, np.int64),
        np.ascontiguousarray(np.broadcast_to(column, len(rows)), np.int64),
        slots,
        into.count,
        into.sum,
        into.min,
        into.max,
        into.last,
        mode == Mode.REPLACE,
    )

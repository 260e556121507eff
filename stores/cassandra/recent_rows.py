"""The rows of table ``recent``: the points of a part of the log that a shard of ids has in one stretch of windows.

A value is, little-endian: the part's last sequence (8 bytes), the windows of the stretch (4), how many ids have points in it (2),
the mode (1), how many bytes a length has (1); then for each of these ids, ascending, its place in the shard (1), for each the
length of its chunk, then the chunks, and the CRC-32 of all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...codec.chunk import decode, encode
from ...schema.grid import Grid
from ...schema.identity import Identity, Mode
from ...schema.protocols import Slice
from .checksum import CRC_BYTES, checked, is_sound

# Ids that share a row: a place among them is a byte.
SHARD: Final = 256

_HEADER = struct.Struct("<QIHBB")
_NOWHERE: Final = -1

Places = NDArray[np.uint8]
Rows = NDArray[np.int64]


class RecentRow(NamedTuple):
    """``shard``: of ids; ``first``: the part's first sequence; [``start``, ``stop``): its windows, in unix seconds."""

    shard: int
    first: int
    start: int
    stop: int
    value: bytes


class _Run(NamedTuple):
    """Neighbours of one shard: their places in it, the sizes of their chunks, and these."""

    shard: int
    places: Places
    sizes: Rows
    chunks: bytes


class _Stretch(NamedTuple):
    identity: Identity
    start: int
    stop: int
    slots: int


def pack(slices: Iterable[Slice]) -> Iterator[RecentRow]:
    """The rows of slices as ``Publications.publish`` gets them. Their arrays are done with when the next one is asked for."""
    for stretch, pieces in groupby(slices, key=_stretch_of):
        runs = (run for piece in pieces for run in _runs(piece))
        # A shard may begin in one slice and end in the next.
        for shard, of_shard in groupby(runs, key=lambda run: run.shard):
            yield RecentRow(shard, stretch.identity.first, stretch.start, stretch.stop, _value(stretch, list(of_shard)))


def places_of(ids: NDArray[np.int64], rows: Rows) -> Rows:
    """For each place in a shard the row of its id: ``ids``, all of that shard, have ``rows``."""
    places = np.full(SHARD, _NOWHERE, np.int64)
    places[ids % SHARD] = rows
    return places


def merge(value: bytes, start: int, places: Rows, into: Grid) -> None:
    """Merge what a row's ``value`` holds of the ids in ``places``, as ``places_of`` gives them, into ``into``. ValueError for
    bytes that make no sense."""
    if len(value) < _HEADER.size + CRC_BYTES or not is_sound(value):
        raise ValueError("it fails its checksum")
    _, slots, count, mode, width = _HEADER.unpack_from(value)
    if start >= into.stop or start + slots * into.step_s <= into.start:
        return
    at = _HEADER.size
    rows = places[np.frombuffer(value, np.uint8, count, at)]
    sizes = np.frombuffer(value, f"<u{width}", count, at + count).astype(np.int64)
    ends = at + count * (1 + width) + np.cumsum(sizes)
    wanted = np.flatnonzero(rows != _NOWHERE)
    if len(wanted):
        offsets = np.column_stack((ends - sizes, ends))[wanted]
        column = (start - into.start) // into.step_s
        decode(memoryview(value)[:-CRC_BYTES], offsets, rows[wanted], slots, into, column, Mode(mode))


def _stretch_of(piece: Slice) -> _Stretch:
    return _Stretch(piece.identity, piece.grid.start, piece.grid.stop, piece.grid.shape[1])


def _runs(piece: Slice) -> Iterator[_Run]:
    """Of the ids that have points."""
    data, offsets = encode(piece.grid)
    kept = np.flatnonzero(offsets[1:] > offsets[:-1])
    if len(kept) == 0:
        return
    ids = piece.ids[kept]
    shards, places = ids // SHARD, (ids % SHARD).astype(np.uint8)
    # Who has no points has no bytes: those of all others lie side by side.
    begins, ends = offsets[kept], offsets[kept + 1]
    cuts = np.flatnonzero(shards[1:] != shards[:-1]) + 1
    for first, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(ids)], strict=True):
        chunks = data[int(begins[first]) : int(ends[stop - 1])]
        yield _Run(int(shards[first]), places[first:stop], ends[first:stop] - begins[first:stop], chunks)


def _value(stretch: _Stretch, runs: Sequence[_Run]) -> bytes:
    sizes = np.concatenate([run.sizes for run in runs])
    width = np.min_scalar_type(int(sizes.max())).itemsize
    header = _HEADER.pack(stretch.identity.last, stretch.slots, len(sizes), stretch.identity.mode, width)
    places = [run.places.tobytes() for run in runs]
    return checked(b"".join([header, *places, sizes.astype(f"<u{width}").tobytes(), *(run.chunks for run in runs)]))

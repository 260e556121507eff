"""The chunks of many ids in several blocks, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...schema.rows import Ids
from .block import Block

Numbers = NDArray[np.int64]

# What an array of chunks, and what is made of it, takes for each.
_CHUNK_BYTES = 128

_Numbers = TypeVar("_Numbers", int, NDArray[np.int64])


class Chunks(NamedTuple):
    """Columns of one length, a chunk in each place: the strip it belongs to, the block and part of it that it comes from, where
    its bytes are in that block's data, and the slots that it covers, counted from 1970 on."""

    strip: Numbers
    block: Numbers
    part: Numbers
    begin: Numbers
    end: Numbers
    start: Numbers
    stop: Numbers

    def take(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Chunks:
        """Those that an index or a mask picks."""
        return Chunks(*(column[which] for column in self))


def key(one: _Numbers, other: _Numbers) -> _Numbers:
    """Orders by ``one``, then by ``other``: strips, slots, parts and the like, which fit into 32 bits."""
    return one << 32 | other


def read_chunks(blocks: Sequence[Block], ids: Ids) -> Chunks:
    """All chunks of ``ids`` (strip i is that of ids[i]), by strip and first slot; those with the same one in the order of
    ``blocks``. Raises Damaged."""
    columns = zip(*(_of_block(number, block, ids) for number, block in enumerate(blocks)), strict=True)
    chunks = Chunks(*map(np.concatenate, columns))
    return chunks.take(np.argsort(key(chunks.strip, chunks.start), kind="stable"))


def slices(blocks: Sequence[Block], most_bytes: int) -> Iterator[Ids]:
    """All ids of ``blocks``, ascending, some at a time: to hold their strips and chunks takes about ``most_bytes``, or it is one
    id."""
    ids = np.unique(np.concatenate([block.ids for block in blocks]))
    sizes = np.zeros(len(ids), np.int64)
    for block in blocks:
        sizes[np.searchsorted(ids, block.ids)] += block.strip_bytes + _CHUNK_BYTES * len(block.parts)
    slice_of = (np.cumsum(sizes) - sizes) // most_bytes
    yield from np.split(ids, np.flatnonzero(np.diff(slice_of)) + 1)


def _of_block(number: int, block: Block, ids: Ids) -> Chunks:
    strips, at = block.find(ids)
    found = block.chunks(strips, np.ones(len(block.parts), np.uint8))
    first = block.header.start // block.header.level.step_s + np.array([part.first for part in block.parts], np.int64)
    slots = np.array([part.slots for part in block.parts], np.int64)
    strip, part, begin, end = found.T
    start = first[part]
    return Chunks(at[strip], np.full(len(found), number), part, begin, end, start, start + slots[part])

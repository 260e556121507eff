"""Blocks of one level rewritten as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...codec.chunk import encode
from ...schema.grid import Grid
from ...schema.identity import Identity, Mode
from ...schema.rows import Ids
from . import _strips
from .block import Block
from .draft import BlockDraft
from .format import BlockHeader, Part

WIDTH = 1440


def merged_header(blocks: Sequence[Block]) -> BlockHeader:
    headers = [block.header for block in blocks]
    start, stop = min(header.start for header in headers), max(header.stop for header in headers)
    level = headers[0].level
    return BlockHeader(level, merged_identity([header.identity for header in headers]), start, (stop - start) // level.step_s)


def merged_identity(identities: Sequence[Identity]) -> Identity:
    modes = {one.mode for one in identities}
    mode = modes.pop() if len(modes) == 1 else Mode.ADD
    return Identity(identities[-1].writer, min(one.first for one in identities), max(one.last for one in identities), mode)


def parts_of(header: BlockHeader) -> list[Part]:
    return [Part(first, min(WIDTH, header.slots - first)) for first in range(0, header.slots, WIDTH)]


def rewrite(blocks: Sequence[Block], draft: BlockDraft, parts: Sequence[Part], erased: Ids, start: int, stop: int) -> None:
    ids = np.unique(np.concatenate([block.ids for block in blocks]))
    for first in range(0, len(ids), 64):
        some = ids[first : first + 64]
        sources, rows = [], []
        for number, part in enumerate(parts):
            step = draft.header.level.step_s
            grid = Grid.empty(draft.header.start + part.first * step, step, len(some), part.slots)
            for block in blocks:
                block.read(some, grid)
            low, high = (min(max((time - grid.start) // step, 0), part.slots) for time in (start, stop))
            gone = np.isin(some, erased)
            grid.count[gone, low:high] = 0
            for values in (grid.sum, grid.min, grid.max, grid.last):
                values[gone, low:high] = np.nan
            data, offsets = encode(grid)
            sources.append(np.frombuffer(data, np.uint8))
            kept = np.flatnonzero(np.diff(offsets))
            rows.append(
                np.column_stack([kept, np.full(len(kept), number), offsets[kept], offsets[kept + 1], np.full(len(kept), number)])
            )
        chunks = np.concatenate(rows)
        chunks = np.ascontiguousarray(chunks[np.lexsort((chunks[:, 1], chunks[:, 0]))])
        left, chunks[:, 0] = np.unique(chunks[:, 0], return_inverse=True)
        ends = np.zeros(len(left), np.int64)
        draft.add(some[left], _strips.join(sources, chunks, len(parts), ends), ends)

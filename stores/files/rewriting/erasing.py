"""A block without some of its points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....schema.rows import Ids
from ..block import Block
from ..chunks import Chunks, Numbers, read_chunks, slices
from ..draft import BlockDraft
from .merging import SLICE_BYTES
from .rewriter import Rewriter
from .runs import Runs, Window


class Erasure:
    """``block`` without what ``ids`` (ascending) have from ``start`` up to ``stop``. Raises Damaged."""

    def __init__(self, block: Block, ids: Ids, start: int, stop: int) -> None:
        step_s = block.header.level.step_s
        self._block = block
        self._ids = ids
        self._range = Window(start // step_s, stop // step_s)
        first = block.header.start // step_s
        self._windows = [Window(first + part.first, first + part.first + part.slots) for part in block.parts]

    @property
    def touches(self) -> bool:
        """Whether the block may hold such points: it has chunks there."""
        strips, at = self._block.find(self._ids)
        return len(strips) > 0 and bool(self._meets(read_chunks([self._block], self._ids[at])).any())

    def fill(self, draft: BlockDraft) -> None:
        """Write what is left: chunks that lose nothing as they are."""
        rewriter = Rewriter([self._block], self._windows, self._range)
        for ids in slices([self._block], SLICE_BYTES):
            chunks = read_chunks([self._block], ids)
            concerned = np.isin(ids, self._ids)[chunks.strip] & self._meets(chunks)
            inside = concerned & (chunks.start >= self._range.start) & (chunks.stop <= self._range.stop)
            kept = chunks.take(~inside)
            rewriter.write(draft, ids, kept, _each(kept), concerned[~inside])
            self._block.let_go()

    def _meets(self, chunks: Chunks) -> NDArray[np.bool_]:
        return (chunks.start < self._range.stop) & (chunks.stop > self._range.start)


def _each(chunks: Chunks) -> Runs:
    """Runs of one chunk."""
    n = len(chunks.strip)
    first: Numbers = np.arange(n)
    return Runs(chunks.strip, first, np.ones(n, np.int64), chunks.start, chunks.stop)

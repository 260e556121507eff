"""Several blocks of one level put into one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from ....schema.identity import Identity, Mode
from ....schema.rows import Ids
from ..block import Block
from ..chunks import Chunks, key, read_chunks, slices
from ..draft import BlockDraft
from ..format import BlockHeader, Part
from .rewriter import Rewriter
from .runs import Runs, Window, gathered, runs_of

# Of the strips that are held at once.
SLICE_BYTES = 8 << 20
# Strips of some 8 KB together share a checksum: a wanted one costs the reading of its group.
_GROUP_BYTES = 8 << 10
_MOST_IN_GROUP = 64
# A part costs each strip a bit. When there are more windows than this, chunks of rare ones are recoded.
_MOST_WINDOWS = 256


class Merge:
    """What ``blocks`` (in order of sequence, at least one) hold, as one block. Raises Damaged."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        headers = [block.header for block in blocks]
        level = headers[0].level
        start, stop = min(header.start for header in headers), max(header.stop for header in headers)
        self._within = Window(start // level.step_s, stop // level.step_s)
        slots = self._within.stop - self._within.start
        self.header = BlockHeader(level, _identity([header.identity for header in headers]), start, slots, group=_group(blocks))
        counts = self._count_windows()
        common = [window for window, _ in counts.most_common(_MOST_WINDOWS)]
        rare = [self._within] if len(counts) > _MOST_WINDOWS else []
        self._common = np.array([key(*window) for window in common], np.int64)
        self._windows = sorted({piece for window in common + rare for piece in window.pieces()})

    @property
    def parts(self) -> list[Part]:
        return [Part(start - self._within.start, stop - start) for start, stop in self._windows]

    def fill(self, draft: BlockDraft) -> None:
        """Write all strips."""
        rewriter = Rewriter(self._blocks, self._windows)
        for ids, found, apart in self._slices():
            chunks, runs = gathered(found, apart, self._common, self._within)
            rewriter.write(draft, ids, chunks, runs, ~runs.is_chunk(chunks))

    def _slices(self) -> Iterator[tuple[Ids, Chunks, Runs]]:
        for ids in slices(self._blocks, SLICE_BYTES):
            chunks = read_chunks(self._blocks, ids)
            yield ids, chunks, runs_of(chunks, self._within)
            for block in self._blocks:
                block.let_go()

    def _count_windows(self) -> Counter[Window]:
        """How many runs cover each window: the parts are known before the first strip is written."""
        counts: Counter[Window] = Counter()
        for _, _, runs in self._slices():
            counts.update(runs.windows())
        return counts


def _identity(identities: Sequence[Identity]) -> Identity:
    modes = {one.mode for one in identities}
    mode = modes.pop() if len(modes) == 1 else Mode.ADD
    return Identity(identities[-1].writer, min(one.first for one in identities), max(one.last for one in identities), mode)


def _group(blocks: Sequence[Block]) -> int:
    ids = max(block.header.ids for block in blocks)
    strip_bytes = sum(block.header.data_bytes for block in blocks) // ids
    return max(1, min(_MOST_IN_GROUP, _GROUP_BYTES // max(1, strip_bytes)))

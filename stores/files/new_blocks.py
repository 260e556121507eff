"""The blocks that one change of the store writes, before the manifest names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, groupby
from pathlib import Path

import numpy as np

from ...codec.chunk import encode
from ...schema.identity import Identity, Level
from ...schema.protocols import Slice
from ..disk import make_folder, sync_folder
from ..layout import level_folder
from .draft import BlockDraft
from .format import BlockHeader, Part
from .manifest import BlockEntry, block_name


class NewBlocks:
    """Writes blocks below ``folder``, numbered from ``next_number`` on. All calls raise OSError when the disk refuses."""

    def __init__(self, folder: Path, next_number: int) -> None:
        self._folder = folder
        self._numbers = count(next_number)
        self.paths: list[Path] = []

    def store(self, level: Level, slices: Iterable[Slice]) -> list[BlockEntry]:
        """A block for each span that has a point, durably."""
        entries = [entry for _, pieces in groupby(slices, key=_block_of) for entry in self._store_span(level, pieces)]
        self.make_durable(level)
        return entries

    def write(
        self, header: BlockHeader, parts: Sequence[Part], rolled_up_to_s: int, fill: Callable[[BlockDraft], object]
    ) -> list[BlockEntry]:
        """The block that ``fill`` adds strips to; none if it adds none. ``make_durable`` has to follow."""
        folder = level_folder(self._folder, header.level)
        make_folder(folder)
        number = next(self._numbers)
        draft = BlockDraft(folder / block_name(header.start, number), header, parts)
        try:
            fill(draft)
            written = draft.finish()
        except BaseException:
            draft.abandon()
            raise
        if written is None:
            return []
        self.paths.append(draft.path)
        return [BlockEntry.of(written, number, rolled_up_to_s)]

    def make_durable(self, level: Level) -> None:
        """The names of the level's new blocks are durable when this returns."""
        if self.paths:
            sync_folder(level_folder(self._folder, level))

    def _store_span(self, level: Level, pieces: Iterator[Slice]) -> list[BlockEntry]:
        first = next(pieces)
        slots = first.grid.shape[1]
        header = BlockHeader(level, first.identity, first.grid.start, slots)

        def fill(draft: BlockDraft) -> None:
            for piece in chain([first], pieces):
                _add(piece, draft)

        return self.write(header, [Part(0, slots)], 0, fill)


def _block_of(piece: Slice) -> tuple[int, int, Identity]:
    return piece.grid.start, piece.grid.shape[1], piece.identity


def _add(piece: Slice, draft: BlockDraft) -> None:
    """A path without points gets no strip."""
    data, offsets = encode(piece.grid)
    kept = np.flatnonzero(offsets[1:] > offsets[:-1])
    draft.add(piece.ids[kept], data, offsets[1:][kept])

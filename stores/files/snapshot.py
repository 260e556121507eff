"""One generation of the files store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from ...schema.errors import Damaged, Outdated, StoreError
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.protocols import ChunkSet
from ...schema.rows import Ids
from ..disk import disk
from ..layout import level_folder
from .block import Block, next_id
from .manifest import Manifest, block_name
from .open_blocks import OpenBlocks


class BlockFiles:
    """A manifest's blocks with their files. Each query asks for all of a level: they are made once. Any thread."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._folder = folder
        self._of: dict[Level, dict[int, Path]] = {}
        self._sets: dict[Level, tuple[ChunkSet, ...]] = {}

    def sets(self, level: Level) -> tuple[ChunkSet, ...]:
        """In the order in which their points are merged."""
        if level not in self._sets:
            self._sets[level] = tuple(block.chunk_set(level.step_s) for block in self.manifest.level(level).blocks)
        return self._sets[level]

    def path(self, level: Level, chunks: ChunkSet) -> Path:
        """The file of one of ``sets(level)``."""
        paths = self._of.setdefault(level, {})
        if chunks.number not in paths:
            paths[chunks.number] = level_folder(self._folder, level) / block_name(chunks.start, chunks.number)
        return paths[chunks.number]


class FilesSnapshot:
    """Reads the blocks that ``manifest`` names. Any thread.

    A block that another process removed since then, before it was opened here, is Outdated. Removed by this process, it was
    pinned before.
    """

    def __init__(self, files: BlockFiles, blocks: OpenBlocks, newest: Callable[[], int]) -> None:
        """``newest`` tells the generation that is on disk now."""
        self._files = files
        self._manifest = files.manifest
        self._blocks = blocks
        self._newest = newest
        self._pinned: dict[Path, Block] = {}

    @property
    def generation(self) -> int:
        return self._manifest.generation

    def levels(self) -> Sequence[Level]:
        return sorted(self._manifest.levels)

    def sealed(self, level: Level) -> int:
        return self._manifest.level(level).sealed

    def sets(self, level: Level) -> Sequence[ChunkSet]:
        return self._files.sets(level)

    def ids(self, level: Level, sets: Sequence[ChunkSet]) -> Ids:
        found = [block.ids for block in self._open_all(level, sets)]
        return np.unique(np.concatenate([np.empty(0, np.uint32), *found]))

    def next_id(self) -> int:
        paths = (self._files.path(level, chunks) for level in self._manifest.levels for chunks in self.sets(level))
        return max(map(self._next_id, paths), default=0)

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        in_range = [chunks for chunks in sets if chunks.start < into.stop and chunks.stop > into.start]
        damages = [self._read(self._files.path(level, chunks), ids, into) for chunks in in_range]
        for damage in filter(None, damages):
            raise damage

    def pin(self, level: Level, numbers: Collection[int]) -> None:
        """Map the blocks with these numbers that it holds: their files are about to go. One that is damaged need not be kept."""
        for chunks in self.sets(level):
            if chunks.number in numbers:
                path = self._files.path(level, chunks)
                with contextlib.suppress(FileNotFoundError, StoreError):
                    self._pinned[path] = self._blocks.get(path)

    def _read(self, path: Path, ids: Ids, into: Grid) -> Damaged | None:
        """Returns why something of it could not be read."""
        try:
            self._open(path).read(ids, into)
        except Damaged as damage:
            return damage
        return None

    def _open_all(self, level: Level, sets: Sequence[ChunkSet]) -> Iterator[Block]:
        for chunks in sets:
            yield self._open(self._files.path(level, chunks))

    def _open(self, path: Path) -> Block:
        with disk(path):
            try:
                return self._pinned.get(path) or self._blocks.get(path)
            except FileNotFoundError:
                if self._newest() == self.generation:
                    raise Damaged(str(path), 0, "the manifest names it, but it is not there") from None
                raise Outdated(f"{path} was there in generation {self.generation}, and is not any more") from None

    def _next_id(self, path: Path) -> int:
        try:
            block = self._pinned.get(path)
            return int(block.ids[-1]) + 1 if block else next_id(path)
        except (OSError, StoreError):
            return 0

"""One generation of the files store."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from pathlib import Path

from ...schema.errors import Damaged, StoreError
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.rows import Ids
from ..disk import disk
from ..layout import level_folder
from .block import Block, next_id
from .manifest import BlockEntry, Manifest

# Each open block holds a descriptor; many systems allow a process 1,024.
_MOST_OPEN = 400


class OpenBlocks:
    """Mapped blocks by path, those last used. Any thread."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[Path, Block] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> Block:
        """Raises FileNotFoundError, Damaged, StoreError."""
        with self._lock:
            block = self._blocks.get(path) or Block(path)
            self._blocks[path] = block
            self._blocks.move_to_end(path)
            if len(self._blocks) > _MOST_OPEN:
                self._blocks.popitem(last=False)
            return block

    def keep(self, paths: Collection[Path]) -> None:
        """Let go of all others."""
        with self._lock:
            for path in self._blocks.keys() - paths:
                del self._blocks[path]


class BlockFiles:
    """A manifest's blocks with their files. Each query asks for all of a level: the paths are made once. Any thread."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._folder = folder
        self._of: dict[Level, list[tuple[BlockEntry, Path]]] = {}

    def of(self, level: Level) -> list[tuple[BlockEntry, Path]]:
        """In the order in which they were sealed."""
        if level not in self._of:
            folder = level_folder(self._folder, level)
            self._of[level] = [(entry, folder / entry.name) for entry in self.manifest.level(level).blocks]
        return self._of[level]


class FilesSnapshot:
    """Reads the blocks that ``manifest`` names. Any thread.

    A block that another process deleted since then is passed over: the caller sees by the generation that it must begin
    again. Deleted by this process, it was pinned before.
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

    def sealed(self, level: Level) -> int:
        return self._manifest.level(level).sealed

    def span(self, level: Level) -> tuple[int, int] | None:
        blocks = self._manifest.level(level).blocks
        if not blocks:
            return None
        return min(block.start for block in blocks), max(block.stop(level.step_s) for block in blocks)

    def next_id(self) -> int:
        return max((_next_id(path) for level in self._manifest.levels for _, path in self._files.of(level)), default=0)

    def read(self, level: Level, ids: Ids, into: Grid) -> None:
        # Blocks stand in the manifest in the order in which they were sealed, which is that of their sequences.
        for entry, path in self._files.of(level):
            if entry.start < into.stop and entry.stop(level.step_s) > into.start:
                block = self._open(path)
                if block is not None:
                    block.read(ids, into)

    def pin(self, level: Level, entries: Collection[BlockEntry]) -> None:
        """Map those of ``entries`` that it holds: their files are about to go. One that is damaged need not be kept."""
        for entry, path in self._files.of(level):
            if entry in entries:
                with contextlib.suppress(FileNotFoundError, StoreError):
                    self._pinned[path] = self._blocks.get(path)

    def _open(self, path: Path) -> Block | None:
        with disk(path):
            try:
                return self._pinned.get(path) or self._blocks.get(path)
            except FileNotFoundError:
                if self._newest() == self.generation:
                    raise Damaged(str(path), 0, "the manifest names it, but it is not there") from None
                return None


def _next_id(path: Path) -> int:
    try:
        return next_id(path)
    except (OSError, StoreError):
        return 0

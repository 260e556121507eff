"""The embedded chunk store."""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path

from ...schema.errors import StoreError
from ...schema.identity import Identity, Level
from ...schema.protocols import Slice
from ..disk import disk, make_folder, replace_file, sync_folder
from ..layout import level_folder, levels
from .draft import BlockDraft
from .lock import FolderLock
from .manifest import BlockEntry, Manifest, block_name
from .snapshot import BlockFiles, FilesSnapshot, OpenBlocks


class FilesStore:
    """Blocks in files below ``folder``, named by a manifest. Any number of processes read, one opens it with ``write``.

    Implements ``schema.protocols.ChunkStore``. Raises FolderLocked, StoreError, Damaged, Unavailable.
    """

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        self.folder = folder
        self._path = folder / "manifest"
        self._blocks = OpenBlocks()
        self._lock = FolderLock(folder) if write else None
        self._loading = threading.Lock()  # over the four that follow
        self._newest = BlockFiles(folder, Manifest())  # as it was last read
        self._inode = 0
        self._mapped: mmap.mmap | None = None  # its file: while it is mapped no other one gets its inode
        self._live: weakref.WeakSet[FilesSnapshot] = weakref.WeakSet()
        self._manifest = Manifest()  # as it was last written
        if self._lock:
            self._take_over(self._lock)

    def snapshot(self) -> FilesSnapshot:
        with disk(self._path), self._loading:
            if self._has_changed():
                self._load()
            snapshot = FilesSnapshot(self._newest, self._blocks, lambda: self.snapshot().generation)
            self._live.add(snapshot)
            return snapshot

    def seal(self, level: Level, last_sequence: int, slices: Iterable[Slice]) -> None:
        self._refuse_reader()
        if last_sequence <= self._manifest.level(level).sealed:
            return
        with disk(level_folder(self.folder, level)):
            blocks = self._write_blocks(level, slices)
            self._commit(self._manifest.sealing(level, last_sequence, blocks))

    def delete(self, level: Level, before: int) -> None:
        self._refuse_reader()
        gone = [block for block in self._manifest.level(level).blocks if block.stop(level.step_s) <= before]
        if not gone:
            return
        folder = level_folder(self.folder, level)
        with disk(folder):
            with self._loading:
                for snapshot in self._live:
                    snapshot.pin(level, gone)
                self._commit(self._manifest.without(level, gone))
            for block in gone:
                (folder / block.name).unlink(missing_ok=True)

    def close(self) -> None:
        self._blocks.keep(())
        if self._lock:
            self._lock.release()
            self._lock = None

    def _has_changed(self) -> bool:
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            self._refuse_blocks()
            return False
        return inode != self._inode

    def _load(self) -> None:
        with self._path.open("rb") as file:
            manifest = Manifest.parse(file.read(), str(self._path))
            self._mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            self._inode = os.fstat(file.fileno()).st_ino
        self._newest = BlockFiles(self.folder, manifest)
        self._blocks.keep(set(manifest.paths(self.folder)))

    def _refuse_reader(self) -> None:
        if self._lock is None:
            raise ValueError(f"the store in {self.folder} was not opened to write, or is closed")

    def _take_over(self, lock: FolderLock) -> None:
        """Begin to write: what a former writer left unnamed goes."""
        try:
            with disk(self.folder):
                if not self._path.exists():
                    self._refuse_blocks()
                    self._commit(Manifest(generation=1))
                self._manifest = Manifest.parse(self._path.read_bytes(), str(self._path))
                self._remove_unnamed()
        except BaseException:
            lock.release()
            raise

    def _refuse_blocks(self) -> None:
        """Without a manifest there must be no block: to start empty would be to forget them."""
        for path in self.folder.glob("*/*/*.block"):
            raise StoreError(f"{self._path} is missing, but there are blocks, such as {path}; restore it from a copy")

    def _remove_unnamed(self) -> None:
        named = set(self._manifest.paths(self.folder))
        for level in levels(self.folder):
            for path in level_folder(self.folder, level).iterdir():
                if path.suffix == ".tmp" or (path.suffix == ".block" and path not in named):
                    path.unlink()

    def _write_blocks(self, level: Level, slices: Iterable[Slice]) -> list[BlockEntry]:
        folder = level_folder(self.folder, level)
        make_folder(folder)
        blocks: list[BlockEntry] = []
        try:
            for _, pieces in groupby(slices, key=_block_of):
                blocks += _write_block(folder, pieces)
            if blocks:
                sync_folder(folder)
        except BaseException:
            for block in blocks:
                (folder / block.name).unlink(missing_ok=True)
            raise
        return blocks

    def _commit(self, manifest: Manifest) -> None:
        replace_file(self._path, manifest.pack())
        self._manifest = manifest


def _block_of(piece: Slice) -> tuple[int, int, Identity]:
    return piece.grid.start, piece.grid.shape[1], piece.identity


def _write_block(folder: Path, pieces: Iterator[Slice]) -> list[BlockEntry]:
    """The block of slices of one span; none if they hold no point."""
    first = next(pieces)
    draft = BlockDraft(folder / block_name(first.grid.start, first.identity.last), first)
    try:
        for piece in chain([first], pieces):
            draft.add(piece)
        header = draft.finish()
    except BaseException:
        draft.abandon()
        raise
    return [BlockEntry.of(header)] if header else []

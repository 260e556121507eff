"""The embedded chunk store."""

from __future__ import annotations

import contextlib
import mmap
import os
import threading
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ...schema.errors import Damaged, StoreError
from ...schema.identity import Level
from ...schema.protocols import ChunkSet, Slice
from ...schema.rows import Ids
from ..disk import disk, link_or_copy, make_folder, replace_file, sync_folder
from ..layout import level_folder, levels
from .block import Block
from .lock import FolderLock
from .losses import Loss, copy_rest, find_loss
from .manifest import BlockEntry, LevelEntry, Manifest, block_name
from .manifest_file import ManifestFile
from .new_blocks import NewBlocks
from .open_blocks import OpenBlocks
from .rewriting.erasing import Erasure
from .rewriting.merging import Merge
from .snapshot import BlockFiles, FilesSnapshot


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
        self._written = ManifestFile(self._path)
        self._has_leftovers = False
        if self._lock:
            self._take_over(self._lock)

    @property
    def merges(self) -> bool:
        return True

    def snapshot(self) -> FilesSnapshot:
        with disk(self._path), self._loading:
            if self._has_changed():
                self._load()
            snapshot = FilesSnapshot(self._newest, self._blocks, lambda: self.snapshot().generation)
            self._live.add(snapshot)
            return snapshot

    def lasting(self, level: Level) -> int:
        """All that is sealed: the disk has synced it."""
        return self.snapshot().sealed(level)

    def seal(self, level: Level, last_sequence: int, slices: Iterable[Slice]) -> None:
        with self._changing(self._folder(level)) as new:
            entry = self._level(level)
            if last_sequence > entry.sealed:
                blocks = new.store(level, slices)
                self._commit({level: replace(entry.having(blocks), sealed=last_sequence)})

    def roll_up(self, level: Level, sets: Sequence[ChunkSet], coarse: Level, slices: Iterable[Slice]) -> None:
        with self._changing(self._folder(level)) as new:
            blocks = new.store(coarse, slices)
            marked = self._level(level).rolled_up(_numbers(sets), coarse.step_s)
            self._commit({level: marked, coarse: self._level(coarse).having(blocks)})

    def merge(self, level: Level, sets: Sequence[ChunkSet]) -> None:
        with self._changing(self._folder(level)) as new:
            merge = Merge([self._open(level, chunks) for chunks in sets])
            merged = new.write(merge.header, merge.parts, sets[0].rolled_up_to_s, merge.fill)
            new.make_durable(level)
            self._replace(level, _numbers(sets), merged)

    def erase(self, level: Level, ids: Ids, start: int, stop: int) -> None:
        with self._changing(self._folder(level)) as new:
            left: dict[int, list[BlockEntry]] = {}
            for chunks in self._sets(level):
                if chunks.start < stop and chunks.stop > start:
                    block = self._open(level, chunks)
                    erasure = Erasure(block, ids, start, stop)
                    if erasure.touches:
                        left[chunks.number] = new.write(block.header, block.parts, chunks.rolled_up_to_s, erasure.fill)
            new.make_durable(level)
            self._replace(level, left.keys(), chain.from_iterable(left.values()))

    def delete(self, level: Level, sets: Sequence[ChunkSet]) -> None:
        with self._changing(self._folder(level)):
            self._replace(level, _numbers(sets), [])

    def losses(self) -> Iterator[Loss]:
        """Read every block of the newest generation, and tell what damage took. Raises Unavailable, and StoreError for a block of
        a later version."""
        snapshot = self.snapshot()
        for level in snapshot.levels():
            for chunks in snapshot.sets(level):
                path = self._file(level, chunks)
                with disk(path):
                    loss = find_loss(level, chunks, path)
                if loss:
                    yield loss

    def set_aside(self, loss: Loss) -> None:
        """From now on what ``losses`` found is missing and no error: the rest is in a new block, and the damaged file stays under
        another name, ending in ``.damaged``."""
        with self._changing(self._folder(loss.level)) as new:
            rest = self._write_rest(loss, new)
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(loss.path, loss.path.with_name(loss.path.name + ".damaged"))
            sync_folder(self._folder(loss.level))
            self._replace(loss.level, {loss.chunks.number}, rest)

    def replenish(self, level: Level, rolled_up_to_s: int, slices: Iterable[Slice]) -> None:
        """Store the slices in place of chunks that were set aside, and were rolled up to that step."""
        with self._changing(self._folder(level)) as new:
            blocks = [replace(block, rolled_up_to_s=rolled_up_to_s) for block in new.store(level, slices)]
            self._commit({level: self._level(level).having(blocks)})

    def copy_to(self, folder: Path) -> None:
        """Put the newest generation into ``folder``, which has no blocks, durably: hard links where that goes, else copies. To be
        called by the thread that changes the store."""
        with self._changing(folder):
            manifest = self._written.manifest
            for level in manifest.levels:
                make_folder(level_folder(folder, level))
                for chunks in self._sets(level):
                    path = self._file(level, chunks)
                    link_or_copy(path, level_folder(folder, level) / path.name)
                sync_folder(level_folder(folder, level))
            replace_file(folder / self._path.name, manifest.pack())

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

    def _take_over(self, lock: FolderLock) -> None:
        """Begin to write: what a former writer left unnamed goes."""
        try:
            with disk(self.folder):
                if not self._path.exists():
                    self._refuse_blocks()
                    self._written.replace(Manifest(generation=1))
                self._written.read()
                sync_folder(self.folder)  # it may have been renamed and no more: what an older one names must not go before
                self._remove_unnamed()
        except BaseException:
            lock.release()
            raise

    def _refuse_blocks(self) -> None:
        """Without a manifest there must be no block: to start empty would be to forget them."""
        for path in self.folder.glob("*/*/*.block"):
            raise StoreError(f"{self._path} is missing, but there are blocks, such as {path}; restore it from a copy")

    def _remove_unnamed(self) -> None:
        named = set(self._written.manifest.paths(self.folder))
        for level in levels(self.folder):
            for path in self._folder(level).iterdir():
                if path.suffix == ".tmp" or (path.suffix == ".block" and path not in named):
                    path.unlink()
        self._has_leftovers = False

    def _level(self, level: Level) -> LevelEntry:
        return self._written.manifest.level(level)

    @contextlib.contextmanager
    def _changing(self, folder: Path) -> Iterator[NewBlocks]:
        """A change in ``folder``: what it writes goes again unless the manifest on the disk came to name it."""
        if self._lock is None:
            raise ValueError(f"the store in {self.folder} was not opened to write, or is closed")
        with disk(folder):
            self._settle()
            new = NewBlocks(self.folder, self._written.manifest.next_number)
            try:
                yield new
            except BaseException:
                if not self._written.in_doubt:
                    self._unlink(set(new.paths).difference(self._written.manifest.paths(self.folder)))
                raise

    def _write_rest(self, loss: Loss, new: NewBlocks) -> list[BlockEntry]:
        lost = loss.ids
        if lost is None:
            return []
        block = Block(loss.path)
        return new.write(block.header, block.parts, loss.chunks.rolled_up_to_s, lambda draft: copy_rest(block, lost, draft))

    def _folder(self, level: Level) -> Path:
        return level_folder(self.folder, level)

    def _file(self, level: Level, chunks: ChunkSet) -> Path:
        return self._folder(level) / block_name(chunks.start, chunks.number)

    def _open(self, level: Level, chunks: ChunkSet) -> Block:
        path = self._file(level, chunks)
        try:
            return Block(path, mmap.MADV_SEQUENTIAL)
        except FileNotFoundError:
            raise Damaged(str(path), 0, "the manifest names it, but it is not there") from None

    def _settle(self) -> None:
        """What a former change could not bring to an end is ended first."""
        if self._written.in_doubt:
            self._has_leftovers = True
            self._written.settle()
        if self._has_leftovers:
            self._remove_unnamed()

    def _sets(self, level: Level) -> list[ChunkSet]:
        return [block.chunk_set(level.step_s) for block in self._level(level).blocks]

    def _replace(self, level: Level, numbers: Collection[int], blocks: Iterable[BlockEntry]) -> None:
        """``blocks`` stand for those with these numbers, whose files go. Nothing happens if there are none."""
        before = self._level(level)
        after = before.without(numbers).having(blocks)
        if after != before:
            gone = [block for block in before.blocks if block.number in numbers]
            self._commit({level: after}, {level: gone})

    def _commit(self, changed: Mapping[Level, LevelEntry], gone: Mapping[Level, Sequence[BlockEntry]] | None = None) -> None:
        with self._loading:
            for level, blocks in (gone or {}).items():
                for snapshot in self._live:
                    snapshot.pin(level, {block.number for block in blocks})
            self._written.replace(self._written.manifest.changed(changed))
        for level, blocks in (gone or {}).items():
            self._unlink(self._folder(level) / block.name for block in blocks)

    def _unlink(self, paths: Iterable[Path]) -> None:
        """Blocks that no manifest names. One that stays for now changes nothing for anybody."""
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError:  # noqa: PERF203 - a system call costs more
                self._has_leftovers = True


def _numbers(sets: Iterable[ChunkSet]) -> set[int]:
    return {chunks.number for chunks in sets}

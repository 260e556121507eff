"""The names log: which id is which path, for ever. The writer appends, everyone else reads."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from ..schema.errors import Damaged, Unavailable
from ..schema.protocols import NewNames
from ..schema.rows import Ids
from . import frames
from ._trie import Trie
from .bulk import Bulk
from .draft import draft_of, drop_draft, sync_folder, write_draft
from .follower import apply_piece
from .frames import ADD, FILE_HEADER_SIZE, FRAME_NAMES, RENAME, SEEN, TOMBSTONE, Lengths
from .living import Living, read_living
from .tail import Piece, check_tail, log_path, pieces, read_header

_log = logging.getLogger(__name__)


class NamesLog:
    """The writing end of the names log of one data folder: implements NamesWriter.

    Raises Unavailable when the disk refuses; what was half written is cut off before anything else is appended.
    """

    def __init__(self, path: Path, file: int, end: int, next_id: int, bulk: Bulk) -> None:
        self.path = path
        self.next_id = next_id  # one past the largest id ever used
        self._bulk = bulk
        self._file = file
        self._end = end
        self._synced = end
        self._torn = False  # bytes beyond _end may be in the file
        self._unsafe = False  # a sync failed: what lies after _synced may never reach the disk by itself
        self._nameless = False  # a compaction could not sync the folder: after a crash the old log may be back

    @classmethod
    def open(cls, folder: Path, used: int = 0) -> NamesLog:
        """The log of data folder ``folder``, made if it is not there. All that is in the log is durable.

        Ids below ``used`` have points, so the log must hold them. A torn tail is cut off; Damaged, and nothing is
        cut off, when it held such ids or when valid frames follow what is damaged.
        """
        return cls._open(folder, used, lambda _piece: None)

    @classmethod
    def open_with_names(cls, folder: Path, used: int = 0) -> tuple[NamesLog, Living]:
        """The same, and what the log holds, in one pass over it."""
        trie = Trie()
        log = cls._open(folder, used, lambda piece: apply_piece(trie, piece, str(log_path(folder))))
        return log, Living(trie)

    @classmethod
    def _open(cls, folder: Path, used: int, take: Callable[[Piece], None]) -> NamesLog:
        path = log_path(folder)
        try:
            if not path.exists():
                if used:
                    raise Damaged(str(path), 0, f"it is missing, and there are points of ids up to {used - 1}")
                _create(path)
            drop_draft(path)
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                return cls._recover(path, file, used, take)
            except BaseException:
                os.close(file)
                raise
        except OSError as error:
            raise Unavailable(f"{path} cannot be opened: {error.strerror}") from error

    @classmethod
    def _recover(cls, path: Path, file: int, used: int, take: Callable[[Piece], None]) -> NamesLog:
        next_id, end, bulk = read_header(path, file).least_next_id, FILE_HEADER_SIZE, Bulk()
        for piece in pieces(file, end):
            take(piece)
            bulk.count_all(piece.frames)
            next_id = max(next_id, int(piece.frames["highest"].max()) + 1)
            end = piece.end
        torn = check_tail(path, file, end)
        if next_id < used:
            raise Damaged(str(path), end, f"its names end with id {next_id - 1}, and there are points of ids up to {used - 1}")
        if torn:
            _log.warning("%s: cut off %d bytes of a frame that was not written to its end, at byte %d", path, torn, end)
        log = cls(path, file, end, next_id, bulk)
        log._torn = torn > 0
        log._cut()
        os.fdatasync(file)  # a writer that was killed may have appended without syncing
        return log

    def append(self, names: NewNames) -> None:
        lengths = _lengths(names)
        starts = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        if len(names.ids) != len(lengths) or starts[-1] != len(names.paths):
            raise ValueError(f"got {len(names.ids)} ids, {len(lengths)} lengths of {starts[-1]} bytes, {len(names.paths)} bytes")
        parts = []
        for first in range(0, len(lengths), FRAME_NAMES):
            some = slice(first, min(first + FRAME_NAMES, len(lengths)))
            paths = names.paths[starts[some.start] : starts[some.stop]]
            parts.append(frames.encode_add(names.policy, names.day, names.ids[some], lengths[some], paths))
        self._write(ADD, b"".join(parts), names.ids)

    def seen(self, day: int, ids: Ids) -> None:
        self._write(SEEN, frames.encode_seen(day, ids), ids)

    def delete(self, ids: Ids) -> None:
        self._write(TOMBSTONE, frames.encode_tombstone(ids), ids)

    def rename(self, ids: Ids, paths: Sequence[str]) -> None:
        names = [path.encode() for path in paths]
        lengths = np.array([len(name) for name in names], np.uint16)
        self._write(RENAME, frames.encode_rename(ids, lengths, b"".join(names)), ids)

    def sync(self) -> None:
        if self._synced == self._end and not self._unsafe and not self._nameless:
            return
        self._sync_name()
        try:
            if self._unsafe:
                self._write_again()
            os.fdatasync(self._file)
        except OSError as error:
            self._unsafe = True
            raise Unavailable(f"{self.path} cannot be synced: {error.strerror}") from error
        self._synced = self._end
        self._unsafe = False

    def _sync_name(self) -> None:
        if not self._nameless:
            return
        try:
            sync_folder(self.path.parent)
        except OSError as error:
            raise Unavailable(f"{self.path.parent} cannot be synced: {error.strerror}") from error
        self._nameless = False

    def silent(self, oldest: Mapping[str, int]) -> Ids:
        return read_living(self.path.parent.parent).silent(oldest)

    @property
    def compaction_is_due(self) -> bool:
        return self._bulk.is_due(self._end)

    def compact(self) -> None:
        """Damaged, and nothing is changed, if the log is. After Unavailable it is the old one or the new one."""
        self.sync()
        living = read_living(self.path.parent.parent)
        try:
            write_draft(self.path, chain([_new_header(self.next_id)], living.encode()))
            self._move_to_draft()
        except OSError as error:
            drop_draft(self.path)
            raise Unavailable(f"{self.path} cannot be compacted: {error.strerror}") from error
        self.sync()

    def _move_to_draft(self) -> None:
        """Go on in the draft, which is the log from now on."""
        file = os.open(draft_of(self.path), os.O_RDWR | os.O_CLOEXEC)
        try:
            bulk, end = Bulk(), FILE_HEADER_SIZE
            for piece in pieces(file, end):
                bulk.count_all(piece.frames)
                end = piece.end
            draft_of(self.path).rename(self.path)
        except BaseException:
            os.close(file)
            raise
        old, self._file = self._file, file
        self._end = self._synced = end
        self._bulk, self._nameless = bulk, True
        with contextlib.suppress(OSError):  # all of the old one is on disk in the new one
            os.close(old)

    def close(self) -> None:
        """Sync and let go of the file. Once is enough."""
        if self._file < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._file)
            self._file = -1

    def _write(self, kind: int, data: bytes, ids: Ids) -> None:
        """One write call, so that readers see whole frames soon; all of it or nothing."""
        if not len(ids):
            return
        self._cut()
        self._torn = True
        try:
            written = os.pwrite(self._file, data, self._end)
        except OSError as error:
            self._cut_if_possible()
            raise Unavailable(f"{self.path} cannot be written: {error.strerror}") from error
        if written != len(data):
            self._cut_if_possible()
            raise Unavailable(f"{self.path}: the disk took {written} of {len(data)} bytes; is it full?")
        self._torn = False
        self._end += written
        self._bulk.count(kind, len(ids), written)
        self.next_id = max(self.next_id, int(ids.max()) + 1)

    def _cut(self) -> None:
        """Cut off what a failed write left behind."""
        if not self._torn:
            return
        try:
            os.ftruncate(self._file, self._end)
        except OSError as error:
            raise Unavailable(f"{self.path} cannot be cut to {self._end} bytes: {error.strerror}") from error
        self._torn = False

    def _cut_if_possible(self) -> None:
        try:
            self._cut()
        except Unavailable:
            _log.warning("%s: a half-written frame stays until the next append", self.path)

    def _write_again(self) -> None:
        """After a failed sync the kernel counts the pages as clean, so a second sync alone would promise too much."""
        data = os.pread(self._file, self._end - self._synced, self._synced)
        if os.pwrite(self._file, data, self._synced) != self._end - self._synced:
            raise OSError(0, "the disk did not take it a second time")


def _create(path: Path) -> None:
    """A log without frames, in one atomic step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_draft(path, [_new_header(0)])
    draft_of(path).rename(path)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)


def _new_header(least_next_id: int) -> bytes:
    """Of a log that no reader has seen."""
    return frames.encode_file_header(least_next_id, int.from_bytes(os.urandom(8), "little"))


def _lengths(names: NewNames) -> Lengths:
    lengths = np.asarray(names.lengths)
    if len(lengths) and not 0 < lengths.min() <= lengths.max() <= 0xFFFF:
        raise ValueError(f"path lengths from {lengths.min()} to {lengths.max()}; want 1 to 65,535")
    return lengths.astype(np.uint16)

"""The names log: which id is which path, for ever. The writer appends, everyone else reads."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..schema.errors import Damaged, Unavailable
from ..schema.protocols import NewNames
from ..schema.rows import Ids
from . import frames
from .frames import ADD, FILE_HEADER_SIZE, RENAME, SEEN, TOMBSTONE, Lengths
from .tail import Piece, check_tail, log_path, opened, pieces, read_header

FRAME_NAMES = 65_536  # names a frame holds at most: with the longest paths 64 MB

_log = logging.getLogger(__name__)


class NamesLog:
    """The writing end of the names log of one data folder: implements NamesWriter.

    Raises Unavailable when the disk refuses; what was half written is cut off before anything else is appended.
    """

    def __init__(self, path: Path, file: int, end: int, next_id: int) -> None:
        self.path = path
        self.next_id = next_id  # one past the largest id ever used
        self._file = file
        self._end = end
        self._synced = end
        self._torn = False  # bytes beyond _end may be in the file
        self._unsafe = False  # a sync failed: what lies after _synced may never reach the disk by itself

    @classmethod
    def open(cls, folder: Path, used: int = 0) -> NamesLog:
        """The log of data folder ``folder``, made if it is not there. All that is in the log is durable.

        Ids below ``used`` have points, so the log must hold them. A torn tail is cut off; Damaged, and nothing is
        cut off, when it held such ids or when valid frames follow what is damaged.
        """
        path = log_path(folder)
        try:
            if not path.exists():
                if used:
                    raise Damaged(str(path), 0, f"it is missing, and there are points of ids up to {used - 1}")
                _create(path)
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                return cls._recover(path, file, used)
            except BaseException:
                os.close(file)
                raise
        except OSError as error:
            raise Unavailable(f"{path} cannot be opened: {error.strerror}") from error

    @classmethod
    def _recover(cls, path: Path, file: int, used: int) -> NamesLog:
        next_id, end = read_header(path, file).least_next_id, FILE_HEADER_SIZE
        for piece in pieces(file, end):
            next_id = max(next_id, int(piece.frames["highest"].max()) + 1)
            end = piece.end
        torn = check_tail(path, file, end)
        if next_id < used:
            raise Damaged(str(path), end, f"its names end with id {next_id - 1}, and there are points of ids up to {used - 1}")
        if torn:
            _log.warning("%s: cut off %d bytes of a frame that was not written to its end, at byte %d", path, torn, end)
        log = cls(path, file, end, next_id)
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
        self._write(b"".join(parts), names.ids)

    def seen(self, day: int, ids: Ids) -> None:
        self._write(frames.encode_seen(day, ids), ids)

    def delete(self, ids: Ids) -> None:
        self._write(frames.encode_tombstone(ids), ids)

    def rename(self, ids: Ids, paths: list[str]) -> None:
        """Give ``ids[i]`` the path ``paths[i]``; its points stay its own."""
        names = [path.encode() for path in paths]
        self._write(frames.encode_rename(ids, np.array([len(name) for name in names], np.uint16), b"".join(names)), ids)

    def sync(self) -> None:
        if self._synced == self._end and not self._unsafe:
            return
        try:
            if self._unsafe:
                self._write_again()
            os.fdatasync(self._file)
        except OSError as error:
            self._unsafe = True
            raise Unavailable(f"{self.path} cannot be synced: {error.strerror}") from error
        self._synced = self._end
        self._unsafe = False

    def close(self) -> None:
        """Sync and let go of the file. Once is enough."""
        if self._file < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._file)
            self._file = -1

    def _write(self, data: bytes, ids: Ids) -> None:
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
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(frames.encode_file_header(0, int.from_bytes(os.urandom(8), "little")))
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _lengths(names: NewNames) -> Lengths:
    lengths = np.asarray(names.lengths)
    if len(lengths) and not 0 < lengths.min() <= lengths.max() <= 0xFFFF:
        raise ValueError(f"path lengths from {lengths.min()} to {lengths.max()}; want 1 to 65,535")
    return lengths.astype(np.uint16)


@dataclass(slots=True)
class _Added:
    """Columns of the ADD frames of one policy and day, in the order of the log."""

    ids: list[bytes] = field(default_factory=list)
    lengths: list[bytes] = field(default_factory=list)
    paths: list[bytes] = field(default_factory=list)

    def without(self, gone: Ids, policy: str, day: int) -> NewNames:
        ids = np.frombuffer(b"".join(self.ids), "<u4")
        lengths = np.frombuffer(b"".join(self.lengths), "<u2")
        paths = b"".join(self.paths)
        if len(gone):
            keep = ~np.isin(ids, gone)
            paths = np.frombuffer(paths, np.uint8)[np.repeat(keep, lengths)].tobytes()
            ids, lengths = ids[keep], lengths[keep]
        return NewNames(policy, day, ids.astype(np.uint32), lengths.astype(np.uint16).data, paths)


@dataclass(slots=True)
class _Contents:
    """All frames of a log, sorted by kind."""

    added: dict[tuple[str, int], _Added] = field(default_factory=dict)
    seen: list[tuple[int, Ids]] = field(default_factory=list)
    deleted: list[Ids] = field(default_factory=list)
    renamed: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> _Contents:
        contents = cls()
        path = log_path(folder)
        if not path.exists():
            return contents
        with opened(path) as file:
            read_header(path, file)
            end = FILE_HEADER_SIZE
            for piece in pieces(file, end):
                contents.take(piece)
                end = piece.end
            check_tail(path, file, end)
        return contents

    def take(self, piece: Piece) -> None:
        for frame in piece.frames:
            kind = int(frame["kind"])
            if kind == ADD:
                self._add(piece.data, frame)
            elif kind == SEEN:
                self.seen.append((int(frame["day"]), frames.ids_of(piece.data, frame)))
            elif kind == TOMBSTONE:
                self.deleted.append(frames.ids_of(piece.data, frame))
            elif kind == RENAME:
                self.renamed.update(frames.paths_of(piece.data, frame))

    def _add(self, data: bytes, frame: np.void) -> None:
        key = frames.policy_of(data, frame), int(frame["day"])
        added = self.added.setdefault(key, _Added())
        added.ids.append(data[frame["ids"] : frame["lengths"]])
        added.lengths.append(data[frame["lengths"] : frame["policy"]])
        added.paths.append(data[frame["paths"] : frame["paths"] + frame["paths_size"]])

    def gone(self) -> Ids:
        return np.concatenate([np.empty(0, np.uint32), *self.deleted])


def read_names(folder: Path) -> Iterator[NewNames]:
    """The paths alive in data folder ``folder``, one batch for each policy and day they were added (a second one for
    those renamed since). A frame torn at the end is left out; Damaged if valid frames follow a bad one."""
    contents = _Contents.read(folder)
    gone = contents.gone()
    for path in set(contents.renamed).intersection(gone.tolist()):
        del contents.renamed[path]
    moved = np.array(sorted(contents.renamed), np.uint32)
    for (policy, day), added in contents.added.items():
        names = added.without(np.concatenate([gone, moved]), policy, day)
        if len(names.ids):
            yield names
        if len(moved):
            yield from _renamed(added, contents.renamed, policy, day)


def _renamed(added: _Added, renamed: dict[int, bytes], policy: str, day: int) -> Iterator[NewNames]:
    ids = np.frombuffer(b"".join(added.ids), "<u4")
    ids = np.sort(ids[np.isin(ids, list(renamed))]).astype(np.uint32)
    paths = [renamed[name] for name in ids.tolist()]
    if paths:
        yield NewNames(policy, day, ids, [len(path) for path in paths], b"".join(paths))


@dataclass(frozen=True, slots=True)
class Days:
    """``ids`` ascend; ``first[i]`` and ``last[i]`` are the days (since 1970-01-01 UTC) on which ids[i] was seen."""

    ids: Ids
    first: NDArray[np.uint32]
    last: NDArray[np.uint32]


def read_days(folder: Path) -> Days:
    """When each living path of data folder ``folder`` was first and last seen."""
    contents = _Contents.read(folder)
    columns = [(np.frombuffer(b"".join(added.ids), "<u4"), day) for (_, day), added in contents.added.items()]
    ids = np.concatenate([np.empty(0, np.uint32), *(ids for ids, _ in columns)])
    first = np.repeat(np.array([day for _, day in columns], np.uint32), [len(ids) for ids, _ in columns])
    keep = ~np.isin(ids, contents.gone())
    order = np.argsort(ids[keep])
    ids, first = ids[keep][order], first[keep][order]
    last = first.copy()
    for day, seen in contents.seen:
        at = np.flatnonzero(np.isin(ids, seen))
        first[at] = np.minimum(first[at], day)
        last[at] = np.maximum(last[at], day)
    return Days(ids, first, last)

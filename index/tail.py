"""Reading a names log that somebody else may be appending to: pieces of frames, and a reader's place."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..schema.errors import Damaged, StoreError, Unavailable
from .frames import FILE_HEADER_SIZE, VERSION, FileHeader, FrameTable, decode_file_header, next_frame, scan

PIECE_SIZE = 8 << 20  # bytes read at a time: bounds what a rebuild holds beside the trie


def names_folder(folder: Path) -> Path:
    """Where a data folder keeps what belongs to its index."""
    return folder / "names"


def log_path(folder: Path) -> Path:
    """The names log of a data folder."""
    return names_folder(folder) / "names.log"


class Place(NamedTuple):
    """How far a reader has come in which log: all frames before ``offset``, the last of which starts at ``last_start``
    and has ``last_checksum`` (both 0 before the first frame)."""

    nonce: int
    offset: int = FILE_HEADER_SIZE
    last_start: int = 0
    last_checksum: int = 0


class Piece(NamedTuple):
    """Frames that follow each other; ``data[0]`` is byte ``offset`` of the log."""

    offset: int
    data: bytes
    frames: FrameTable

    @property
    def end(self) -> int:
        """Offset in the log after the last frame."""
        return self.offset + int(self.frames["end"][-1])

    def place(self, nonce: int) -> Place:
        """The place of a reader who has read this piece."""
        start = int(self.frames["start"][-1])
        (checksum,) = struct.unpack_from("<I", self.data, start + 4)
        return Place(nonce, self.end, self.offset + start, checksum)


class FileState(NamedTuple):
    """What changes with every append, cut or replacement of a file."""

    device: int
    number: int
    size: int
    changed_ns: int


def state_of(path: Path) -> FileState | None:
    """None if there is no file. Raises Unavailable."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error
    return FileState(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor to read ``path`` with; what the disk refuses meanwhile becomes Unavailable."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield file
        finally:
            os.close(file)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error


def read_header(path: Path, file: int) -> FileHeader:
    """Raises Damaged, or StoreError when a newer Cadent wrote the log."""
    return check_header(str(path), os.pread(file, FILE_HEADER_SIZE, 0))


def check_header(log: str, data: bytes) -> FileHeader:
    """What ``data``, the beginning of ``log``, says. Raises as ``read_header``."""
    try:
        header = decode_file_header(data)
    except ValueError as error:
        raise Damaged(log, 0, str(error)) from None
    if header.version > VERSION:
        raise StoreError(f"{log} has format version {header.version}, this Cadent reads up to {VERSION}: use a newer Cadent")
    return header


def pieces(file: int, begin: int) -> Iterator[Piece]:
    """The frames from byte ``begin`` on, up to the first that is not whole and valid."""
    want = PIECE_SIZE
    while True:
        data = os.pread(file, want, begin)
        frames, _ = scan(data)
        if len(frames):
            piece = Piece(begin, data, frames)
            yield piece
            begin, want = piece.end, PIECE_SIZE
        elif len(data) < want:
            return
        else:
            want *= 2  # one frame may be longer than a piece


def check_tail(path: Path, file: int, end: int) -> int:
    """Size of what follows the last frame that was read, which ended at ``end``: a frame that is not written to its end,
    or frames that came since.

    Raises Damaged if a valid frame comes after one that is not: then nothing was torn, bytes were changed.
    """
    rest = os.pread(file, os.fstat(file).st_size - end, end)
    following = next_frame(rest, 0)
    if following:
        raise Damaged(str(path), end, f"no valid frame, though one follows {following} bytes later")
    return len(rest)


def holds(file: int, header: FileHeader, place: Place) -> bool:
    """True if the log still holds what a reader at ``place`` has read: it was not replaced or cut."""
    if header.nonce != place.nonce or os.fstat(file).st_size < place.offset:
        return False
    if not place.last_start:
        return True
    return os.pread(file, 4, place.last_start + 4) == struct.pack("<I", place.last_checksum)

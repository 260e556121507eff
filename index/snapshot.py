"""The trie snapshot of a data folder: a trie is loaded from it faster than it is built from the names log.

Nothing is lost with a snapshot: one that is missing, damaged, newer than this Cadent or of another log is not used, and
the trie is built from the names log. So it is written without a sync. The bytes: docs/formats/trie.md.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..schema.errors import Unavailable
from .tail import Place, names_folder

MAGIC = b"CDNTTRIE"
VERSION = 1
LEAST_GROWTH = 1 << 20  # bytes of names log: less is rebuilt in no time

# magic, version, zero, crc32 of all other bytes, the Place (nonce, offset, last start, last checksum), items of each column
_HEADER = struct.Struct("<8sHHIQQQI9I")
_CHECKSUM = slice(12, 16)
_COLUMNS = {  # bytes an item
    "parents": 4,
    "segments": 4,
    "ids": 4,
    "policies": 2,
    "firsts": 2,
    "lasts": 2,
    "lengths": 2,
    "text": 1,
    "policy_words": 4,
}

_log = logging.getLogger(__name__)


class Snapshot(NamedTuple):
    """The columns of ``Trie.dump`` and how much of which names log is in them."""

    place: Place
    columns: dict[str, bytes] | dict[str, bytearray]

    def encode(self) -> bytearray:
        counts = [len(self.columns[name]) // size for name, size in _COLUMNS.items()]
        header = _HEADER.pack(MAGIC, VERSION, 0, 0, *self.place, *counts)
        columns = [self.columns[name] + bytes(-len(self.columns[name]) % 8) for name in _COLUMNS]
        data = bytearray().join([header, *columns])
        data[_CHECKSUM] = struct.pack("<I", _checksum(data))
        return data

    @classmethod
    def decode(cls, data: bytes) -> Snapshot:
        """Raises ValueError if ``data`` is not one whole snapshot that this Cadent can read."""
        if len(data) < _HEADER.size or not data.startswith(MAGIC):
            raise ValueError(f"it begins with {data[:8]!r}; want {MAGIC!r} and {_HEADER.size} bytes at least")
        _, version, _, checksum, *numbers = _HEADER.unpack_from(data)
        if version > VERSION:
            raise ValueError(f"it has format version {version}, this Cadent reads up to {VERSION}")
        if _checksum(data) != checksum:
            raise ValueError("its checksum is wrong")
        columns, at = {}, _HEADER.size
        for (name, size), count in zip(_COLUMNS.items(), numbers[4:], strict=True):
            columns[name] = data[at : at + count * size]
            at += count * size + -count * size % 8
        if at != len(data):
            raise ValueError(f"its columns take {at} bytes of {len(data)}")
        return cls(Place(*numbers[:4]), columns)


def _checksum(data: bytes | bytearray) -> int:
    view = memoryview(data)
    return zlib.crc32(view[_CHECKSUM.stop :], zlib.crc32(view[: _CHECKSUM.start]))


class SnapshotFile:
    """The snapshot in one data folder. Of the processes that follow the log, whoever holds the lock writes it."""

    def __init__(self, folder: Path) -> None:
        self.path = names_folder(folder) / "trie"
        self._newest: Place | None = None  # of the file, as far as we know

    def read(self) -> Snapshot | None:
        """The snapshot; None, and a line in the service's log, if there is none that can be used."""
        self._newest = None
        try:
            snapshot = Snapshot.decode(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning("%s is not used, the names log is: %s", self.path, error)
            return None
        self._newest = snapshot.place
        return snapshot

    def is_due(self, place: Place) -> bool:
        """True if the log has grown by a tenth, and by 1 MB, since the snapshot, or is another log."""
        newest = self._newest
        if newest is None or newest.nonce != place.nonce:
            return place.offset >= LEAST_GROWTH
        return place.offset - newest.offset >= max(newest.offset // 10, LEAST_GROWTH)

    def renew(self, place: Place, take: Callable[[], Snapshot]) -> None:
        """Replace the file by what ``take`` gives, unless another process is about it or has done it.

        Raises Unavailable when the disk refuses; then the file is what it was, and not due until the log has grown again.
        """
        try:
            with self._turn() as ours:
                if not ours:
                    return
                self.read()
                if self.is_due(place):
                    self._newest = place
                    self._replace(take())
        except OSError as error:
            self._newest = place
            raise Unavailable(f"{self.path} cannot be written: {error.strerror}") from error

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """True inside for one process at a time; False if another one is."""
        file = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            yield _lock(file)
        finally:
            os.close(file)

    def _replace(self, snapshot: Snapshot) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_bytes(snapshot.encode())
        draft.replace(self.path)
        self._newest = snapshot.place


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

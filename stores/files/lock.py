"""One writer for each data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ...schema.errors import FolderLocked
from ..disk import disk, make_folder


class FolderLock:
    """Holds ``<folder>/lock`` for the life of the process or until ``release``. The file says who holds it."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderLocked when another process, or another store of this one, holds it; Unavailable."""
        path = folder / "lock"
        with disk(path):
            make_folder(folder)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._take(folder)
            except BaseException:
                self.release()
                raise

    def release(self) -> None:
        """Let others in."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _take(self, folder: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise FolderLocked(f"another writer, process {holder}, holds the data folder {folder}") from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

"""One service a data folder: a file lock that all its processes share, so that it is free when the last of them is gone."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from ...schema.errors import FolderLocked, StoreError, WriterGone
from ..control.client import ControlClient

# A service whose supervisor was killed ends within this time; the next start waits for it.
ENDING_S = 12.0
_RETRY_S = 0.05


def lock_folder(folder: Path) -> int:
    """Create ``folder`` if need be and lock it. Returns the descriptor that holds the lock.

    Raises FolderLocked if a running service holds it, StoreError if the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "service.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"cannot use {folder} as data folder: {error.strerror}") from None
    deadline = time.monotonic() + ENDING_S
    while not _try_lock(descriptor):
        if _in_use(folder) or time.monotonic() > deadline:
            os.close(descriptor)
            raise FolderLocked(f"{folder} is in use by another cadent serve; stop it, or choose another folder with --data")
        time.sleep(_RETRY_S)
    return descriptor


class Presence:
    """Whether ``folder`` is still the one that it was when this was made. One that was removed or moved away, or whose file
    system was, would be made anew, and what is appended to files that are open would be gone with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._identity = self._look()

    def check(self) -> None:
        """Raises StoreError if it is another one, or none."""
        if self._look() != self._identity:
            raise StoreError(
                f"the data folder {self._folder} is gone: it was removed, moved or unmounted while the service ran; put it back "
                "before you start the service again"
            )

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._folder.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_use(folder: Path) -> bool:
    """Whether a writer answers, rather than being about to end."""
    client = ControlClient(folder)
    try:
        client.ask("health")
    except WriterGone:
        return False
    finally:
        client.close()
    return True

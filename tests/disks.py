"""A small disk of its own for a test: it can be full, read-only or gone. Only root may mount one."""

import errno
import subprocess
from pathlib import Path
from typing import BinaryIO


class SmallDisk:
    """A file system in memory, mounted at ``folder``."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        folder.mkdir()
        _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder)

    def fill(self) -> None:
        """Not a byte more fits. Called again, it takes what has become free."""
        with self._filler.open("ab", buffering=0) as filler:
            for piece in (bytes(1 << 16), bytes(1)):
                while _fits(filler, piece):
                    pass

    def make_room(self) -> None:
        self._filler.unlink()

    def allow_writing(self, allowed: bool) -> None:
        _run("mount", "-o", "remount,rw" if allowed else "remount,ro", self.folder)

    def unmount(self) -> None:
        """Whoever has files open there keeps them."""
        _run("umount", "--lazy", self.folder)


def can_mount(folder: Path) -> bool:
    """Whether this user may, and the machine has it."""
    try:
        SmallDisk(folder, 1 << 20).unmount()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _fits(file: BinaryIO, piece: bytes) -> bool:
    try:
        return file.write(piece) == len(piece)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return False
        raise


def _run(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=30)

"""What durable files need of the operating system; its errors become Unavailable here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..schema.errors import Unavailable


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Turns an OSError of what is done to ``path`` into Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror or error}") from error


def write_at(fd: int, data: bytes, offset: int) -> None:
    """All of ``data`` at ``offset``, however many calls the kernel makes of it."""
    written = os.pwrite(fd, data, offset)
    while written < len(data):
        written += os.pwrite(fd, memoryview(data)[written:], offset + written)


def sync_folder(folder: Path) -> None:
    """The names in ``folder`` are durable when this returns."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """``folder`` and what is missing above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def replace_file(path: Path, data: bytes) -> None:
    """``path`` holds either what it held or ``data``, whenever the machine stops."""
    draft = path.with_name(path.name + ".tmp")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_at(fd, data, 0)
        os.fdatasync(fd)
    finally:
        os.close(fd)
    draft.replace(path)
    sync_folder(path.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """``target`` has the bytes of ``source``, which never changes: one file with two names, or a durable copy on a file system
    that cannot do that, or on another one."""
    try:
        os.link(source, target)
    except OSError:
        with source.open("rb") as from_, target.open("xb") as to:
            shutil.copyfileobj(from_, to, 1 << 20)
            to.flush()
            os.fdatasync(to.fileno())

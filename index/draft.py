"""Files written aside, durable before they get their name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def draft_of(path: Path) -> Path:
    """Where what will be ``path`` is written; of no use after a crash."""
    return path.with_suffix(".new")


def write_draft(path: Path, parts: Iterable[bytes]) -> None:
    """Write ``draft_of(path)`` to the disk. Raises OSError, and then leaves nothing behind if it can."""
    draft = draft_of(path)
    try:
        with draft.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        drop_draft(path)
        raise


def drop_draft(path: Path) -> None:
    """Remove ``draft_of(path)``, if it is there and the disk lets us: it only takes room."""
    with contextlib.suppress(OSError):
        draft_of(path).unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)

"""Files of one data folder put into another one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# Other file systems, and those that cannot link or let a file have no more names.
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP}
# At a time, so that a call ends soon.
_PIECE = 64 << 20


def link(path: Path, target: Path) -> None:
    """``target`` has the bytes of ``path``, which must never change: it is the same file where that can be. The names of its
    folder still have to be synced. Raises OSError."""
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        copy(path, target, path.stat().st_size)


def copy(path: Path, target: Path, size: int) -> None:
    """``target``, a new file, durably has the first ``size`` bytes of ``path``. The names of its folder still have to be
    synced. Raises OSError, also if ``path`` is shorter."""
    with path.open("rb") as source, target.open("xb") as copied:
        at = 0
        while at < size:
            sent = os.sendfile(copied.fileno(), source.fileno(), at, min(size - at, _PIECE))
            if not sent:
                raise OSError(errno.EIO, f"it ends at byte {at}; want {size}", str(path))
            at += sent
        os.fdatasync(copied.fileno())

"""The beginning of a file put into another one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# At a time, so that a call ends soon.
_PIECE = 64 << 20


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

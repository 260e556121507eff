"""How many files, and so connections, a process may have open."""

from __future__ import annotations

import resource

SPARE_FILES = 256  # of those a process may open: for what is not a connection


def raise_open_files() -> int:
    """Let this process have as many open files, so connections, as the system allows; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # no system is obliged to grant its own hard limit
        return soft
    return hard

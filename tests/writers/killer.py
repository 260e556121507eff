"""Death at a chosen system call."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from system_calls import replace_call

CALLS = ("pwrite", "fdatasync", "fsync", "rename", "replace", "unlink", "ftruncate", "posix_fallocate", "link")
KILLED = 99


@dataclass
class Killer:
    """Ends this process before the ``at``-th of the calls; a pwrite is cut in half if ``torn``."""

    at: int
    torn: bool
    seen: int = 0

    def arm(self) -> None:
        for name in CALLS:
            replace_call(setattr, name, self._deadly(name, getattr(os, name)))

    def _deadly(self, name: str, call: Callable) -> Callable:
        def deadly(*arguments, **more):
            self.seen += 1
            if self.seen == self.at:
                if self.torn and name == "pwrite":
                    file, data, offset = arguments
                    call(file, memoryview(data)[: len(data) // 2], offset)
                os._exit(KILLED)
            return call(*arguments, **more)

        return deadly

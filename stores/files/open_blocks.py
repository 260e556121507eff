"""The blocks that are mapped."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

from .block import Block

# Each open block holds a descriptor; many systems allow a process 1,024.
_MOST_OPEN = 400


class OpenBlocks:
    """Mapped blocks by path, those last used. Any thread."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[Path, Block] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> Block:
        """Raises FileNotFoundError, Damaged, StoreError."""
        with self._lock:
            block = self._blocks.get(path) or Block(path)
            self._blocks[path] = block
            self._blocks.move_to_end(path)
            if len(self._blocks) > _MOST_OPEN:
                self._blocks.popitem(last=False)
            return block

    def keep(self, paths: Collection[Path]) -> None:
        """Let go of all others."""
        with self._lock:
            for path in self._blocks.keys() - paths:
                del self._blocks[path]

"""What damage took from a block, and a block of what it left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...schema.errors import Damaged
from ...schema.identity import Level
from ...schema.protocols import ChunkSet
from ...schema.rows import Ids
from .block import Block
from .draft import BlockDraft


@dataclass(frozen=True, slots=True)
class Loss:
    """The points of ``ids`` (None: of all) in the windows of ``chunks`` that cannot be read any more, for this ``reason``."""

    level: Level
    chunks: ChunkSet
    path: Path
    ids: Ids | None
    reason: str

    @property
    def start(self) -> int:
        return self.chunks.start

    @property
    def stop(self) -> int:
        return self.chunks.stop


def find_loss(level: Level, chunks: ChunkSet, path: Path) -> Loss | None:
    """What the block at ``path`` lost: None if all of it can be read. Raises OSError, and StoreError for a later version."""
    try:
        Block(path).verify()
    except FileNotFoundError:
        return Loss(level, chunks, path, None, f"{path} is not there")
    except Damaged as error:
        return Loss(level, chunks, path, _lost_ids(path), str(error))
    return None


def copy_rest(block: Block, lost: Ids, draft: BlockDraft) -> None:
    """Add to ``draft`` the groups of strips of ``block`` in which nothing is ``lost``."""
    for group in range(block.header.groups):
        if not np.isin(block.group_ids(group), lost).any():
            draft.add(block.group_ids(group), *block.group_strips(group))


def _lost_ids(path: Path) -> Ids | None:
    """Those of all damaged groups. None when header or index are damaged: then nobody knows."""
    try:
        block = Block(path)
    except Damaged:
        return None
    groups = [block.group_ids(group) for group in range(block.header.groups) if not _is_sound(block, group)]
    return np.concatenate(groups) if groups else None


def _is_sound(block: Block, group: int) -> bool:
    try:
        block.verify_group(group)
    except Damaged:
        return False
    return True

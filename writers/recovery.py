"""What a writer finds at its start."""

from __future__ import annotations

from collections.abc import Iterable

from ..schema.identity import Level
from ..schema.protocols import ChunkStore, Log, LogFolder


def recover(logs: LogFolder, store: ChunkStore, levels: Iterable[Level]) -> tuple[dict[Level, Log], int]:
    """The logs of ``levels`` and of all that have one, taken up where the last writer ended, and the last sequence of all.

    What was sealed by then goes, what it had not finished goes too. Raises Damaged, StoreError, Unavailable.
    """
    snapshot = store.snapshot()
    opened: dict[Level, Log] = {}
    last_sequence = 0
    for level in dict.fromkeys([*levels, *logs.levels()]):
        opened[level] = logs.open(level)
        sealed = snapshot.sealed(level)
        last_sequence = max(last_sequence, sealed, opened[level].recover(sealed))
    return opened, last_sequence

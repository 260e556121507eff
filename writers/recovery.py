"""What a writer finds at its start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..schema.identity import Level
from ..schema.protocols import ChunkStore, Log, LogFolder


@dataclass(frozen=True, slots=True)
class Recovered:
    """``last_sequence`` is that of all levels together; ids below ``next_id`` have points."""

    logs: Mapping[Level, Log]
    last_sequence: int
    next_id: int


def recover(logs: LogFolder, store: ChunkStore, levels: Iterable[Level]) -> Recovered:
    """The logs of ``levels`` and of all that have one, taken up where the last writer ended.

    What is sealed and lasts goes, what it had not finished goes too. Raises Damaged, StoreError, Unavailable.
    """
    snapshot = store.snapshot()
    opened = {level: logs.open(level) for level in dict.fromkeys([*levels, *logs.levels()])}
    sealed = {level: snapshot.sealed(level) for level in opened}
    last = [max(sealed[level], log.recover(sealed[level], store.lasting(level))) for level, log in opened.items()]
    next_id = max(snapshot.next_id(), *(log.next_id for log in opened.values()))
    return Recovered(opened, max(last), next_id)

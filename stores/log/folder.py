"""The logs of all levels of a data folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...schema.identity import Level
from ...schema.protocols import Snapshot
from ..layout import levels, log_folder
from .writer import LogWriter


class LogFiles:
    """Implements ``schema.protocols.LogFolder``; ``writer`` is the identity that all records get."""

    def __init__(self, folder: Path, writer: str) -> None:
        self._folder = folder
        self._writer = writer
        self._opened: list[LogWriter] = []

    def levels(self) -> Sequence[Level]:
        return [level for level in levels(self._folder) if log_folder(self._folder, level).is_dir()]

    def open(self, level: Level) -> LogWriter:
        self._opened.append(LogWriter(self._folder, level, self._writer))
        return self._opened[-1]

    def unsealed(self, snapshot: Snapshot) -> list[Level]:
        """The levels that have closed segments which ``snapshot`` does not have."""
        return [log.level for log in self._opened if log.rolled() and log.rolled()[-1].identity.last > snapshot.sealed(log.level)]

    def copy_to(self, data: Path) -> None:
        """Put all logs that are open into ``data``, an empty data folder: see ``LogWriter.copy_to``."""
        for log in self._opened:
            log.copy_to(data)

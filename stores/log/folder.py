"""The logs of all levels of a data folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...schema.identity import Level
from ..layout import levels, log_folder
from .writer import LogWriter


class LogFiles:
    """Implements ``schema.protocols.LogFolder``; ``writer`` is the identity that all records get."""

    def __init__(self, folder: Path, writer: str) -> None:
        self._folder = folder
        self._writer = writer

    def levels(self) -> Sequence[Level]:
        return [level for level in levels(self._folder) if log_folder(self._folder, level).is_dir()]

    def open(self, level: Level) -> LogWriter:
        return LogWriter(self._folder, level, self._writer)

"""Names and rows to disk, in the order that survives a crash."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence

from ..schema.errors import StoreError, Unavailable
from ..schema.identity import Level, Mode
from ..schema.protocols import Log, NamesWriter, NewNames
from ..schema.resolution import DAY_S
from ..schema.rows import Ids, Rows
from .days import SeenDays

_log = logging.getLogger(__name__)


class Flusher:
    """Appends to the names log and to the logs of all levels. One thread.

    ``last_sequence`` is the last one acknowledged: sequences are counted over all levels together.
    """

    def __init__(self, names: NamesWriter, logs: Mapping[Level, Log], days: SeenDays, last_sequence: int) -> None:
        self.last_sequence = last_sequence
        self._to_undo: list[Log] = []
        self._names = names
        self._logs = logs
        self._days = days

    def add_names(self, batch: NewNames) -> None:
        """Readers find these paths when this returns; they are durable before any row of theirs. Raises Unavailable."""
        self._names.append(batch)
        self._days.note(batch.day, batch.ids)

    def sync_names(self) -> None:
        """Paths that were added are durable when this returns. Raises Unavailable."""
        self._names.sync()

    def write(self, rows: Sequence[Rows], mode: Mode = Mode.ADD) -> int:
        """The rows are durable when this returns the last sequence. Raises Unavailable; then the logs are what they were, or
        will be before anything else is written."""
        self._undo()
        self._note_days(rows)
        # First the names: a row whose id is not there after a crash would be given to another path.
        self._names.sync()
        sequence = self.last_sequence
        try:
            for level, of_level in _by_level(rows).items():
                self._to_undo.append(self._logs[level])
                sequence = self._logs[level].append(of_level, sequence + 1, mode)
        except Unavailable:
            with contextlib.suppress(Unavailable):
                self._undo()
            raise
        for log in self._to_undo:
            log.acknowledge()
        self._to_undo.clear()
        self.last_sequence = sequence
        return sequence

    def delete(self, ids: Ids) -> None:
        """The paths of ``ids`` are durably gone when this returns. Raises Unavailable."""
        self._names.delete(ids)
        self._names.sync()
        self._days.forget(ids)

    def rename(self, ids: Ids, paths: Sequence[str]) -> None:
        """Path i of ``paths`` is durably that of ids[i] when this returns. Raises Unavailable."""
        self._names.rename(ids, paths)
        self._names.sync()

    def silent(self, oldest: Mapping[str, int]) -> Ids:
        """Ids that had no points since the day that ``oldest`` has for their policy. Raises Damaged, Unavailable."""
        return self._names.silent(oldest)

    def compact_names(self) -> None:
        """Write the names log anew if most of it is of no use any more. Where that cannot be done it stays as it is."""
        try:
            if self._names.compaction_is_due:
                self._names.compact()
        except StoreError as error:
            _log.warning("the names log is not compacted: %s", error)

    def roll(self, level: Level) -> None:
        """Close the level's segment, so that it can be sealed."""
        self._logs[level].roll()

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            for log in self._logs.values():
                stack.callback(log.close)

    def _undo(self) -> None:
        """Take back what was written of a batch that failed: sequences of it will be given again."""
        while self._to_undo:
            self._to_undo[-1].undo()
            self._to_undo.pop()

    def _note_days(self, rows: Sequence[Rows]) -> None:
        for row in rows:
            day = row.time // DAY_S
            ids = self._days.news(day, row.ids)
            if len(ids):
                self._names.seen(day, ids)
                self._days.note(day, ids)


def _by_level(rows: Sequence[Rows]) -> dict[Level, list[Rows]]:
    levels: dict[Level, list[Rows]] = {}
    for row in rows:
        levels.setdefault(row.level, []).append(row)
    return levels

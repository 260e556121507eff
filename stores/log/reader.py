"""The reading end of a level's log, for any process."""

from __future__ import annotations

import threading
from pathlib import Path

from ...schema.errors import Damaged
from ...schema.grid import Grid
from ...schema.identity import Level, Mode
from ...schema.rows import Ids
from ..disk import disk
from ..layout import log_folder, segments, sequence_of
from .records import TIME
from .segment import ALL_SEQUENCES, Segment


class LogReader:
    """Reads the segments of ``level`` below ``folder``, the data folder, while another process appends. Any thread.

    A segment that goes while it is looked for is passed over: it went because its points are in chunks by now, and the
    caller, who compares generations afterwards, begins again.
    """

    def __init__(self, folder: Path, level: Level) -> None:
        self._folder = log_folder(folder, level)
        self._level = level
        self._segments: dict[Path, Segment] = {}
        self._lock = threading.Lock()

    def read(self, ids: Ids, after: int, through: int, into: Grid) -> None:
        """Merge the records with ``after`` < sequence <= ``through`` whose windows lie in ``into``, in order; ids[i] -> row i.

        ``through`` is what the writer has acknowledged. ALL_SEQUENCES: no writer says so, all is checked up to the first
        record that is not whole. Raises Damaged, Unavailable.
        """
        segments = self._between(after, through)
        for segment in segments:
            segment.read(ids, after, through, into)
            if segment is not segments[-1] and through != ALL_SEQUENCES:
                segment.refuse_rest()

    def span(self, after: int, through: int) -> tuple[int, int] | None:
        """[start, stop) of the windows of those records; None if there is none. Payloads are not looked at."""
        times = []
        for segment in self._between(after, through):
            times += segment.rows(after, through)[:, TIME].tolist()
        return (min(times), max(times) + self._level.step_s) if times else None

    def replaces(self, after: int, through: int) -> bool:
        """Whether the mode of any of those records is REPLACE."""
        return any(segment.header.mode is Mode.REPLACE for segment in self._between(after, through))

    def close(self) -> None:
        """Release files and maps."""
        with self._lock:
            self._segments.clear()

    def _between(self, after: int, through: int) -> list[Segment]:
        """The segments that may hold such records, in order."""
        with disk(self._folder), self._lock:
            # Not by the folder's time of change: two changes within one tick of the clock look the same.
            paths = segments(self._folder)
            self._segments = {path: segment for path in paths if (segment := self._open(path, through))}
            found = list(self._segments.values())
        nexts = [*(segment.header.first for segment in found), ALL_SEQUENCES][1:]
        return [s for s, following in zip(found, nexts, strict=True) if s.header.first <= through and following - 1 > after]

    def _open(self, path: Path, through: int) -> Segment | None:
        """None if it has gone, or nothing of it counts yet."""
        try:
            known = self._segments.get(path)
            return known if known and known.inode == path.stat().st_ino else Segment(path)
        except FileNotFoundError:
            if through != ALL_SEQUENCES and sequence_of(path) <= through and path.exists():
                raise Damaged(str(path), 0, "its header is missing, and records of it were acknowledged") from None
            return None

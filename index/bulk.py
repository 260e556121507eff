"""How much of a names log is of use."""

from __future__ import annotations

from .frames import ADD, TOMBSTONE, FrameTable

LEAST_GARBAGE = 1 << 20  # bytes: less is not worth a new file
_LAST_DAY_BYTES = 4  # what a path takes in a frame of its last day


class Bulk:
    """Counts the frames of one log, so that nobody has to read it to know whether it should be compacted."""

    def __init__(self) -> None:
        self._added = 0
        self._added_bytes = 0
        self._deleted = 0

    def count(self, kind: int, names: int, size: int) -> None:
        """A frame of ``size`` bytes with ``names`` ids, or several of one kind."""
        if kind == ADD:
            self._added += names
            self._added_bytes += size
        elif kind == TOMBSTONE:
            self._deleted += names

    def count_all(self, table: FrameTable) -> None:
        for kind in (ADD, TOMBSTONE):
            rows = table[table["kind"] == kind]
            self.count(kind, int(rows["count"].sum()), int((rows["end"] - rows["start"]).sum()))

    def is_due(self, size: int) -> bool:
        """True if of the log's ``size`` in bytes more than half, and 1 MB, would not be written again."""
        garbage = size - self._needed()
        return garbage > LEAST_GARBAGE and garbage * 2 > size

    def _needed(self) -> float:
        """What the living paths take, if they are as long as those that are gone."""
        living = max(self._added - self._deleted, 0)
        return living * (self._added_bytes / max(self._added, 1) + _LAST_DAY_BYTES)

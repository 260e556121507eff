"""A closed segment, as the engine seals it."""

from __future__ import annotations

from pathlib import Path

from ...schema.identity import Identity, Level
from .part import SegmentPart
from .repair import check
from .segment import ALL_SEQUENCES, Segment


class RolledSegment(SegmentPart):
    """All of a segment to which nothing is appended any more. Checked byte for byte when it is first read. One thread."""

    def __init__(self, path: Path, level: Level, identity: Identity, size_bytes: int) -> None:
        super().__init__(path, level, identity)
        self.size_bytes = size_bytes
        self._after, self._through = 0, ALL_SEQUENCES  # what was checked needs no second look

    def _open(self) -> Segment:
        return check(self.path)

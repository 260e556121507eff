"""One generation of a writer's chunks in Cassandra."""

from __future__ import annotations

from collections.abc import Sequence

from ...schema.errors import Damaged, Unavailable
from ...schema.grid import Grid
from ...schema.identity import Level
from ...schema.protocols import ChunkSet
from ...schema.rows import Ids
from .link import Link
from .manifest import Manifest
from .points import Points
from .set_ids import read_ids


class CassandraSnapshot:
    """Implements ``schema.protocols.Snapshot``. Rows go by their ttl alone, so what was deleted or erased since then is there
    still; nothing is ever Outdated. Any thread."""

    def __init__(self, link: Link, writer: str, points: Points, manifest: Manifest, trouble: Unavailable | None = None) -> None:
        """``trouble``: why there may be more by now than the manifest says."""
        self._trouble = trouble
        self._link = link
        self._writer = writer
        self._points = points
        self._manifest = manifest

    @property
    def generation(self) -> int:
        return self._manifest.generation

    def levels(self) -> Sequence[Level]:
        return sorted(self._manifest.levels)

    def sealed(self, level: Level) -> int:
        return self._manifest.level(level).sealed

    def sets(self, level: Level) -> Sequence[ChunkSet]:
        return [one.chunks for one in self._manifest.level(level).sets]

    def ids(self, level: Level, sets: Sequence[ChunkSet]) -> Ids:
        numbers = {one.number for one in sets}
        lists = [one.ids_number for one in self._manifest.level(level).sets if one.number in numbers]
        return read_ids(self._link, self._writer, lists)

    def next_id(self) -> int:
        return max((one.highest_id + 1 for entry in self._manifest.levels.values() for one in entry.sets), default=0)

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        """Unavailable is raised as Damaged is: when all that could be read was merged. So it is for a manifest that may be old:
        what came since would be missing without a word."""
        wanted = [one for one in sets if one.start < into.stop and one.stop > into.start]
        erasures = [one for one in self._manifest.level(level).erasures if one.start < into.stop and one.stop > into.start]
        errors = [*self._points.merge(level, wanted, erasures, ids, into), *filter(None, [self._trouble])]
        for error in sorted(errors, key=lambda error: isinstance(error, Damaged)):
            raise error

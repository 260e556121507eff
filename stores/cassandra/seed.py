"""What an old Cadent wrote, to be read beside the writers of this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...schema.errors import Unavailable
from ...schema.grid import Grid
from ...schema.identity import Identity, Level
from ...schema.policy import Policies, Policy
from ...schema.protocols import ChunkSet
from ...schema.resolution import Resolution
from ...schema.rows import Ids
from .link import Link
from .points import unread
from .seed_names import WRITER, SeedNames
from .seed_points import merge_rows, points_request
from .seed_tables import SeedTables

_EVER = 1  # the sequence that all of it has


class SeedStore:
    """The points of an old Cadent's keyspace: implements ``query.origin.Store``. Its resolutions are those of ``policies``, each
    written on its own, for as long as their ttl. Nothing says which of them a path has. Any thread."""

    def __init__(self, link: Link, tables: SeedTables, names: SeedNames, policies: Policies, now: Callable[[], float]) -> None:
        """``now``: the clock, in unix seconds."""
        self._link = link
        self._tables = tables
        self._names = names
        self._policies = policies
        self._now = now

    def snapshot(self) -> SeedSnapshot:
        return SeedSnapshot(self._link, self._tables, self._names, _sets(self._policies, self._now()))


class SeedSnapshot:
    """Implements ``query.cut.Chunks``: one chunk set a level, from its ttl ago until now."""

    def __init__(self, link: Link, tables: SeedTables, names: SeedNames, sets: dict[Level, ChunkSet]) -> None:
        self._link = link
        self._tables = tables
        self._names = names
        self._sets = sets

    def levels(self) -> Sequence[Level]:
        return sorted(self._sets)

    def sealed(self, level: Level) -> int:
        return _EVER if level in self._sets else 0

    def sets(self, level: Level) -> Sequence[ChunkSet]:
        return [self._sets[level]] if level in self._sets else []

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        """As ``schema.protocols.Snapshot.read``: Unavailable is raised when all that could be read was merged."""
        for one in sets:
            start, stop = max(one.start, into.start), min(one.stop, into.stop)
            if start < stop:
                self._read(level, ids, start, stop, into)

    def _read(self, level: Level, ids: Ids, start: int, stop: int, into: Grid) -> None:
        paths = [self._names.path_of(number) for number in ids.tolist()]
        requests = [points_request(self._tables, path, level.step_s, start, stop) for path in paths]
        missing: list[Unavailable] = []
        for row, rows in self._link.read_many(requests):
            if isinstance(rows, Unavailable):
                missing.append(rows)
            else:
                merge_rows(rows, row, into)
        if missing:
            raise unread(missing, len(requests), f"{self._tables.metric}, resolution {level.step_s}")


def _sets(policies: Policies, now: float) -> dict[Level, ChunkSet]:
    """What there may be of each level."""
    return {level: one for policy in policies for level, one in _of_policy(policy, now)}


def _of_policy(policy: Policy, now: float) -> Iterator[tuple[Level, ChunkSet]]:
    resolutions = list(policy.ladder)
    coarser = [*(resolution.step_s for resolution in resolutions[1:]), 0]
    for resolution, coarse_s in zip(resolutions, coarser, strict=True):
        yield Level(policy.name, resolution.step_s), _set(resolution, coarse_s, now)


def _set(resolution: Resolution, rolled_up_to_s: int, now: float) -> ChunkSet:
    """A window more on each side: who asks has a clock of his own."""
    step_s = resolution.step_s
    start, stop = (int(time) // step_s * step_s for time in (now - resolution.ttl_s - step_s, now + 2 * step_s))
    return ChunkSet(1, Identity(WRITER, _EVER, _EVER), start, stop, rolled_up_to_s, 0)

"""Queries: from targets to series."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..codec.points import interpolate
from ..schema.errors import TooManyMatches
from ..schema.grid import COLUMNS, Counts, Floats, Grid, columns_of
from ..schema.identity import Level
from ..schema.policy import Policies
from ..schema.protocols import Match, PathIndex
from ..schema.rows import Ids
from ..schema.series import Series
from ..schema.tags import read_target
from .fetch import Answer, FetchQuery, Found, PathPoints, PointsAnswer
from .history import History
from .limits import Deadline, Limits
from .missing import NOTHING, Missing
from .origin import Origins
from .plan import Batch, Plan, make_plan
from .sources import Sources
from .wanted import Wanted

_log = logging.getLogger(__name__)

# A tile has at most so many cells of a Grid, 40 bytes each, however much a query asks for.
_TILE_CELLS = 1 << 20

# Time, count, sum, min, max and last of the points of one path in one tile.
_Piece = tuple[NDArray[np.int64], Counts, Floats, Floats, Floats, Floats]


class _Tile(NamedTuple):
    """Some rows and columns of a batch: what is read at once, and consistent in itself."""

    rows: slice
    columns: slice


class Reader:
    """Answers queries from the chunks, the logs and the open windows of all origins. Any number of threads may use one.

    ``interpolate_slots`` is for queries that do not say. A query that reads much does so in ``threads`` threads: most of it does
    not hold the GIL. ``partial_answers``: where a remote origin is away, answers are what the others have, and say so; without
    them, such queries raise Unavailable.
    """

    def __init__(
        self,
        origins: Origins,
        index: PathIndex,
        policies: Policies,
        limits: Limits | None = None,
        interpolate_slots: int = 0,
        threads: int = 1,
        partial_answers: bool = True,  # noqa: FBT002  a setting
    ) -> None:
        self.limits = limits or Limits()
        self._origins = origins
        self._index = index
        self._policies = policies
        self._interpolate_slots = interpolate_slots
        self._threads = threads
        self._partial_answers = partial_answers
        self._told: set[str] = set()

    def grid(self, level: Level, ids: Ids, start: int, stop: int) -> Grid:
        """All points of ``ids`` (ids[i] -> row i; ascending) in [start, stop), multiples of the level's step, which may be
        any multiple of a step of the policy's ladder: finer levels are rolled up and added.

        Raises Unavailable when the store changes faster than it can be read.
        """
        policy = self._policies[self._policies.index_of(level.policy)]
        return self._read(self._sources(), Wanted(policy, ids, start, stop, level.step_s))[0]

    def fetch(self, query: FetchQuery, deadline: Deadline) -> Answer:
        """Series of all paths that the targets match, target by target. Raises QueryError, LimitExceeded, Unavailable."""
        matches, sources = self._find(query), self._sources()
        plan = self._plan(query, matches, sources)
        read: dict[str, tuple[Series, bool]] = {}
        missing = NOTHING
        for batch in plan.batches:
            values, missed = self._values(batch, sources, query, deadline)
            bounds = batch.bounds
            for path, row in zip(batch.paths, values, strict=True):
                read[path] = Series(path, bounds.start, bounds.stop, bounds.step_s, row), batch.coarse
            missing |= missed
        found = (
            Found(target, *read[match.path]) for target, leaves in zip(query.targets, matches, strict=True) for match in leaves
        )
        return Answer(tuple(found), plan.bounds, missing | sources.missing)

    def points(self, query: FetchQuery, deadline: Deadline) -> PointsAnswer:
        """All statistics of all paths that the targets match, each path once. Raises QueryError, LimitExceeded, Unavailable."""
        matches, sources = self._find(query), self._sources()
        plan = self._plan(query, matches, sources)
        points: list[PathPoints] = []
        missing = NOTHING
        for batch in plan.batches:
            pieces: list[list[_Piece]] = [[] for _ in batch.paths]
            for tile in _tiles(batch, sources):
                grid, missed = self._read_tile(batch, tile, COLUMNS, sources, deadline)
                for row, path_pieces in enumerate(pieces[tile.rows]):
                    path_pieces.append(_piece(grid, row))
                missing |= missed
            points += (_join(path, batch, path_pieces) for path, path_pieces in zip(batch.paths, pieces, strict=True))
        return PointsAnswer(tuple(sorted(points, key=lambda one: one.path)), plan.bounds, missing | sources.missing)

    def steps(self, query: FetchQuery) -> set[int]:
        """Those of the series that ``fetch`` would answer with. Raises QueryError, LimitExceeded, Unavailable."""
        return {batch.bounds.step_s for batch in self._plan(query, self._find(query), self._sources()).batches}

    def newest(self) -> int | None:
        """Unix second at which the newest window that is in chunks or logs begins; None when there is no point yet. Raises
        Unavailable."""
        return self._sources().newest(self._policies)

    def _sources(self) -> Sources:
        """The origins of this moment."""
        origins = self._origins()
        return Sources(origins if self._partial_answers else [replace(one, remote=False) for one in origins])

    def _plan(self, query: FetchQuery, matches: Sequence[Sequence[Match]], sources: Sources) -> Plan:
        return make_plan(query, matches, self._policies, self.limits, History(sources.views))

    def _find(self, query: FetchQuery) -> list[list[Match]]:
        """For each target the paths that it matches."""
        found: list[list[Match]] = []
        left = self.limits.max_series
        for target in query.targets:
            found.append(self._match(target, left))
            left -= len(found[-1])
        return found

    def _match(self, target: str, limit: int) -> list[Match]:
        expressions = read_target(target)
        try:
            return self._index.tagged(expressions, limit) if expressions else self._index.leaves([target], limit)[0]
        except TooManyMatches:  # the index does not know which setting its limit comes from
            raise self.limits.too_many_series() from None

    def _values(self, batch: Batch, sources: Sources, query: FetchQuery, deadline: Deadline) -> tuple[Floats, Missing]:
        """The statistic of each path as an array of shape (paths, slots); what is missing."""
        statistics = np.array(batch.statistics, object)
        wanted = columns_of(statistics)
        values = np.empty((len(batch.paths), batch.bounds.slots))
        last = threading.local()  # the grid that this thread read last

        def fill(tile: _Tile) -> Missing:
            last.grid, missed = self._read_tile(batch, tile, wanted, sources, deadline, getattr(last, "grid", None))
            _pick(last.grid, statistics[tile.rows], values[tile.rows, tile.columns])
            return missed

        missing = reduce(or_, self._each(fill, _tiles(batch, sources)), NOTHING)
        limit = self._interpolate_slots if query.interpolate is None else query.interpolate
        if limit:
            interpolate(values, limit)
        return values, missing

    def _each(self, fill: Callable[[_Tile], Missing], tiles: Sequence[_Tile]) -> list[Missing]:
        if len(tiles) == 1 or self._threads == 1:
            return [fill(tile) for tile in tiles]
        with ThreadPoolExecutor(min(self._threads, len(tiles))) as pool:
            return list(pool.map(fill, tiles))

    def _read_tile(
        self,
        batch: Batch,
        tile: _Tile,
        columns: Collection[str],
        sources: Sources,
        deadline: Deadline,
        spare: Grid | None = None,
    ) -> tuple[Grid, Missing]:
        deadline.check()
        start, stop = (batch.bounds.start + at * batch.bounds.step_s for at in (tile.columns.start, tile.columns.stop))
        return self._read(sources, Wanted(batch.policy, batch.ids[tile.rows], start, stop, batch.bounds.step_s, columns), spare)

    def _read(self, sources: Sources, wanted: Wanted, spare: Grid | None = None) -> tuple[Grid, Missing]:
        """A grid, and what is missing in it."""
        grid, missing = sources.read(wanted, spare)
        self._tell(missing)
        return grid, missing

    def _tell(self, missing: Missing) -> None:
        """Damage goes to the log once."""
        if missing.damaged and missing.damaged not in self._told:
            self._told.add(missing.damaged)
            _log.error("queries are answered without what cannot be read: %s", missing.damaged)


def _tiles(batch: Batch, sources: Sources) -> list[_Tile]:
    """In order of rows, then of time."""
    paths, slots = _tile_shape(batch, sources)
    return [
        _Tile(slice(row, min(row + paths, len(batch.paths))), slice(slot, min(slot + slots, batch.bounds.slots)))
        for row in range(0, len(batch.paths), paths)
        for slot in range(0, batch.bounds.slots, slots)
    ]


def _tile_shape(batch: Batch, sources: Sources) -> tuple[int, int]:
    """Paths and slots of a tile: whole rows as long as one fits. What each origin has of a tile is in memory together."""
    cells_a_path = sources.cells_a_path(batch.policy, batch.bounds) * max(1, sources.count)
    pieces = -(-cells_a_path // _TILE_CELLS)
    return max(1, _TILE_CELLS // cells_a_path), -(-batch.bounds.slots // pieces)


def _pick(grid: Grid, statistics: NDArray[np.object_], into: Floats) -> None:
    """Row i of ``into`` becomes statistics[i] of row i of ``grid``."""
    kinds = set(statistics)
    if len(kinds) == 1:
        grid.statistic(kinds.pop(), into)  # Fast path.
        return
    for statistic in kinds:
        rows = np.flatnonzero(statistics == statistic)
        into[rows] = grid.statistic(statistic)[rows]


def _piece(grid: Grid, row: int) -> _Piece:
    slots = np.flatnonzero(grid.count[row])
    time = grid.start + slots * grid.step_s
    return time, grid.count[row, slots], grid.sum[row, slots], grid.min[row, slots], grid.max[row, slots], grid.last[row, slots]


def _join(path: str, batch: Batch, pieces: list[_Piece]) -> PathPoints:
    return PathPoints(path, batch.bounds, *(np.concatenate(column) for column in zip(*pieces, strict=True)))

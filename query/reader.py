"""Queries: from targets to series."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..codec.points import interpolate
from ..schema.errors import Outdated, TooManyMatches, Unavailable
from ..schema.grid import COLUMNS, Counts, Floats, Grid, columns_of
from ..schema.head import Head
from ..schema.identity import Level
from ..schema.policy import Policies
from ..schema.protocols import ChunkStore, Match, PathIndex
from ..schema.resolution import DAY_S
from ..schema.rows import Ids
from ..schema.series import Series
from ..schema.tags import read_target
from .cut import ALL_SEQUENCES, Cut, Log, hull, is_rolled_up, level_span, levels_of, log_span, span_of
from .fetch import Answer, FetchQuery, Found, PathPoints, PointsAnswer
from .history import History
from .limits import Deadline, Limits
from .missing import NOTHING, Missing
from .plan import Batch, make_plan

_log = logging.getLogger(__name__)

# A tile has at most so many cells of a Grid, 40 bytes each, however much a query asks for.
_TILE_CELLS = 1 << 20

# A block that is wanted, or the log, hardly ever moves twice while one tile is read.
_ATTEMPTS = 10

# Time, count, sum, min, max and last of the points of one path in one tile.
_Piece = tuple[NDArray[np.int64], Counts, Floats, Floats, Floats, Floats]


class _Tile(NamedTuple):
    """Some rows and columns of a batch: what is read at once, and consistent in itself."""

    rows: slice
    columns: slice


class Reader:
    """Answers queries from a chunk store, the log and the writer's open windows. Any number of threads may use one.

    ``logs`` holds the log of every level of every policy. ``interpolate_slots`` is for queries that do not say. A query that
    reads much does so in ``threads`` threads: most of it does not hold the GIL.
    """

    def __init__(
        self,
        store: ChunkStore,
        logs: Mapping[Level, Log],
        head: Head,
        index: PathIndex,
        policies: Policies,
        limits: Limits | None = None,
        interpolate_slots: int = 0,
        threads: int = 1,
    ) -> None:
        self.limits = limits or Limits()
        self._store = store
        self._logs = logs
        self._head = head
        self._index = index
        self._policies = policies
        self._interpolate_slots = interpolate_slots
        self._threads = threads
        self._told: set[str] = set()

    def grid(self, level: Level, ids: Ids, start: int, stop: int) -> Grid:
        """All points of ``ids`` (ids[i] -> row i; ascending) in [start, stop), multiples of the level's step, which may be
        any multiple of a step of the policy's ladder: finer levels are rolled up and added.

        Raises Unavailable when the store changes faster than it can be read.
        """
        return self._read(level, ids, start, stop)[0]

    def fetch(self, query: FetchQuery, deadline: Deadline) -> Answer:
        """Series of all paths that the targets match, target by target. Raises QueryError and LimitExceeded."""
        matches = self._find(query)
        plan = make_plan(query, matches, self._policies, self.limits, History(self._store.snapshot(), self._logs))
        read: dict[str, tuple[Series, bool]] = {}
        missing = NOTHING
        for batch in plan.batches:
            values, missed = self._values(batch, query, deadline)
            bounds = batch.bounds
            for path, row in zip(batch.paths, values, strict=True):
                read[path] = Series(path, bounds.start, bounds.stop, bounds.step_s, row), batch.coarse
            missing |= missed
        found = (
            Found(target, *read[match.path]) for target, leaves in zip(query.targets, matches, strict=True) for match in leaves
        )
        return Answer(tuple(found), plan.bounds, missing)

    def points(self, query: FetchQuery, deadline: Deadline) -> PointsAnswer:
        """All statistics of all paths that the targets match, each path once. Raises QueryError and LimitExceeded."""
        matches = self._find(query)
        plan = make_plan(query, matches, self._policies, self.limits, History(self._store.snapshot(), self._logs))
        points: list[PathPoints] = []
        missing = NOTHING
        for batch in plan.batches:
            pieces: list[list[_Piece]] = [[] for _ in batch.paths]
            for tile in self._tiles(batch):
                grid, missed = self._read_tile(batch, tile, COLUMNS, deadline)
                for row, path_pieces in enumerate(pieces[tile.rows]):
                    path_pieces.append(_piece(grid, row))
                missing |= missed
            points += (_join(path, batch, path_pieces) for path, path_pieces in zip(batch.paths, pieces, strict=True))
        return PointsAnswer(tuple(sorted(points, key=lambda one: one.path)), plan.bounds, missing)

    def steps(self, query: FetchQuery) -> set[int]:
        """Those of the series that ``fetch`` would answer with. Raises QueryError and LimitExceeded."""
        plan = make_plan(query, self._find(query), self._policies, self.limits, History(self._store.snapshot(), self._logs))
        return {batch.bounds.step_s for batch in plan.batches}

    def newest(self) -> int | None:
        """Unix second at which the newest window that is on disk begins; None when there is no point yet."""
        snapshot = self._store.snapshot()
        levels = [level for policy in self._policies for level in levels_of(policy, snapshot, self._logs, DAY_S)]
        spans = [level_span(snapshot, self._logs, level, ALL_SEQUENCES) for level in levels]
        return max((span[1] - level.step_s for level, span in zip(levels, spans, strict=True) if span), default=None)

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

    def _values(self, batch: Batch, query: FetchQuery, deadline: Deadline) -> tuple[Floats, Missing]:
        """The statistic of each path as an array of shape (paths, slots); what is missing."""
        statistics = np.array(batch.statistics, object)
        wanted = columns_of(statistics)
        values = np.empty((len(batch.paths), batch.bounds.slots))
        last = threading.local()  # the grid that this thread read last

        def fill(tile: _Tile) -> Missing:
            last.grid, missed = self._read_tile(batch, tile, wanted, deadline, getattr(last, "grid", None))
            _pick(last.grid, statistics[tile.rows], values[tile.rows, tile.columns])
            return missed

        missing = reduce(or_, self._each(fill, self._tiles(batch)), NOTHING)
        limit = self._interpolate_slots if query.interpolate is None else query.interpolate
        if limit:
            interpolate(values, limit)
        return values, missing

    def _each(self, fill: Callable[[_Tile], Missing], tiles: Sequence[_Tile]) -> list[Missing]:
        if len(tiles) == 1 or self._threads == 1:
            return [fill(tile) for tile in tiles]
        with ThreadPoolExecutor(min(self._threads, len(tiles))) as pool:
            return list(pool.map(fill, tiles))

    def _tiles(self, batch: Batch) -> list[_Tile]:
        """In order of rows, then of time."""
        paths, slots = _tile_shape(batch, self._cells_a_path(batch))
        return [
            _Tile(slice(row, min(row + paths, len(batch.paths))), slice(slot, min(slot + slots, batch.bounds.slots)))
            for row in range(0, len(batch.paths), paths)
            for slot in range(0, batch.bounds.slots, slots)
        ]

    def _read_tile(
        self, batch: Batch, tile: _Tile, wanted: Collection[str], deadline: Deadline, spare: Grid | None = None
    ) -> tuple[Grid, Missing]:
        deadline.check()
        start, stop = (batch.bounds.start + at * batch.bounds.step_s for at in (tile.columns.start, tile.columns.stop))
        return self._read(batch.level, batch.ids[tile.rows], start, stop, wanted, spare)

    def _cells_a_path(self, batch: Batch) -> int:
        """The slots that the finest level with data, or the answer itself, has in the bounds of the batch."""
        snapshot = self._store.snapshot()
        bounds = batch.bounds
        slots = [bounds.slots]
        for level in levels_of(batch.policy, snapshot, self._logs, bounds.step_s):
            sets = snapshot.sets(level)
            if level.step_s != bounds.step_s:
                sets = [one for one in sets if not is_rolled_up(one, bounds.step_s)]
            span = hull(span_of(sets), log_span(snapshot, self._logs, level, ALL_SEQUENCES))
            if span:  # whole slots of the answer are read, however few points they have
                start, stop = span[0] - span[0] % bounds.step_s, span[1] + -span[1] % bounds.step_s
                slots.append((min(stop, bounds.stop) - max(start, bounds.start)) // level.step_s)
        return max(slots)

    def _tell(self, missing: Missing) -> None:
        """Damage goes to the log once."""
        if missing.damaged and missing.damaged not in self._told:
            self._told.add(missing.damaged)
            _log.error("queries are answered without what cannot be read: %s", missing.damaged)

    def _read(
        self,
        level: Level,
        ids: Ids,
        start: int,
        stop: int,
        wanted: Collection[str] = COLUMNS,
        spare: Grid | None = None,
    ) -> tuple[Grid, Missing]:
        """A grid, and what is missing in it. Begins again when something moved that was still to be read."""
        policy = self._policies[self._policies.index_of(level.policy)]
        for _ in range(_ATTEMPTS):
            cut = Cut(self._store.snapshot(), self._logs, self._head, policy, ids)
            with contextlib.suppress(Outdated):
                grid = cut.grid(start, stop, level.step_s, wanted, spare)
                if cut.is_whole(self._store.snapshot()):
                    self._tell(cut.missing)
                    return grid, cut.missing
        raise Unavailable(f"the store changed {_ATTEMPTS} times while {level} was read; try again")


def _tile_shape(batch: Batch, cells_a_path: int) -> tuple[int, int]:
    """Paths and slots of a tile: whole rows as long as one fits."""
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

"""The chunk store that keeps points as objects: the oracle of the contract suite, and a store for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from ..schema.grid import COLUMNS, Grid
from ..schema.identity import Identity, Level, Mode
from ..schema.point import Point
from ..schema.protocols import ChunkSet, Slice
from ..schema.rows import Ids


@dataclass(frozen=True, slots=True)
class _Stored:
    """The points of a set, by id in order of time."""

    chunks: ChunkSet
    points: Mapping[int, tuple[Point, ...]]


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """Implements ``schema.protocols.Snapshot``."""

    generation: int = 0
    stored: Mapping[Level, tuple[_Stored, ...]] = field(default_factory=dict)
    last: Mapping[Level, int] = field(default_factory=dict)

    def levels(self) -> Sequence[Level]:
        return sorted({*self.stored, *self.last})

    def sealed(self, level: Level) -> int:
        return self.last.get(level, 0)

    def sets(self, level: Level) -> Sequence[ChunkSet]:
        return [stored.chunks for stored in self.stored.get(level, ())]

    def ids(self, level: Level, sets: Sequence[ChunkSet]) -> Ids:
        ids = {number for stored in self.of(level, sets) for number in stored.points}
        return np.array(sorted(ids), np.uint32)

    def next_id(self) -> int:
        return max((number + 1 for of_level in self.stored.values() for one in of_level for number in one.points), default=0)

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        for stored in self.of(level, sets):
            for row, number in enumerate(ids.tolist()):
                for point in stored.points.get(number, ()):
                    _merge(point, stored.chunks.identity.mode, into, row)

    def of(self, level: Level, sets: Sequence[ChunkSet]) -> list[_Stored]:
        """What ``sets`` hold, in order."""
        numbers = {one.number for one in sets}
        return [stored for stored in self.stored.get(level, ()) if stored.chunks.number in numbers]


class MemoryStore:
    """Implements ``schema.protocols.ChunkStore`` in plain Python. Nothing outlives the process."""

    def __init__(self) -> None:
        self._snapshot = MemorySnapshot()
        self._numbers = 0

    @property
    def merges(self) -> bool:
        return True

    def snapshot(self) -> MemorySnapshot:
        return self._snapshot

    def lasting(self, level: Level) -> int:
        return self._snapshot.sealed(level)

    def seal(self, level: Level, last_sequence: int, slices: Iterable[Slice]) -> None:
        if last_sequence > self._snapshot.sealed(level):
            new = self._store(slices)
            self._commit({level: (*self._of(level), *new)}, {level: last_sequence})

    def roll_up(self, level: Level, sets: Sequence[ChunkSet], coarse: Level, slices: Iterable[Slice]) -> None:
        new = self._store(slices)
        marked = tuple(_rolled_up(stored, coarse.step_s) if stored.chunks in sets else stored for stored in self._of(level))
        self._commit({level: marked, coarse: (*self._of(coarse), *new)})

    def merge(self, level: Level, sets: Sequence[ChunkSet]) -> None:
        old = self._snapshot.of(level, sets)
        merged: dict[int, dict[int, Point]] = {}
        for stored in old:
            for number, points in stored.points.items():
                of_id = merged.setdefault(number, {})
                of_id |= {point.time: _met(of_id.get(point.time), point, stored.chunks.identity.mode) for point in points}
        joined = {number: tuple(of_id[time] for time in sorted(of_id)) for number, of_id in sorted(merged.items())}
        new = self._new(_identity([one.chunks for one in old]), _hull(one.chunks for one in old), joined)
        new = _rolled_up(new, old[0].chunks.rolled_up_to_s)
        self._commit({level: (*(stored for stored in self._of(level) if stored not in old), new)})

    def erase(self, level: Level, ids: Ids, start: int, stop: int) -> None:
        wanted = set(ids.tolist())
        kept = tuple(_without(stored, wanted, start, stop) for stored in self._of(level))
        if kept != self._of(level):
            self._commit({level: tuple(stored for stored in kept if stored.points)})

    def delete(self, level: Level, sets: Sequence[ChunkSet]) -> None:
        kept = tuple(stored for stored in self._of(level) if stored.chunks not in sets)
        if len(kept) < len(self._of(level)):
            self._commit({level: kept})

    def close(self) -> None:
        pass

    def _of(self, level: Level) -> tuple[_Stored, ...]:
        return self._snapshot.stored.get(level, ())

    def _commit(self, stored: Mapping[Level, tuple[_Stored, ...]], last: Mapping[Level, int] | None = None) -> None:
        now = self._snapshot
        ordered = {level: tuple(sorted(of_level, key=_order)) for level, of_level in stored.items()}
        self._snapshot = MemorySnapshot(now.generation + 1, {**now.stored, **ordered}, {**now.last, **(last or {})})

    def _store(self, slices: Iterable[Slice]) -> list[_Stored]:
        """A set for each span."""
        new = []
        for (start, stop, identity), pieces in groupby(
            slices, key=lambda piece: (piece.grid.start, piece.grid.stop, piece.identity)
        ):
            points = {number: points for piece in pieces for number, points in _points(piece)}
            if points:
                new.append(self._new(identity, (start, stop), points))
        return new

    def _new(self, identity: Identity, span: tuple[int, int], points: Mapping[int, tuple[Point, ...]]) -> _Stored:
        self._numbers += 1
        return _Stored(ChunkSet(self._numbers, identity, *span, rolled_up_to_s=0, size_bytes=_size(points)), points)


def _order(stored: _Stored) -> tuple[int, int, int]:
    """What was merged with sets before its last sequence stands before others that end with that sequence."""
    return stored.chunks.identity.last, stored.chunks.identity.first, stored.chunks.number


def _rolled_up(stored: _Stored, step_s: int) -> _Stored:
    return replace(stored, chunks=replace(stored.chunks, rolled_up_to_s=step_s))


def _identity(sets: Sequence[ChunkSet]) -> Identity:
    modes = {one.identity.mode for one in sets}
    mode = modes.pop() if len(modes) == 1 else Mode.ADD
    first, last = min(one.identity.first for one in sets), max(one.identity.last for one in sets)
    return Identity(sets[-1].identity.writer, first, last, mode)


def _hull(sets: Iterable[ChunkSet]) -> tuple[int, int]:
    starts, stops = zip(*((one.start, one.stop) for one in sets), strict=True)
    return min(starts), max(stops)


def _points(piece: Slice) -> Iterable[tuple[int, tuple[Point, ...]]]:
    for row, number in enumerate(piece.ids.tolist()):
        points = tuple(piece.grid.points(row))
        if points:
            yield number, points


def _size(points: Mapping[int, tuple[Point, ...]]) -> int:
    return 48 * sum(map(len, points.values()))


def _without(stored: _Stored, ids: set[int], start: int, stop: int) -> _Stored:
    kept = {
        number: tuple(point for point in points if number not in ids or not start <= point.time < stop)
        for number, points in stored.points.items()
    }
    if kept == stored.points:
        return stored
    points = {number: left for number, left in kept.items() if left}
    return _Stored(replace(stored.chunks, size_bytes=_size(points)), points)


def _met(there: Point | None, point: Point, mode: Mode) -> Point:
    return point if there is None or mode is Mode.REPLACE else there.add(point)


def _merge(point: Point, mode: Mode, into: Grid, row: int) -> None:
    if not into.start <= point.time < into.stop:
        return
    at = (row, (point.time - into.start) // into.step_s)
    floats = {name: float(getattr(into, name)[at]) if name in into.columns else np.nan for name in COLUMNS}
    met = _met(Point(point.time, int(into.count[at]), **floats) if into.count[at] else None, point, mode)
    into.count[at] = met.count
    for name in into.columns:
        getattr(into, name)[at] = getattr(met, name)

"""The chunk store that keeps points as objects: the oracle of the contract suite, and a store for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..schema.grid import Grid
from ..schema.identity import Identity, Level, Mode
from ..schema.point import Point
from ..schema.protocols import Slice
from ..schema.rows import Ids


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Points of one path that were sealed together, in slots from ``start`` to ``stop``."""

    id: int
    identity: Identity
    start: int
    stop: int
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """Implements ``schema.protocols.Snapshot``."""

    generation: int = 0
    chunks: dict[Level, tuple[_Chunk, ...]] = field(default_factory=dict)
    last: dict[Level, int] = field(default_factory=dict)

    def sealed(self, level: Level) -> int:
        return self.last.get(level, 0)

    def span(self, level: Level) -> tuple[int, int] | None:
        chunks = self.chunks.get(level, ())
        return (min(chunk.start for chunk in chunks), max(chunk.stop for chunk in chunks)) if chunks else None

    def next_id(self) -> int:
        return max((chunk.id + 1 for chunks in self.chunks.values() for chunk in chunks), default=0)

    def read(self, level: Level, ids: Ids, into: Grid) -> None:
        rows = {int(id_): row for row, id_ in enumerate(ids)}
        for chunk in sorted(self.chunks.get(level, ()), key=lambda chunk: chunk.identity.last):
            if chunk.id in rows:
                for point in chunk.points:
                    _merge(point, chunk.identity.mode, into, rows[chunk.id])


class MemoryStore:
    """Implements ``schema.protocols.ChunkStore`` in plain Python. Nothing outlives the process."""

    def __init__(self) -> None:
        self._snapshot = MemorySnapshot()

    def snapshot(self) -> MemorySnapshot:
        return self._snapshot

    def seal(self, level: Level, last_sequence: int, slices: Iterable[Slice]) -> None:
        now = self._snapshot
        if last_sequence <= now.sealed(level):
            return
        new = tuple(chunk for piece in slices for chunk in _chunks(piece))
        chunks = {**now.chunks, level: now.chunks.get(level, ()) + new}
        self._snapshot = MemorySnapshot(now.generation + 1, chunks, {**now.last, level: last_sequence})

    def delete(self, level: Level, before: int) -> None:
        now = self._snapshot
        kept = tuple(chunk for chunk in now.chunks.get(level, ()) if chunk.stop > before)
        if len(kept) < len(now.chunks.get(level, ())):
            self._snapshot = MemorySnapshot(now.generation + 1, {**now.chunks, level: kept}, now.last)

    def close(self) -> None:
        pass


def _chunks(piece: Slice) -> Iterable[_Chunk]:
    for row, id_ in enumerate(piece.ids):
        points = tuple(piece.grid.points(row))
        if points:
            yield _Chunk(int(id_), piece.identity, piece.grid.start, piece.grid.stop, points)


def _merge(point: Point, mode: Mode, into: Grid, row: int) -> None:
    if not into.start <= point.time < into.stop:
        return
    at = (row, (point.time - into.start) // into.step_s)
    if mode is Mode.ADD and into.count[at]:
        there = Point(
            point.time,
            int(into.count[at]),
            float(into.sum[at]),
            float(into.min[at]),
            float(into.max[at]),
            float(into.last[at]),
        )
        point = there.add(point)
    into.count[at], into.sum[at], into.min[at], into.max[at], into.last[at] = (
        point.count,
        point.sum,
        point.min,
        point.max,
        point.last,
    )

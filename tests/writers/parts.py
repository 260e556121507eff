"""Closed windows made by hand, and an engine's parts on real files."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from cadent.index.living import read_living
from cadent.index.names import NamesLog
from cadent.schema.grid import Grid
from cadent.schema.head import HEAD_POINT
from cadent.schema.identity import Level, Mode
from cadent.schema.point import Point
from cadent.schema.policy import Policies
from cadent.schema.protocols import NewNames
from cadent.schema.resolution import Ladder
from cadent.schema.rows import MULTI, Rows
from cadent.stores.files.store import FilesStore
from cadent.stores.log.folder import LogFiles
from cadent.stores.log.reader import LogReader
from cadent.stores.log.segment import ALL_SEQUENCES
from cadent.writers.days import SeenDays
from cadent.writers.flush import Flusher
from cadent.writers.recovery import recover
from cadent.writers.seal import drop_lasting, seal, unsealed

BASE, COARSE = Level("default", 10), Level("default", 60)
POLICIES = Policies.single(Ladder.parse("10s:7d,1m:30d"))


def fold(time: int, samples: Sequence[float]) -> Point:
    """The point of these samples, by plain arithmetic."""
    point = Point.of(time, samples[0])
    for sample in samples[1:]:
        point = point.add(Point.of(time, sample))
    return point


@dataclass
class Window:
    """``samples[id]``: what came for it, in order."""

    level: Level
    time: int
    samples: Mapping[int, Sequence[float]]
    size_bytes: int = 100
    mode: Mode = Mode.ADD
    points_of: dict[int, Point] = field(init=False)

    def __post_init__(self) -> None:
        self.points_of = {number: fold(self.time, values) for number, values in sorted(self.samples.items())}

    def rows(self) -> Rows:
        ids = np.array(list(self.points_of), np.uint32)
        multis = [point for point in self.points_of.values() if point.count > 1]
        cells = [
            MULTI | multis.index(point) if point.count > 1 else int(np.float64(point.sum).view(np.uint64))
            for point in self.points_of.values()
        ]
        count = np.array([point.count for point in multis], np.int64)
        columns = [np.array([getattr(point, name) for point in multis], float) for name in ("sum", "min", "max", "last")]
        return Rows(self.level, self.time, ids, np.array(cells, np.uint64), count, *columns)

    def points(self, ids: np.ndarray) -> np.ndarray:
        found = [(at, self.points_of[number]) for at, number in enumerate(ids.tolist()) if number in self.points_of]
        rows = [(at, self.level.step_s, p.time, p.count, p.sum, p.min, p.max, p.last) for at, p in found]
        return np.array(rows, HEAD_POINT)


def names(first: int, *paths: str, policy: str = "default", day: int = 19_000) -> NewNames:
    encoded = [path.encode() for path in paths]
    ids = np.arange(first, first + len(paths), dtype=np.uint32)
    return NewNames(policy, day, ids, [len(path) for path in encoded], b"".join(encoded))


class Parts:
    """What an engine is made of, in one thread, on a folder. Opening it again is what a start after a crash does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = contextlib.ExitStack()
        self.store = FilesStore(folder, write=True)
        self.kept.callback(self.store.close)
        found = recover(LogFiles(folder, "main/1"), self.store, [BASE, COARSE])
        self.logs, self.recovered = found.logs, found.last_sequence
        self.names = NamesLog.open(folder, found.next_id)
        self.kept.callback(self.names.close)
        self.flusher = Flusher(self.names, self.logs, SeenDays(), self.recovered)

    def seal_rolled(self) -> None:
        for level, log in self.logs.items():
            for segment in unsealed(log, self.store.snapshot().sealed(level)):
                seal(segment, self.store)
                drop_lasting(log, self.store.lasting(level))

    def close(self) -> None:
        self.flusher.close()
        self.kept.close()


def stored(folder: Path, level: Level, ids: Sequence[int], start: int, slots: int) -> dict[tuple[int, int], Point]:
    """What a reader finds in chunks and log, by id and time."""
    wanted = np.array(sorted(ids), np.uint32)
    store, log = FilesStore(folder), LogReader(folder, level)
    grid = Grid.empty(start, level.step_s, len(wanted), slots)
    snapshot = store.snapshot()
    snapshot.read(level, snapshot.sets(level), wanted, grid)
    log.read(wanted, snapshot.sealed(level), ALL_SEQUENCES, grid)
    log.close()
    store.close()
    return {(int(number), point.time): point for row, number in enumerate(wanted) for point in grid.points(row)}


def paths(folder: Path) -> dict[int, str]:
    """The names log's paths by id."""
    found: dict[int, str] = {}
    for batch in read_living(folder).names():
        texts, at = batch.paths, 0
        for number, length in zip(batch.ids.tolist(), list(batch.lengths), strict=True):
            found[number] = texts[at : at + length].decode()
            at += length
    return found

"""Stand-ins for store, log, writer and index that hold points in lists: what the reader must make of them is easy to see."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from cadent.codec.points import add_points
from cadent.query.limits import Limits
from cadent.query.origin import Origin
from cadent.query.reader import Reader
from cadent.schema.errors import TooManyMatches
from cadent.schema.head import HEAD_POINT, HeadAnswer
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.policy import Policies, Policy
from cadent.schema.protocols import ChunkSet, Match
from cadent.schema.resolution import Ladder


def merge(into, ids, points):
    """Adds (id, Point) pairs, in order."""
    rows = {number: row for row, number in enumerate(ids.tolist())}
    taken = [(rows[number], point) for number, point in points if number in rows]
    columns = [(point.time - into.start) // into.step_s for _, point in taken]
    arrays = [np.array([getattr(point, name) for _, point in taken]) for name in ("count", "sum", "min", "max", "last")]
    add_points(into, np.array([row for row, _ in taken]), np.array(columns), *arrays, Mode.ADD)


def span(level, points):
    times = [point.time for _, point in points]
    return (min(times), max(times) + level.step_s) if times else None


@dataclass
class Lists:
    """``chunks`` and ``open`` hold (id, Point) by level, ``logged`` (sequence, id, Point)."""

    chunks: dict = field(default_factory=dict)
    logged: dict = field(default_factory=dict)
    open: dict = field(default_factory=dict)
    sealed_sequence: dict = field(default_factory=dict)
    generation: int = 1
    acknowledged: int = 2**63 - 1
    asked: list = field(default_factory=list)

    def snapshot(self):
        return Pinned(self.generation, {level: list(points) for level, points in self.chunks.items()}, dict(self.sealed_sequence))

    def head(self, policy, ids):
        self.asked.append(len(ids))
        rows = {number: row for row, number in enumerate(ids.tolist())}
        points = [
            (rows[number], level.step_s, point.time, point.count, point.sum, point.min, point.max, point.last)
            for level, pairs in self.open.items()
            if level.policy == policy
            for number, point in pairs
            if number in rows
        ]
        return HeadAnswer(self.acknowledged, np.array(points, HEAD_POINT))


@dataclass
class Pinned:
    generation: int
    chunks: dict
    sealed_sequence: dict

    def sealed(self, level):
        return self.sealed_sequence.get(level, 0)

    def levels(self):
        return list(self.chunks)

    def sets(self, level):
        """All chunks of a level are one set, which is not rolled up."""
        held = span(level, self.chunks.get(level, []))
        return [ChunkSet(1, Identity("w", 1, 1), *held, rolled_up_to_s=0, size_bytes=1)] if held else []

    def read(self, level, sets, ids, into):
        assert into.step_s == level.step_s
        if sets:
            merge(into, ids, self.chunks.get(level, []))


@dataclass
class ListedLog:
    lists: Lists
    level: Level

    def records(self, after, through):
        return [
            (number, point) for sequence, number, point in self.lists.logged.get(self.level, []) if after < sequence <= through
        ]

    def read(self, ids, after, through, into):
        merge(into, ids, self.records(after, through))

    def span(self, after, through):
        return span(self.level, self.records(after, through))

    def replaces(self, after, through):
        return False


@dataclass
class ListedIndex:
    """A pattern matches the paths that begin with it, up to its star."""

    policies: dict

    def leaves(self, patterns, limit):
        found = [self.matching(pattern) for pattern in patterns]
        if sum(map(len, found)) > limit:
            raise TooManyMatches("too many")
        return found

    def matching(self, pattern):
        stem, star, _ = pattern.partition("*")
        return [
            Match(path, number, policy, branch=False)
            for number, (path, policy) in enumerate(self.policies.items())
            if path == pattern or (star and path.startswith(stem))
        ]


POLICIES = Policies(
    (
        Policy("slow", Ladder.parse("1m:30d,1h:2y"), match=r"^slow\."),
        Policy("default", Ladder.parse("10s:7d,1m:30d,10m:2y")),
    )
)


@pytest.fixture
def lists():
    return Lists()


@pytest.fixture(scope="session")
def new_lists():
    """new_lists(): empty lists, for a property that needs new ones for each example."""
    return Lists


def origin_of(lists, writer="main/1", store=None, **more):
    levels = [Level(policy.name, resolution.step_s) for policy in POLICIES for resolution in policy.ladder]
    return Origin(writer, store or lists, {level: ListedLog(lists, level) for level in levels}, lists, **more)


def read_over(origins, *paths, limits=None, **settings):
    index = ListedIndex({path: POLICIES.for_path(path).name for path in paths})
    return Reader(lambda: origins, index, POLICIES, limits or Limits(), **settings)


@pytest.fixture(scope="session")
def new_origin():
    """new_origin(lists, writer, ...): what the lists hold as an origin. ``store`` instead of that of the lists."""
    return origin_of


@pytest.fixture(scope="session")
def reader_over():
    """reader_over(origins, path, ...): a reader of these paths, whose ids count from 0. ``origins`` may grow."""
    return read_over


@pytest.fixture(scope="session")
def reader_of():
    """reader_of(lists, path, ...): as ``reader_over``, of one origin."""

    def make(lists, *paths, store=None, **settings):
        return read_over([origin_of(lists, store=store)], *paths, **settings)

    return make

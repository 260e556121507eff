"""What lines mean by a plain reading: a dict, one ``Point.add`` a sample. And the accumulator's points as such a dict."""

import struct
from collections import Counter

import numpy as np
from cadent.accumulate.slow_line import parse_line
from cadent.schema.errors import InvalidLine, InvalidPath
from cadent.schema.identity import Level
from cadent.schema.path import normalise
from cadent.schema.point import Point
from cadent.schema.rows import ABSENT, MULTI

NOW = 1_700_000_000  # a whole minute is 1_699_999_980
AHEAD_S = 600


def bits(point):
    """A point to be compared exactly: -0.0 is not 0.0."""
    return point.count, struct.pack("<4d", point.sum, point.min, point.max, point.last)


class PlainFold:
    """Lines at clock ``now`` that stands still, with data as new as the clock."""

    def __init__(self, policies, now=NOW):
        self.policies, self.now = policies, now
        self.points = {}  # (level, path, begin of the window) -> Point
        self.paths = []  # in order of appearance
        self.refused = Counter()
        self.folded = 0

    def take(self, line):
        try:
            sample = parse_line(line, self.now)
            if sample is not None:
                self._fold(line, normalise(sample.path), sample.value, sample.time)
        except (InvalidLine, InvalidPath) as error:
            self.refused[error.reason] += 1

    def _fold(self, line, path, value, time):
        policy = self.policies.for_path(path)
        resolution = policy.ladder.covering(self.now - time)
        if time > self.now + AHEAD_S:
            raise InvalidLine("too_new", line)
        if resolution is None:
            raise InvalidLine("too_old", line)
        if path not in self.paths:
            self.paths.append(path)
        begin = time - time % resolution.step_s
        put(self.points, (Level(policy.name, resolution.step_s), path, begin), Point.of(begin, value))
        self.folded += 1

    def bits(self):
        return {key: bits(point) for key, point in self.points.items()}


class PlainStream:
    def __init__(self, fold):
        self._fold, self._rest = fold, b""

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._fold.take(line)

    def close(self):
        self._fold.take(self._rest)
        self._rest = b""


def put(points, key, point):
    points[key] = points[key].add(point) if key in points else point


def points_of(rows):
    """(id, Point) of each cell of closed ``Rows``."""
    assert list(rows.ids) == sorted(set(rows.ids.tolist()))
    for path_id, cell in zip(rows.ids.tolist(), rows.cells.tolist(), strict=True):
        assert cell != ABSENT
        if cell >= MULTI:
            entry = cell - MULTI
            columns = rows.count, rows.sum, rows.min, rows.max, rows.last
            yield path_id, Point(rows.time, *(column[entry].item() for column in columns))
        else:
            yield path_id, Point.of(rows.time, struct.unpack("<d", struct.pack("<Q", cell))[0])


class Gathered:
    """All that an accumulator gives away: names, and points of closed and open windows."""

    def __init__(self, accumulator):
        self._accumulator = accumulator
        self._points = {}  # (level, id, begin of the window) -> Point
        self.names = {}  # id -> path
        self.policies = {}  # id -> policy

    def close(self, windows):
        for window in windows:
            for path_id, point in points_of(window.rows()):
                put(self._points, (window.level, path_id, window.time), point)
        return windows

    def tick(self, now):
        return self.close(self._accumulator.tick(now))

    def drain(self):
        return self.close(self._accumulator.drain())

    def take_names(self):
        for batch in self._accumulator.new_names():
            at = 0
            for path_id, length in zip(batch.ids.tolist(), batch.lengths, strict=True):
                assert path_id not in self.names
                self.names[path_id] = batch.paths[at : at + length].decode()
                self.policies[path_id] = batch.policy
                at += length
            assert at == len(batch.paths)

    def open_points(self):
        """{(level, path, begin): Point} of the windows that are open."""
        self.take_names()
        points = {}
        for policy in sorted(set(self.policies.values())):
            ids = sorted(path_id for path_id, its in self.policies.items() if its == policy)
            for row in self._accumulator.open_points(policy, np.array(ids, np.uint32)).tolist():
                index, step_s, time, *values = row
                put(points, (Level(policy, step_s), self.names[ids[index]], time), Point(time, *values))
        return points

    def closed_points(self):
        """The same of those that are closed."""
        self.take_names()
        return {(level, self.names[path_id], time): point for (level, path_id, time), point in self._points.items()}

    def points(self):
        """Both together."""
        points = self.closed_points()
        for key, point in self.open_points().items():
            put(points, key, point)
        return points

    def bits(self):
        return {key: bits(point) for key, point in self.points().items()}


def feed_all(stream, data):
    """Feeds until all is consumed."""
    rest = memoryview(data)
    while rest:
        consumed = stream.feed(rest)
        assert consumed, "the stream takes nothing: windows are full"
        rest = rest[consumed:]

"""Rows for the log, and points read back, as plain Python: {(id, time): Point}."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from cadent.schema.grid import Grid
from cadent.schema.identity import Level
from cadent.schema.point import Point
from cadent.schema.rows import MULTI, Rows
from system_calls import replace_call

LEVEL = Level("default", 10)
START = 1_700_002_800  # a full hour


def is_single(point):
    return point == Point.of(point.time, point.sum)


def make_rows(points, time=START, level=LEVEL):
    """The row of {id: Point or value} at ``time``."""
    found = {id_: value if isinstance(value, Point) else Point.of(time, value) for id_, value in sorted(points.items())}
    multis = [point for point in found.values() if not is_single(point)]
    cells, entry = [], 0
    for point in found.values():
        cells.append(int(np.float64(point.sum).view(np.uint64)) if is_single(point) else MULTI | entry)
        entry += not is_single(point)
    count = np.array([point.count for point in multis], np.int64)
    columns = ([getattr(point, name) for point in multis] for name in ("sum", "min", "max", "last"))
    ids = np.array(list(found), np.uint32)
    return Rows(level, time, ids, np.array(cells, np.uint64), count, *(np.array(column, np.float64) for column in columns))


def points_of(grid, ids):
    return {(id_, point.time): point for row, id_ in enumerate(ids) for point in grid.points(row)}


@pytest.fixture(scope="session")
def rows():
    """rows({id: Point or value}, time): a row."""
    return make_rows


@pytest.fixture(scope="session")
def points_in():
    """points_in(read, ids, start, slots): what ``read(ids, into)`` merges into an empty grid, as {(id, time): Point}."""

    def points_in(read, ids, start=START, slots=360):
        ids = np.array(list(ids), np.uint32)
        into = Grid.empty(start, LEVEL.step_s, len(ids), slots)
        read(ids, into)
        return points_of(into, ids.tolist())

    return points_in


@pytest.fixture
def run_python():
    """run_python(program, *arguments): a child process that runs it; ends with the test."""
    children = []

    def run(program, *arguments):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        children.append(child)
        return child

    yield run
    for child in children:
        child.kill()
        child.communicate()


class Killed(BaseException):
    """The writer ends here: nothing of it runs any more."""


class Disk:
    """Lists the system calls that change something on the disk, and makes one of them fail, or all from that one on."""

    CALLS = ("open", "pwrite", "posix_fallocate", "ftruncate", "fdatasync", "fsync", "rename", "replace", "unlink")

    def __init__(self, monkeypatch):
        self.calls = []
        self.heal()
        for name in self.CALLS:
            replace_call(monkeypatch.setattr, name, self.watch(name, getattr(os, name)))

    def watch(self, name, call):
        def watched(*arguments, **more):
            if name == "open" and not arguments[1] & os.O_CREAT:
                return call(*arguments, **more)
            self.calls.append(name)
            self.count += 1
            if self.count == self.at or (self.for_good and self.count > self.at):
                raise self.error
            return call(*arguments, **more)

        return watched

    def refuse(self, at, *, for_good=False):
        """The ``at``-th call from now on finds no space, and so do all after it if ``for_good``."""
        self.count, self.at, self.for_good = 0, at, for_good
        self.error = OSError(errno.ENOSPC, "No space left on device")

    def kill(self, at):
        """The writer ends before the ``at``-th call from now on."""
        self.count, self.at, self.for_good, self.error = 0, at, True, Killed()

    def heal(self):
        self.count, self.at, self.for_good, self.error = 0, -1, False, None


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.fixture(scope="session")
def killed():
    """What ends a writer that the disk was told to kill."""
    return Killed

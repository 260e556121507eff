"""A log in a folder of its own, and what its readers see."""

import numpy as np
import pytest
from cadent.schema.identity import Level
from cadent.stores.log.reader import LogReader
from cadent.stores.log.segment import ALL_SEQUENCES
from cadent.stores.log.writer import LogWriter

LEVEL = Level("default", 10)


@pytest.fixture
def open_log(tmp_path):
    """open_log(): a writer of the log in the test's folder, or in another one; closed at the end."""
    opened = []

    def open_log(folder=tmp_path, **settings):
        log = LogWriter(folder, LEVEL, "w", **settings)
        opened.append(log)
        return log

    yield open_log
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log):
    log = open_log()
    log.recover(0, 0)
    return log


@pytest.fixture
def read_log(tmp_path, points_in):
    """read_log(): the points of ids 0 to 99 in three hours, as a reader of another process sees them."""

    def read_log(after=0, through=ALL_SEQUENCES, folder=tmp_path, ids=range(100), **grid):
        reader = LogReader(folder, LEVEL)
        return points_in(lambda ids, into: reader.read(ids, after, through, into), ids, **{"slots": 1080, **grid})

    return read_log


@pytest.fixture(scope="session")
def sealed_points(points_in):
    """sealed_points(segment): the points of a closed segment, read span by span as for a seal."""

    def read(segment):
        found = {}
        for extent in segment.extents():
            assert (np.diff(extent.ids.astype(np.int64)) > 0).all()
            found |= points_in(segment.read, extent.ids, extent.start, extent.slots)
        return found

    return read


@pytest.fixture(scope="session")
def merged():
    """merged(row, ...): the points of rows {(id, time): Point}, each later than those before it."""

    def merged(*rows):
        found = {}
        for row in rows:
            for key, point in row.items():
                found[key] = found[key].add(point) if key in found else point
        return found

    return merged

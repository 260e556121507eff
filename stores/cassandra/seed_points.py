"""The points of an old Cadent: rows of its own shape, made into points of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ...codec.points import add_points
from ...schema.grid import Floats, Grid
from ...schema.identity import Mode
from .link import Request
from .seed_tables import SeedTables

_SECOND = 1_000_000_000  # times are nanoseconds

# Time, count, sum, min, max, mean: any but the first may be None.
Row = Sequence[float | None]


def points_request(tables: SeedTables, path: str, step_s: int, start: int, stop: int) -> Request:
    """What gives the rows of ``path`` at ``step_s`` in [start, stop), in order of time."""
    statement = (
        f"SELECT time, point.count, point.sum, point.min, point.max, point.mean FROM {tables.metric} "  # noqa: S608 - a name
        "WHERE id = ? AND time >= ? AND time < ?"
    )
    return Request(statement, ((path, step_s), start * _SECOND, stop * _SECOND))


def merge_rows(rows: Sequence[Row], row: int, into: Grid) -> None:
    """Add the points of ``rows`` to row ``row`` of ``into``, each to the window that its time lies in.

    A row without a count, or of none, stands for one sample. What else is missing follows from the rest: the sum from mean and
    count, the mean from the sum, minimum and maximum from the mean. A row with neither sum nor mean is no point. The last value
    was not kept, and the mean stands for it.
    """
    if not rows:
        return
    times = np.array([each[0] for each in rows], np.int64) // _SECOND
    known, total, low, high, mean = (_column(each[at] for each in rows) for at in range(1, 6))
    counted = known >= 1
    count = np.where(counted, known, 1.0)
    total = np.where(np.isfinite(total) & (counted | np.isnan(mean)), total, mean * count)
    mean = np.where(np.isnan(mean), total / count, mean)
    kept = np.flatnonzero(np.isfinite(total))
    columns = (times - into.start) // into.step_s
    low, high = (np.where(np.isnan(values), mean, values)[kept] for values in (low, high))
    where, samples = np.full(len(kept), row), count[kept].astype(np.int64)
    add_points(into, where, columns[kept], samples, total[kept], low, high, mean[kept], Mode.ADD)


def _column(values: Iterable[float | None]) -> Floats:
    """NaN for what is missing, or no number."""
    column = np.array([np.nan if value is None else value for value in values], np.float64)
    column[~np.isfinite(column)] = np.nan
    return column

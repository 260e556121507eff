"""``format=dygraph``: one table of all series, as the library of that name takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import orjson

from ...render.time_series import TimeSeries
from ...schema.grid import Floats
from ..encode import Piece
from ..number_texts import texts
from .form import Wish


def encode(series: Sequence[TimeSeries], wish: Wish) -> list[Piece]:
    """``{"labels" : ["Time", name, ...], "data" : [[milliseconds, value, ...], ...]}``, null where a series has no slot."""
    if not series:
        return [b"{}"]
    times = sorted(set().union(*map(_slots, series)))
    columns: list[Iterable[bytes]] = [(b"[%d" % (1000 * at) for at in times)]
    for one in series:
        wish.deadline.check()
        columns.append(texts(_column(one, times), b"null", b"1e9999"))
    rows = b"], ".join(map(b", ".join, zip(*columns, strict=True)))
    labels = b", ".join(orjson.dumps(name) for name in ("Time", *(one.name for one in series)))
    return [b'{"labels" : [', labels, b'], "data" : [', rows, b"]]}" if times else b"]}"]


def _slots(series: TimeSeries) -> range:
    return range(series.start, series.stop, series.step_s)[: len(series.values)]


def _column(series: TimeSeries, times: list[int]) -> Floats:
    slots = _slots(series)
    column = np.full(len(times), np.nan)
    column[np.searchsorted(times, slots)] = series.values[: len(slots)]
    return column

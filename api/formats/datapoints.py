"""``format=json``: Graphite's own form, and Grafana's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import orjson

from ...render.thinning import thin
from ...render.time_series import TimeSeries
from ..encode import Pairs, Piece, listed
from .form import Wish


def encode(series: Sequence[TimeSeries], wish: Wish) -> list[Piece]:
    """``[{target, tags, datapoints: [[value|null, time], ...]}, ...]``. What is infinite is written 1e9999."""
    if not any(len(one.values) for one in series):
        return [b"[]"]  # as in Graphite: names without a single slot are no answer
    shown = thin(series, wish.max_points) if wish.max_points else series
    items = list(_filled(shown, wish) if wish.filled else _all(shown, wish))
    if wish.pretty and items:
        return listed(b"[\n  ", (_pretty(*item) for item in items), b"\n]", b",\n  ")
    return listed(b"[", (_compact(*item) for item in items), b"]")


Item = tuple[TimeSeries, bytes]


def _all(series: Sequence[TimeSeries], wish: Wish) -> Iterator[Item]:
    grids: dict[range, Pairs] = {}
    for one in series:
        wish.deadline.check()
        times = one.times()
        if times not in grids:
            grids[times] = Pairs(times)
        yield one, grids[times].of(one.values[: len(times)])


def _filled(series: Sequence[TimeSeries], wish: Wish) -> Iterator[Item]:
    """Filled slots alone, and only series that have one."""
    for one in series:
        wish.deadline.check()
        times = one.times()
        values = one.values[: len(times)]
        there = np.flatnonzero(~np.isnan(values))
        if len(there):
            yield one, Pairs(np.asarray(times, np.int64)[there]).of(values[there])


def _compact(series: TimeSeries, pairs: bytes) -> Sequence[Piece]:
    return orjson.dumps(_head(series))[:-1], b',"datapoints":', pairs, b"}"


def _pretty(series: TimeSeries, pairs: bytes) -> Sequence[Piece]:
    head = orjson.dumps(_head(series), option=orjson.OPT_INDENT_2)[:-2].replace(b"\n", b"\n  ")
    return head, b',\n    "datapoints": ', _spread(pairs), b"\n  }"


def _spread(pairs: bytes) -> bytes:
    """A line for each number."""
    if pairs == b"[]":
        return pairs
    lines = pairs[2:-2].replace(b"],[", b"|").replace(b",", b",\n        ").replace(b"|", b"\n      ],\n      [\n        ")
    return b"[\n      [\n        " + lines + b"\n      ]\n    ]"


def _head(series: TimeSeries) -> dict[str, object]:
    return {"target": series.name, "tags": dict(series.tags)}

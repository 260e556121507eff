"""``format=rickshaw``: a list of points for each series, as the library of that name takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from ...render.time_series import TimeSeries
from ..encode import Piece, listed
from ..number_texts import texts
from .form import Wish


def encode(series: Sequence[TimeSeries], wish: Wish) -> list[Piece]:
    """``[{"target", "datapoints": [{"x": seconds, "y": value|null}, ...]}, ...]``."""

    def items() -> Iterator[Sequence[Piece]]:
        for one in series:
            wish.deadline.check()
            yield b'{"target":', orjson.dumps(one.name), b',"datapoints":[', _points(one), b"]}"

    return listed(b"[", items(), b"]")


def _points(series: TimeSeries) -> bytes:
    times = range(series.start, series.stop, series.step_s)[: len(series.values)]
    values = texts(series.values[: len(times)], b"null", b"1e9999")
    return b",".join(b'{"x":%d,"y":%b}' % point for point in zip(times, values, strict=True))

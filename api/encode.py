"""From arrays to the bytes of an answer. All functions return pieces, which ``join`` puts together in large blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from ..query.fetch import Answer, FetchQuery, Found, PathPoints, PointsAnswer
from ..query.limits import Deadline
from ..query.window import Bounds
from ..schema.grid import Floats
from ..schema.series import Series
from .number_texts import texts

Piece = bytes | memoryview

MAGIC = b"CDNT"
VERSION = 1

# Enough for few system calls, little enough to stay out of the way of other requests.
_BLOCK_BYTES = 1 << 20

# Dictionaries of so many points live at the same time.
_POINTS_AT_ONCE = 10_000

# And texts of so many slots, of which each takes some 200 bytes.
_SLOTS_AT_ONCE = 100_000


def join(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The same bytes in blocks of a megabyte or more, each made when it is asked for: a large answer is not there twice."""
    first = size = 0
    for after, piece in enumerate(pieces, 1):
        size += len(piece)
        if size >= _BLOCK_BYTES:
            yield b"".join(pieces[first:after])
            first, size = after, 0
    yield b"".join(pieces[first:])


def results_json(results: list[str] | dict[str, list[str]]) -> list[Piece]:
    """Graphite's answer to an expand."""
    return [orjson.dumps({"results": results})]


def series_json(query: FetchQuery, answer: Answer, deadline: Deadline) -> list[Piece]:
    """``{data_from, data_end, from, to, step, series: {path: [[value|null, time], ...]}}``; all series are on one grid."""
    once = {found.series.path: found.series for found in answer.found}
    bounds = answer.bounds
    pairs = Pairs(range(bounds.start, bounds.stop, bounds.step_s))

    def items() -> Iterator[Sequence[Piece]]:
        for path, series in once.items():
            deadline.check()
            yield orjson.dumps(path), b":", pairs.of(series.values)

    return listed(orjson.dumps(_times(query, answer.bounds))[:-1] + b',"series":{', items(), b"}}")


def points_json(query: FetchQuery, answer: PointsAnswer, deadline: Deadline) -> list[Piece]:
    """``[{metric, data_from, data_end, from, to, step, data: [{time, sum, mean, min, max, count, last}, ...]}, ...]``."""

    def items() -> Iterator[Sequence[Piece]]:
        for points in answer.points:
            deadline.check()
            head = orjson.dumps({"metric": points.path, **_times(query, points.bounds)})[:-1]
            yield head, *listed(b',"data":[', _point_blocks(points), b"]}")

    return listed(b"[", items(), b"]")


def binary(query: FetchQuery, answer: Answer) -> list[Piece]:
    """The form of docs/formats/series.md: a JSON header, then the values of each series as little-endian float64."""
    series = [_binary_head(found) for found in answer.found]
    head = orjson.dumps({"from": query.after, "to": query.until, "series": series})
    head += b" " * (-(12 + len(head)) % 8)  # values begin at a multiple of 8, so that they can be mapped as they are
    start = MAGIC + bytes((VERSION, 0, 0, 0)) + len(head).to_bytes(4, "little") + head
    return [start, *(found.series.values.astype("<f8", copy=False).data.cast("B") for found in answer.found)]


class Pairs:
    """``[[value|null, time], ...]`` of series on one grid."""

    def __init__(self, times: range | NDArray[np.int64]) -> None:
        self._times = times
        self._first = _between(times[:_SLOTS_AT_ONCE])

    def of(self, values: Floats) -> bytes:
        if not len(values):
            return b"[]"
        blocks = (self._block(values, first) for first in range(0, len(values), _SLOTS_AT_ONCE))
        return b"[[" + b"],[".join(blocks) + b"]]"

    def _block(self, values: Floats, first: int) -> bytes:
        # Fast path: the values as text, and the texts of the times between them. Twice as fast as to write each pair.
        values = values[first : first + _SLOTS_AT_ONCE]
        parts = [b""] * (2 * len(values))
        parts[::2] = texts(values, b"null", b"1e9999")
        parts[1::2] = _between(self._times[first : first + _SLOTS_AT_ONCE]) if first else self._first
        return b"".join(parts)


def _between(times: range | NDArray[np.int64]) -> list[bytes]:
    """Each reaches from one value to the next: ``,1700000000],[``; but the last."""
    text = orjson.dumps(np.asarray(times, np.int64), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    return (b"," + text.replace(b",", b"],[\n,")).split(b"\n")


def _times(query: FetchQuery, bounds: Bounds) -> dict[str, int]:
    return {
        "data_from": bounds.start,
        "data_end": bounds.stop,
        "from": query.after,
        "to": query.until,
        "step": bounds.step_s,
    }


def _binary_head(found: Found) -> dict[str, str | int]:
    series: Series = found.series
    return {
        "path": series.path,
        "target": found.target,
        "start": series.start,
        "end": series.stop,
        "step": series.step_s,
        "count": len(series.values),
    }


def _point_blocks(points: PathPoints) -> Iterator[Sequence[Piece]]:
    """The points as JSON objects, a block at a time, without the brackets around them."""
    names = ("time", "sum", "mean", "min", "max", "count", "last")
    columns = (points.time, points.sum, points.sum / points.count, points.min, points.max, points.count, points.last)
    for first in range(0, len(points.time), _POINTS_AT_ONCE):
        rows = zip(*(column[first : first + _POINTS_AT_ONCE].tolist() for column in columns), strict=True)
        yield (orjson.dumps([dict(zip(names, row, strict=True)) for row in rows])[1:-1],)


def listed(opening: bytes, items: Iterable[Sequence[Piece]], closing: bytes, between: bytes = b",") -> list[Piece]:
    """The pieces of all items, with ``between`` one item and the next."""
    pieces: list[Piece] = [opening]
    for item in items:
        pieces += (*item, between)
    if len(pieces) > 1:
        pieces.pop()
    return [*pieces, closing]

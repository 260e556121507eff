"""Reads ``/metrics?format=binary``; the format is described in ``docs/formats/``."""

from __future__ import annotations

import json
import struct
import sys
from array import array
from math import isnan
from typing import Any, NamedTuple, Optional, Sequence

_PREFIX = struct.Struct("<4sB3xL")  # magic, version, length of the JSON header
_MAGIC = b"CDNT"
_VERSION = 1

Values = Sequence[Optional[float]]


class Series(NamedTuple):
    """``values[i]`` is the value at ``start + i * step`` (unix seconds), None where there is none."""

    path: str
    target: str
    start: int
    end: int
    step: int
    values: Values


def read_series(body: bytes) -> list[Series]:
    """The series of an answer, in its order. Raises ValueError for bytes that are not one whole answer."""
    entries, offset = _read_header(body)
    whole = offset + 8 * sum(entry["count"] for entry in entries)
    if whole != len(body):
        raise ValueError("the answer has {} bytes, its header says {}".format(len(body), whole))
    answer = []
    for entry in entries:
        stop = offset + 8 * entry["count"]
        values = _read_column(body[offset:stop])
        answer.append(Series(entry["path"], entry["target"], entry["start"], entry["end"], entry["step"], values))
        offset = stop
    return answer


def _read_header(body: bytes) -> tuple[list[dict[str, Any]], int]:
    if len(body) < _PREFIX.size:
        raise ValueError("an answer of {} bytes is too short to be Cadent's binary format".format(len(body)))
    magic, version, length = _PREFIX.unpack_from(body)
    if magic != _MAGIC or version != _VERSION:
        raise ValueError("the answer is not Cadent's binary format 1, it begins with {!r}".format(body[:40]))
    offset = _PREFIX.size + length
    try:
        return json.loads(body[_PREFIX.size : offset].decode("utf-8"))["series"], offset
    except ValueError:
        raise ValueError("the answer's header of {} bytes is cut short or damaged".format(length)) from None


def _read_column(raw: bytes) -> Values:
    column = array("d")
    column.frombytes(raw)
    if sys.byteorder == "big":
        column.byteswap()
    numbers = column.tolist()
    # Fast path. The sum is NaN if a number is, and costs a quarter of looking at each.
    if not isnan(sum(numbers)):
        return numbers
    return [None if isnan(number) else number for number in numbers]

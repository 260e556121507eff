"""The meaning of a plaintext line. The kernel's fast path is a shortcut for some lines; this module decides about all others,
and what it says of a line the fast path takes is the same."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ..schema.errors import InvalidLine

MAX_LINE_BYTES = 8_192

# What float() takes besides: nan, inf, 1_000, surrounding blanks. None of it is a sample.
_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SECONDS = re.compile(rb"([0-9]{1,15})(?:\.[0-9]*)?")
_NOW = -1  # carbon's word for "when it arrives"; collectd and RRDtool write N


class Sample(NamedTuple):
    """A line as received: the path's bytes, a finite value, whole unix seconds."""

    path: bytes
    value: float
    time: int


def parse_line(line: bytes, now: float) -> Sample | None:
    """Reads ``path value time``, without its newline; None when there is nothing on it.

    Blanks are any run of spaces and tabs; a trailing CR is dropped. The time may have a fraction or an exponent and is cut
    to whole seconds; ``-1`` and ``N`` mean ``now`` (unix seconds). Raises InvalidLine with reason ``line_length``, ``fields``,
    ``value`` or ``time``. The path is not looked at.
    """
    if len(line) > MAX_LINE_BYTES:
        raise InvalidLine("line_length", line)
    fields = line.rstrip(b" \t\r").replace(b"\t", b" ").split(b" ")
    fields = [field for field in fields if field]
    if not fields:
        return None
    if len(fields) != 3:
        raise InvalidLine("fields", line)
    path, value, time = fields
    return Sample(path, _parse_value(value, line), _parse_time(time, now, line))


def _parse_value(text: bytes, line: bytes) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise InvalidLine("value", line)
    return value


def _parse_time(text: bytes, now: float, line: bytes) -> int:
    if text == b"N":
        return int(now)
    if plain := _SECONDS.fullmatch(text):
        return int(plain[1])
    seconds = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(seconds):
        raise InvalidLine("time", line)
    if int(seconds) == _NOW:
        return int(now)
    if seconds < 0:
        raise InvalidLine("time", line)
    return int(seconds)

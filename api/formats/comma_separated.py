"""``format=csv``: a row for each slot, ``name,YYYY-MM-DD HH:MM:SS,value``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, tzinfo

from ...render.time_series import TimeSeries
from ..encode import Piece
from ..number_texts import texts
from .form import Wish

MIMETYPE = "text/csv"

_END = b"\r\n"


def encode(series: Sequence[TimeSeries], wish: Wish) -> list[Piece]:
    """Times are those of ``wish.zone``; the value of a gap is empty."""
    clocks: dict[range, list[bytes]] = {}
    pieces: list[Piece] = []
    for one in series:
        wish.deadline.check()
        slots = range(one.start, one.start + len(one.values) * one.step_s, one.step_s)
        if slots not in clocks:
            clocks[slots] = _clock(slots, wish.zone)
        pieces.append(_rows(_field(one.name), clocks[slots], texts(one.values, b"", b"inf")))
    return pieces


def _rows(name: bytes, clock: list[bytes], values: list[bytes]) -> bytes:
    if not values:
        return b""
    parts = [b""] * (3 * len(values))
    parts[::3] = [_END + name] * len(values)
    parts[1::3] = clock
    parts[2::3] = values
    parts[0] = name
    return b"".join(parts) + _END


def _clock(slots: range, zone: tzinfo) -> list[bytes]:
    return [f",{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S},".encode() for at in slots]


def _field(name: str) -> bytes:
    """In quotes if it needs them."""
    row = io.StringIO()
    csv.writer(row).writerow((name, ""))
    return row.getvalue().removesuffix(",\r\n").encode()

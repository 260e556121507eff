"""``format=raw``: a line for each series, ``name,start,stop,step|value,value,None``."""

from __future__ import annotations

from collections.abc import Sequence

from ...render.time_series import TimeSeries
from ..encode import Piece
from ..number_texts import texts
from .form import Wish

MIMETYPE = "text/plain"


def encode(series: Sequence[TimeSeries], wish: Wish) -> list[Piece]:
    """Times are unix seconds; a gap is ``None``."""
    pieces: list[Piece] = []
    for one in series:
        wish.deadline.check()
        head = f"{one.name},{one.start},{one.stop},{one.step_s}|".encode()
        pieces += (head, b",".join(texts(one.values, b"None", b"inf")), b"\n")
    return pieces

"""What a format is, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypeAlias

from ...query.limits import Deadline
from ...render.time_series import TimeSeries
from ..encode import Piece


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request says of the form. ``max_points``: None for all. ``filled``: without gaps. ``pretty``: for the eye."""

    zone: tzinfo
    deadline: Deadline
    max_points: int | None = None
    filled: bool = False
    pretty: bool = False


Encode: TypeAlias = Callable[[Sequence[TimeSeries], Wish], list[Piece]]


@dataclass(frozen=True, slots=True)
class Form:
    """``script``: may be asked as a call of a function, for pages of other hosts. ``thinned``: shows no more than
    ``maxDataPoints``, so that coarser points may be read for it."""

    mimetype: str
    encode: Encode
    script: bool = False
    thinned: bool = False

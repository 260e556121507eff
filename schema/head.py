"""What the writer holds in memory beyond its log: the answer that makes a query fresh to the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .rows import Ids

# One point of an open window. ``index``: position of its path in the ids asked for.
HEAD_POINT = np.dtype(
    [
        ("index", "<u4"),
        ("step_s", "<u4"),
        ("time", "<i8"),
        ("count", "<i8"),
        ("sum", "<f8"),
        ("min", "<f8"),
        ("max", "<f8"),
        ("last", "<f8"),
    ]
)


@dataclass(frozen=True, slots=True)
class HeadAnswer:
    """``points`` (dtype HEAD_POINT, in order of arrival) merge, as later samples, with all that the log holds up to
    ``last_sequence`` inclusive; what the log holds beyond it is in ``points`` already."""

    last_sequence: int
    points: NDArray[np.void]


class Head(Protocol):
    """The writer's open windows, wherever they are. Callable from any thread."""

    def head(self, policy: str, ids: Ids) -> HeadAnswer:
        """Open points of ``ids`` at every step of ``policy``. Raises WriterGone when no writer answers."""


class NoHead:
    """The head of a folder without a writer: nothing is open, the log holds all."""

    def head(self, policy: str, ids: Sequence[int] | Ids) -> HeadAnswer:  # noqa: ARG002  the Protocol's signature
        return HeadAnswer(2**63 - 1, np.empty(0, HEAD_POINT))

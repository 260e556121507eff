"""What a query asks, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schema.grid import Counts, Floats
from ..schema.series import Series
from ..schema.statistic import Statistic
from .missing import Missing
from .window import Bounds


@dataclass(frozen=True, slots=True)
class CoarseRead:
    """Leave to answer with at most ``max_points`` slots a series, where points of coarser steps show what finer ones would.

    ``consolidation`` (``average``, ``sum``, ``min``, ``max``): how slots become one; None for that of each path's statistic.
    ``allowed``: those for which there is leave."""

    max_points: int
    consolidation: str | None
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class FetchQuery:
    """Each target is one pattern. Times are unix seconds; None leaves a choice to the policy or the settings.

    ``max_points``: at most this many slots a series, by a multiple of the step.
    ``interpolate``: fill inner gaps of at most so many slots.
    ``align``: bring all series to one grid, whose step is the common multiple of theirs.
    """

    targets: tuple[str, ...]
    after: int
    until: int
    now: float
    step_s: int | None = None
    max_points: int | None = None
    statistic: Statistic | None = None
    interpolate: int | None = None
    align: bool = False
    coarse: CoarseRead | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A series and the target that matched its path. A path that two targets match is found twice. ``coarse``: the query's leave
    to read coarser points was taken."""

    target: str
    series: Series
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """``bounds``: those of the first series, or of the policy for all paths when nothing matched."""

    found: tuple[Found, ...]
    bounds: Bounds
    missing: Missing


@dataclass(frozen=True, slots=True)
class PathPoints:
    """All points of one path in ``bounds``, in order of time: arrays of one length, without gaps."""

    path: str
    bounds: Bounds
    time: NDArray[np.int64]
    count: Counts
    sum: Floats
    min: Floats
    max: Floats
    last: Floats


@dataclass(frozen=True, slots=True)
class PointsAnswer:
    """As ``Answer``, with all statistics; each path once."""

    points: tuple[PathPoints, ...]
    bounds: Bounds
    missing: Missing

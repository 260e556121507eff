"""Coarser steps than a graph has room for: where they show what finer ones would."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from ..schema.policy import Policy
from ..schema.resolution import DAY_S
from ..schema.statistic import Statistic
from .fetch import CoarseRead
from .window import Bounds, narrow

# How the slots of a path with this statistic become one, unless the target says. Of sums and last values Graphite shows averages.
_OWN: Final = {Statistic.MEAN: "average", Statistic.MAX: "max", Statistic.MIN: "min"}

# What coarser points keep, by consolidation and statistic. A mean's peaks are those of its samples: they stay.
_KEPT: Final = {
    ("average", Statistic.MEAN): Statistic.MEAN,
    ("sum", Statistic.SUM): Statistic.SUM,
    **dict.fromkeys([("max", one) for one in (Statistic.MEAN, Statistic.LAST, Statistic.MAX)], Statistic.MAX),
    **dict.fromkeys([("min", one) for one in (Statistic.MEAN, Statistic.LAST, Statistic.MIN)], Statistic.MIN),
}

# The longest slot. The fine points of one, which are not rolled up yet, are in memory together.
_LONGEST_S: Final = DAY_S

# A step that a coarser level answers at once may be so many times the one that gives the most points.
_MOST_ABOVE: Final = 1.5


def kept_statistic(statistic: Statistic, leave: CoarseRead) -> Statistic | None:
    """The statistic of coarser points that shows a path of this one; None where only the finest points will do."""
    consolidation = leave.consolidation or _OWN.get(statistic)
    if consolidation not in leave.allowed:
        return None
    return _KEPT.get((consolidation, statistic))


def coarse_bounds(after: int, until: int, step_s: int, max_points: int, policies: Iterable[Policy]) -> Bounds:
    """At most ``max_points`` slots of a multiple of ``step_s``, and of a coarser step of one of ``policies`` if one is near.
    More slots where they would be longer than a day."""
    bounds = narrow(after, until, step_s, max_points)
    if bounds.step_s > _LONGEST_S:
        bounds = Bounds.of(after, until, max(step_s, _LONGEST_S - _LONGEST_S % step_s))
    if bounds.step_s == step_s:
        return bounds
    levels = {resolution.step_s for policy in policies for resolution in policy.ladder}
    for level_s in sorted((math.lcm(step_s, level) for level in levels if level <= bounds.step_s), reverse=True):
        near_s = -(-bounds.step_s // level_s) * level_s
        if near_s <= bounds.step_s * _MOST_ABOVE:
            return Bounds.of(after, until, near_s)
    return bounds

"""Which times are taken, and at which level: too old and too far ahead, by clocks of which none is trusted alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median_low
from typing import NamedTuple

from ..schema.policy import Policies
from ..schema.resolution import DAY_S

AHEAD_S = 600
# How far the clock may run ahead of the newest data before age is no longer measured by it: a clock set years ahead must not
# make live samples too old. A day, so that senders may be silent over a night, yet little against a ttl of days.
SLACK_S = DAY_S
# 2020-01-01: a clock that shows less was never set, as on a machine without a battery for it until the network is there.
SET_S = 1_577_836_800
MAX_TIME = 2**32 - 1  # what the kernel holds; the year 2106


class Bounds(NamedTuple):
    """Unix seconds: ``oldest[i]`` is the first a policy's i-th resolution takes, ``newest`` the last of all."""

    oldest: tuple[int, ...]
    newest: int


class Horizon:
    """The bounds of every policy, as of the last ``set``."""

    def __init__(self, policies: Policies, now: float, newest: float | None = None) -> None:
        """``newest``: the end of the newest data known from before, if any."""
        self._ladders = [policy.ladder for policy in policies]
        self._known_newest = newest
        self.set(now, newest or 0, [])

    def set(self, now: float, newest: float, recent: Sequence[int]) -> None:
        """``now`` is the clock, ``newest`` the end of the newest data (0: none), ``recent`` times of samples just taken."""
        newest = max(newest, self._known_newest or 0)
        said = median_low(recent) if recent else self._known_newest or now
        reference = min(now, newest + SLACK_S) if newest else now
        # Nobody says what time it is: the first samples do.
        unknown = now < SET_S and not recent
        limit = MAX_TIME if unknown else min(math.floor(max(now, said)) + AHEAD_S, MAX_TIME)
        #: The time by which live windows end: the clock, unless the senders say that it is slow by more than AHEAD_S.
        self.present = now if said <= now + AHEAD_S else said
        self._bounds = [
            Bounds(tuple(min(max(0, math.ceil(reference - resolution.ttl_s)), limit) for resolution in ladder), limit)
            for ladder in self._ladders
        ]

    def bounds(self, policy: int) -> Bounds:
        return self._bounds[policy]

    def resolution_of(self, policy: int, time: int) -> int | str:
        """Position in the policy's ladder of the finest resolution that takes ``time``, or why none does: ``too_old`` or
        ``too_new``."""
        oldest, newest = self._bounds[policy]
        if time > newest:
            return "too_new"
        return next((position for position, first in enumerate(oldest) if time >= first), "too_old")

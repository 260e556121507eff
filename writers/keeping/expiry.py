"""Which chunk sets are over their time. No clock is trusted alone: what was erased does not come back."""

from __future__ import annotations

from collections.abc import Sequence

from ...schema.protocols import ChunkSet
from ...schema.resolution import DAY_S, span_of
from .levels import Keeping

# How far the clock may be ahead of the newest points: beyond it, time is theirs. Senders may be silent for a night.
SLACK_S = DAY_S
# One bucket of each level in an hour: a clock that is wrong is seen and set right before it has cost much.
_PAUSE_S = 3_600
# A clock that jumps is wrong before or after. Nothing expires for a day.
_DOUBT_S = DAY_S
# Windows end after the clock, and senders' clocks are not ours.
_BEHIND_S = 2 * 3_600
# What a clock may be off against the steady one between two looks: slewing and leap seconds.
_JUMP_S = 60


class Clock:
    """The time that ages are measured by. ``steady``: seconds of a clock that never jumps."""

    def __init__(self, now: float, steady: float) -> None:
        self._now = now
        self._steady = steady
        self._doubt_until: float | None = None
        self._jump_s = 0.0
        self._newest = 0.0

    def set(self, now: float, steady: float) -> float:
        """Look at both. Returns by how many seconds the clock has jumped since the last look, 0 if it did not."""
        jump_s = (now - self._now) - (steady - self._steady)
        self._now, self._steady = now, steady
        if abs(jump_s) <= _JUMP_S:
            return 0.0
        self._jump_s = jump_s
        self._doubt_until = steady + _DOUBT_S
        return jump_s

    def see(self, newest: float) -> None:
        """``newest``: the end of the newest points in chunks, unix seconds."""
        self._newest = newest

    @property
    def now(self) -> float:
        return self._now

    @property
    def steady(self) -> float:
        return self._steady

    @property
    def trouble(self) -> str:
        """What is strange about the clock, for which nothing expires; empty when nothing is."""
        if self._newest - self._now > _BEHIND_S:
            return f"the clock is {self._newest - self._now:.0f} s behind the newest points; no points expire"
        if self._doubt_until is None or self._steady >= self._doubt_until:
            return ""
        where = "ahead" if self._jump_s > 0 else "back"
        hours = (self._doubt_until - self._steady) / 3_600
        return f"the clock jumped {abs(self._jump_s):.0f} s {where}; no points expire for {hours:.1f} more hours"


class Expiry:
    """Chooses whole sets, one bucket of a level in an hour. One thread."""

    def __init__(self) -> None:
        self._last: dict[Keeping, float] = {}  # steady time

    def due(self, sets: Sequence[ChunkSet], kept: Keeping, newest: float, clock: Clock) -> list[ChunkSet]:
        """The sets of the oldest bucket that are over; ``newest``: the end of the newest points, unix seconds."""
        last = self._last.get(kept)
        if clock.trouble or (last is not None and clock.steady - last < _PAUSE_S):
            return []
        over = [one for one in sets if self._is_over(one, kept, min(clock.now, newest + SLACK_S))]
        oldest = min((kept.bucket(one.start) for one in over), default=None)
        return [one for one in over if kept.bucket(one.start) == oldest]

    def note(self, kept: Keeping, clock: Clock) -> None:
        """What was due is gone."""
        self._last[kept] = clock.steady

    @staticmethod
    def _is_over(one: ChunkSet, kept: Keeping, present: float) -> bool:
        # Late points that were taken in time may still be in the log, and are rolled up beside what is here.
        slack_s = 2 * span_of(kept.level.step_s)
        is_kept_coarser = kept.coarse is None or one.rolled_up_to_s > 0
        return is_kept_coarser and one.stop + kept.ttl_s + slack_s <= present

"""Which step a query reads, and where its slots begin and end: whisper's edges."""

from __future__ import annotations

from dataclasses import dataclass

from ..schema.errors import QueryError
from ..schema.policy import Policy


@dataclass(frozen=True, slots=True)
class Bounds:
    """[start, stop) in unix seconds, both multiples of ``step_s``, never empty."""

    start: int
    stop: int
    step_s: int

    @classmethod
    def of(cls, after: int, until: int, step_s: int) -> Bounds:
        """From the first multiple of the step after ``after`` to the first one after ``until``: the last slot is the one
        that holds ``until``. Where both lie in one slot the answer is, as whisper's, the slot after it."""
        start = after - after % step_s + step_s
        stop = until - until % step_s + step_s
        return cls(start, max(stop, start + step_s), step_s)

    @property
    def slots(self) -> int:
        return (self.stop - self.start) // self.step_s


def check_order(after: int, until: int) -> None:
    """QueryError unless the time range holds at least a second."""
    if after >= until:
        raise QueryError(f"from={after} is not before to={until}")


def choose_step(policy: Policy, after: int, now: float, step_s: int | None) -> int:
    """The step to answer with: ``step_s`` if the ladder can give it, else the finest one that is kept since ``after``.

    A step between two of the ladder is rolled up from the next finer one. QueryError if it is no multiple of any.
    """
    ladder = policy.ladder
    if step_s is None:
        return (ladder.covering(now - after) or ladder.resolutions[-1]).step_s
    if step_s % ladder.base.step_s:
        raise QueryError(f"step={step_s} is not a multiple of a step of the ladder {ladder} (policy {policy.name})")
    return step_s


def narrow(after: int, until: int, step_s: int, max_points: int) -> Bounds:
    """The bounds at the smallest multiple of ``step_s`` that gives at most ``max_points`` slots wherever the range begins.

    The slots lie on multiples of their own step, so that a graph does not flicker from one refresh to the next.
    """
    factor = -(-Bounds.of(after, until, step_s).slots // max_points)
    return Bounds.of(after, until, factor * step_s)

"""What the policies say of a level."""

from __future__ import annotations

from dataclasses import dataclass

from ...schema.identity import Level
from ...schema.policy import Policies, Policy
from ...schema.resolution import DAY_S

# Slots of a bucket: what it takes to make the reading of a bucket's chunks cheap beside the finding of them.
_BUCKET_SLOTS = 8_640
# Points live up to a bucket longer than their ttl: a tenth of it at most, but for short ttls a day.
_BUCKETS_A_TTL = 10


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the points of ``level`` are kept: for ``ttl_s``, rolled up to ``coarse`` (None: it is the coarsest), merged by
    ``bucket_s``, aligned stretches of whole days."""

    level: Level
    ttl_s: int
    coarse: Level | None

    @property
    def bucket_s(self) -> int:
        days = min(_BUCKET_SLOTS * self.level.step_s, self.ttl_s // _BUCKETS_A_TTL) // DAY_S
        return max(1, days) * DAY_S

    def bucket(self, time: int) -> int:
        """The number of the bucket that ``time`` lies in."""
        return time // self.bucket_s


def oldest_days(policies: Policies, present: float) -> dict[str, int]:
    """By policy the first day (since 1970-01-01 UTC) of which chunks can still hold points at ``present``, unix seconds."""
    levels = {policy.name: Level(policy.name, policy.ladder.resolutions[-1].step_s) for policy in policies}
    kept = {name: keeping(level, policies) for name, level in levels.items()}
    return {name: int(present - one.ttl_s - 2 * one.bucket_s) // DAY_S for name, one in kept.items() if one}


def keeping(level: Level, policies: Policies) -> Keeping | None:
    """None for a policy that is not configured: nobody may touch its points. A step that the ladder does not have any more is
    kept as long as the next coarser one that it fits into."""
    policy = next((policy for policy in policies if policy.name == level.policy), None)
    if policy is None:
        return None
    step_s = next((resolution.step_s for resolution in policy.ladder if _fits(level.step_s, resolution.step_s)), None)
    coarse = Level(policy.name, step_s) if step_s else None
    return Keeping(level, _ttl_s(policy, level.step_s, step_s), coarse)


def _fits(step_s: int, coarse_s: int) -> bool:
    return coarse_s > step_s and coarse_s % step_s == 0


def _ttl_s(policy: Policy, step_s: int, coarse_s: int | None) -> int:
    ttls = {resolution.step_s: resolution.ttl_s for resolution in policy.ladder}
    return ttls.get(step_s) or ttls.get(coarse_s or 0) or max(ttls.values())

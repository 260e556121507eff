"""From targets to what has to be read: paths by policy, and the bounds they get."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..schema.identity import Level
from ..schema.policy import Policies, Policy
from ..schema.protocols import Match
from ..schema.rows import Ids
from .fetch import FetchQuery
from .history import History
from .limits import Limits
from .window import Bounds, check_order, choose_step, narrow


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths of one policy, each once, with ascending ``ids``, and the bounds they share."""

    policy: Policy
    paths: tuple[str, ...]
    ids: Ids
    bounds: Bounds

    @property
    def level(self) -> Level:
        return Level(self.policy.name, self.bounds.step_s)


@dataclass(frozen=True, slots=True)
class Plan:
    """``bounds`` as in ``Answer``."""

    batches: tuple[Batch, ...]
    bounds: Bounds


def make_plan(
    query: FetchQuery, matches: Sequence[Sequence[Match]], policies: Policies, limits: Limits, history: History
) -> Plan:
    """What to read for the leaves that each target matched. Raises QueryError and LimitExceeded, before anything is read."""
    check_order(query.after, query.until)
    found = [match for leaves in matches for match in leaves]
    limits.check_series(len(found))
    paths = _paths_by_policy(found, policies)
    steps = {policy.name: _step(query, policy, history) for policy in paths or (policies[-1],)}
    if query.align:
        steps = dict.fromkeys(steps, math.lcm(*steps.values()))
    bounds = {name: _bounds(query, step_s) for name, step_s in steps.items()}
    limits.check_points(sum(bounds[match.policy].slots for match in found if match.policy), query.after, query.until)
    batches = tuple(_batch(policy, ids, bounds[policy.name]) for policy, ids in paths.items())
    return Plan(batches, batches[0].bounds if batches else next(iter(bounds.values())))


def _step(query: FetchQuery, policy: Policy, history: History) -> int:
    step_s = choose_step(policy, query.after, query.now, query.step_s)
    return history.step_since(policy, step_s, query.after) if query.step_s is None else step_s


def _paths_by_policy(found: Sequence[Match], policies: Policies) -> dict[Policy, dict[str, int]]:
    """Ids by path by policy."""
    paths: dict[Policy, dict[str, int]] = {}
    by_name = {match.policy: policies[policies.index_of(match.policy)] for match in found if match.policy is not None}
    for match in found:
        if match.id is not None and match.policy is not None:
            paths.setdefault(by_name[match.policy], {})[match.path] = match.id
    return paths


def _bounds(query: FetchQuery, step_s: int) -> Bounds:
    if query.max_points is None:
        return Bounds.of(query.after, query.until, step_s)
    return narrow(query.after, query.until, step_s, query.max_points)


def _batch(policy: Policy, ids: dict[str, int], bounds: Bounds) -> Batch:
    ascending = sorted(ids.items(), key=lambda item: item[1])
    return Batch(policy, tuple(path for path, _ in ascending), np.array([number for _, number in ascending], np.uint32), bounds)

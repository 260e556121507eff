"""From targets to what has to be read: paths by policy, and the bounds they get."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..schema.identity import Level
from ..schema.policy import Policies, Policy
from ..schema.protocols import Match
from ..schema.rows import Ids
from ..schema.statistic import Statistic
from .coarse import coarse_bounds, kept_statistic
from .fetch import FetchQuery
from .history import History
from .limits import Limits
from .window import Bounds, check_order, choose_step, narrow


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths of one policy, each once, with ascending ``ids``, the statistic that each shows, and the bounds they share.
    ``coarse``: these are of a coarser step than without leave for it."""

    policy: Policy
    paths: tuple[str, ...]
    ids: Ids
    statistics: tuple[Statistic, ...]
    bounds: Bounds
    coarse: bool = False

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
    steps = {policy: _step(query, policy, history) for policy in paths or (policies[-1],)}
    if query.align:
        steps = dict.fromkeys(steps, math.lcm(*steps.values()))
    batches = tuple(_batches(query, paths, steps))
    slots = {path: batch.bounds.slots for batch in batches for path in batch.paths}
    limits.check_points(sum(slots.get(match.path, 0) for match in found), query.after, query.until)
    return Plan(batches, batches[0].bounds if batches else _bounds(query, next(iter(steps.values()))))


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


def _batches(query: FetchQuery, paths: Mapping[Policy, Mapping[str, int]], steps: Mapping[Policy, int]) -> Iterator[Batch]:
    """One for each policy, or two: what may be read at a coarser step, and what may not."""
    narrowed = query.coarse and coarse_bounds(query.after, query.until, math.lcm(*steps.values()), query.coarse.max_points, paths)
    for policy, ids in paths.items():
        bounds = _bounds(query, steps[policy])
        shown = {path: query.statistic or policy.statistic_of(path) for path in ids}
        if narrowed and narrowed.step_s > bounds.step_s:
            coarse = {path: kept for path, one in shown.items() if (kept := _kept(query, one))}
            if coarse:
                yield replace(_batch(policy, ids, coarse, narrowed), coarse=True)
            shown = {path: one for path, one in shown.items() if path not in coarse}
        if shown:
            yield _batch(policy, ids, shown, bounds)


def _kept(query: FetchQuery, statistic: Statistic) -> Statistic | None:
    return kept_statistic(statistic, query.coarse) if query.coarse else None


def _bounds(query: FetchQuery, step_s: int) -> Bounds:
    if query.max_points is None:
        return Bounds.of(query.after, query.until, step_s)
    return narrow(query.after, query.until, step_s, query.max_points)


def _batch(policy: Policy, ids: Mapping[str, int], shown: Mapping[str, Statistic], bounds: Bounds) -> Batch:
    ascending = sorted(shown, key=ids.__getitem__)
    numbers = np.array([ids[path] for path in ascending], np.uint32)
    return Batch(policy, tuple(ascending), numbers, tuple(shown[path] for path in ascending), bounds)

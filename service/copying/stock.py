"""All that is kept in one place: a data folder, or a keyspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...index.plan import plan_delete
from ...query.cut import ALL_SEQUENCES, hull, level_span, levels_of
from ...query.origin import Origins
from ...query.reader import Reader
from ...query.sources import Sources
from ...schema.grid import COLUMNS, Grid
from ...schema.identity import Level
from ...schema.policy import Policies, Policy
from ...schema.protocols import Match, PathIndex
from ...schema.rows import Ids

_ALL_PATHS: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Stock:
    """What it takes to read it. Nothing is left out of an answer: what is away raises Unavailable."""

    policies: Policies
    origins: Origins
    index: PathIndex
    reader: Reader

    @classmethod
    def of(cls, policies: Policies, origins: Origins, index: PathIndex) -> Stock:
        return cls(policies, origins, index, Reader(origins, index, policies, partial_answers=False))

    def paths(self) -> Mapping[str, Match]:
        """Every path, by its text, with its id and policy. Raises Unavailable, Damaged."""
        found = [*plan_delete(self.index, ["**"], _ALL_PATHS), *self.index.tagged([], _ALL_PATHS)]
        return {match.path: match for match in found}

    def policy(self, name: str) -> Policy:
        return self.policies[self.policies.index_of(name)]

    def span(self, policy: str, step_s: int) -> tuple[int, int] | None:
        """[start, stop) of all points at this step, those that finer levels have too; None if there is none."""
        return reduce(hull, self._spans(self.policy(policy), step_s), None)

    def grid(self, policy: str, step_s: int, ids: Ids, start: int, stop: int) -> Grid:
        """All points of ``ids`` (ids[i] -> row i; any order, no duplicates) in [start, stop), multiples of ``step_s``."""
        order = np.argsort(ids)
        grid = self.reader.grid(Level(policy, step_s), ids[order], start, stop)
        return _in_rows(grid, np.argsort(order))

    def _spans(self, policy: Policy, step_s: int) -> Iterator[tuple[int, int] | None]:
        for view in Sources(self.origins()).views:
            for level in levels_of(policy, view.snapshot, view.logs, step_s):
                yield level_span(view.snapshot, view.logs, level, ALL_SEQUENCES)


def _in_rows(grid: Grid, rows: NDArray[np.intp]) -> Grid:
    """Row i is row rows[i] of ``grid``."""
    arrays = {name: getattr(grid, name)[rows] for name in ("count", *COLUMNS)}
    return replace(grid, **arrays)

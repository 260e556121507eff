"""Copies all points: each level's own, as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np

from ...schema.errors import ConfigError
from ...schema.identity import Level
from ...schema.resolution import span_of
from .copied import Copied
from .pairing import Difference, Group, Pairing, Stretch
from .stock import Stock
from .target import Target
from .window import windows_of


class Copy:
    """From ``source`` to ``target``. Only what is otherwise there is written, and it replaces what is there: so a copy that is
    made twice changes nothing, and one that was cut short can be made again.

    Steps are copied from fine to coarse. Before a step is compared, the finer ones that were copied are rolled up: what is
    written then is only what they do not give, such as windows whose fine points are over their time.
    """

    def __init__(self, source: Stock, target: Target, copied: Copied, now: float) -> None:
        """Makes the paths that are missing. ``now``: unix seconds. Raises ConfigError if a ladder would lose points."""
        self._target = target
        self._copied = copied
        target.create(Pairing(source, target.stock, now).missing)
        self._pairing = Pairing(source, target.stock, now)
        self.paths = sum(len(group.paths) for group in self._pairing.groups)
        for group in self._pairing.groups:
            _check_ladders(source, target.stock, group)
        self.written = 0

    def run(self, done: Callable[[int], object]) -> None:
        """``done`` is called with the number of cells that were looked at after each stretch of time. Raises Unavailable."""
        for _, stretches in groupby(self._stretches(), key=lambda stretch: stretch.step_s):
            self._target.settle()
            for stretch in stretches:
                self._copy(stretch)
                done(stretch.cells)
        self._target.settle()
        self._copied.forget()

    @property
    def cells(self) -> int:
        """That are to be looked at."""
        return sum(stretch.cells for stretch in self._stretches())

    def _stretches(self) -> Iterator[Stretch]:
        """Those that are not done yet, from fine to coarse."""
        groups = [(step_s, group) for group in self._pairing.groups for step_s in self._pairing.steps(group)]
        for step_s, group in sorted(groups, key=lambda one: one[0]):
            until = self._copied.until(_levels(group, step_s))
            stretches = self._pairing.stretches(group, step_s, self._since(group, step_s))
            yield from (one for one in stretches if one.stop > until)

    def _since(self, group: Group, step_s: int) -> int:
        """What will be rolled up together in the target must be there together, though some of it be over its time: the source
        keeps it until it is rolled up."""
        span_s = span_of(next((coarse for coarse in self._pairing.steps(group) if coarse > step_s), step_s))
        return self._pairing.kept_since(group, step_s) // span_s * span_s

    def _copy(self, stretch: Stretch) -> None:
        settled = self._target.settled_until(stretch.group.policy_there, stretch.step_s)
        for difference in self._pairing.differences(stretch):
            self._write(Level(stretch.group.policy_there, stretch.step_s), difference, settled)
        self._copied.note(_levels(stretch.group, stretch.step_s), stretch.stop)

    def _write(self, level: Level, difference: Difference, settled: float) -> None:
        grid = difference.here
        times = grid.start + np.arange(grid.shape[1]) * grid.step_s
        where = difference.where & (times < settled)
        self._target.write(windows_of(level, difference.ids_there, grid, where))
        self.written += int(np.count_nonzero(where & (grid.count > 0)))


def _levels(group: Group, step_s: int) -> str:
    return f"{group.policy_here} to {group.policy_there}/{step_s}"


def _check_ladders(source: Stock, target: Stock, group: Group) -> None:
    """Raises ConfigError if points of a step would have nowhere to go."""
    here, there = source.policy(group.policy_here).ladder, target.policy(group.policy_there).ladder
    for one in here:
        if all(other.step_s % one.step_s for other in there):
            raise ConfigError(
                f"points of {group.paths[0]!r} have a step of {one.step_s}s, and no step of the ladder {there} is a multiple of "
                "that; give another configuration with --config"
            )

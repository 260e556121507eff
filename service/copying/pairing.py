"""The paths of two places side by side, and the parts in which their points are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...schema.grid import COLUMNS, Grid
from ...schema.protocols import Match
from ...schema.resolution import span_of
from ...schema.rows import Ids
from .stock import Stock

# Cells of a Grid, 40 bytes each, that are read at once of each place.
_CELLS: Final = 1 << 18


class Group(NamedTuple):
    """``paths`` that have one policy here and one there; their ids ``here`` and ``there``, in the same order."""

    policy_here: str
    policy_there: str
    paths: Sequence[str]
    here: Ids
    there: Ids


class Stretch(NamedTuple):
    """[start, stop) at one step of a group, multiples of the step; it lies in one span."""

    group: Group
    step_s: int
    start: int
    stop: int

    @property
    def cells(self) -> int:
        return len(self.group.paths) * (self.stop - self.start) // self.step_s


class Difference(NamedTuple):
    """Points ``here`` and ``there``, of ``paths`` (path i is row i of both); ``where``: in which cells they differ."""

    paths: Sequence[str]
    ids_there: Ids
    here: Grid
    there: Grid
    where: NDArray[np.bool_]


class Pairing:
    """``here`` is what is right, ``there`` what is compared with it. ``now``: unix seconds."""

    def __init__(self, here: Stock, there: Stock, now: float) -> None:
        self._here = here
        self._there = there
        self._now = int(now)
        paths, others = here.paths(), there.paths()
        self.missing = sorted(path for path in paths if path not in others)
        both = sorted(_row(match, others[path]) for path, match in paths.items() if path in others)
        self.groups = [_group(list(rows)) for _, rows in groupby(both, key=lambda row: row[:2])]

    def steps(self, group: Group) -> list[int]:
        """Those that are kept there and can be read here, from fine to coarse."""
        finest = self._here.policy(group.policy_here).ladder.base.step_s
        return [one.step_s for one in self._there.policy(group.policy_there).ladder if one.step_s % finest == 0]

    def stretches(self, group: Group, step_s: int, since: int) -> Iterator[Stretch]:
        """All from unix second ``since`` on, wherever one of them has points, in order of time."""
        spans = (self._here.span(group.policy_here, step_s), self._there.span(group.policy_there, step_s))
        known = [span for span in spans if span]
        if not known:
            return
        start = max(min(span[0] for span in known), since)
        stop, span_s = max(span[1] for span in known), span_of(step_s)
        for first in range(start // span_s * span_s, stop, span_s):
            begin, end = (at // step_s * step_s for at in (max(first, start), min(first + span_s, stop + step_s - 1)))
            if begin < end:
                yield Stretch(group, step_s, begin, end)

    def all(self) -> Iterator[Difference]:
        """Every point of every path that both have, wherever one of them has some."""
        for group in self.groups:
            for step_s in self.steps(group):
                for stretch in self.stretches(group, step_s, self.kept_since(group, step_s)):
                    yield from self.differences(stretch)

    def differences(self, stretch: Stretch) -> Iterator[Difference]:
        """Some paths at a time, those that do not differ too. Raises Unavailable."""
        group, slots = stretch.group, (stretch.stop - stretch.start) // stretch.step_s
        at_once = max(1, _CELLS // slots)
        for first in range(0, len(group.paths), at_once):
            some = slice(first, first + at_once)
            step_s, start, stop = stretch.step_s, stretch.start, stretch.stop
            here = self._here.grid(group.policy_here, step_s, group.here[some], start, stop)
            there = self._there.grid(group.policy_there, step_s, group.there[some], start, stop)
            yield Difference(group.paths[some], group.there[some], here, there, _differ(here, there))

    def kept_since(self, group: Group, step_s: int) -> int:
        """The first window that both keep for sure, unix seconds."""
        ttls = [
            one.ttl_s
            for stock, policy in ((self._here, group.policy_here), (self._there, group.policy_there))
            for one in stock.policy(policy).ladder
            if one.step_s == step_s
        ]
        return -(-(self._now - min(ttls)) // step_s) * step_s


class _Row(NamedTuple):
    policy_here: str
    policy_there: str
    here: int
    there: int
    path: str


def _row(here: Match, there: Match) -> _Row:
    """Of two leaves with one path."""
    return _Row(here.policy or "", there.policy or "", here.id or 0, there.id or 0, here.path)


def _group(rows: Sequence[_Row]) -> Group:
    """``rows`` are of the same policies."""
    here, there = (np.array(ids, np.uint32) for ids in zip(*((row.here, row.there) for row in rows), strict=True))
    return Group(rows[0].policy_here, rows[0].policy_there, [row.path for row in rows], here, there)


def _differ(here: Grid, there: Grid) -> NDArray[np.bool_]:
    """Of shape (paths, slots). Bit by bit: a sum is exact, or it is another one."""
    differ: NDArray[np.bool_] = here.count != there.count
    for name in COLUMNS:
        differ |= (here.count > 0) & (getattr(here, name).view(np.uint64) != getattr(there, name).view(np.uint64))
    return differ

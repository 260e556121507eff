"""All origins, as one query reads them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, reduce
from itertools import groupby
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..codec.points import add_grid, keep_fuller
from ..index.id_map import NO_ID
from ..schema.grid import Grid
from ..schema.policy import Policy
from ..schema.resolution import DAY_S
from .cut import ALL_SEQUENCES, hull, is_rolled_up, level_span, levels_of, log_span, span_of
from .gaps import Gaps, with_gaps
from .missing import NOTHING, Missing
from .origin import Origin, View
from .wanted import Wanted, read_origin
from .window import Bounds


class _Share(NamedTuple):
    """Of what is wanted, the paths that one origin has: its ids for them, and rows[i] of what was wanted -> row i."""

    origin: Origin
    wanted: Wanted
    rows: NDArray[np.int64]

    @property
    def group(self) -> str:
        return self.origin.group


class Sources:
    """The origins that one query reads, the same from its beginning to its end. Several threads may call ``read``.

    Of the replicas of a group each window shows the fuller point: that of the most samples, of equal ones that of the first
    replica by name. What groups have adds up; the last value is that of the last group by name that has one. This is done at the
    step that is asked for, so a coarse window of replicas that have different holes shows the one that has most of it.
    """

    def __init__(self, origins: Iterable[Origin]) -> None:
        self._origins = sorted(origins, key=lambda origin: (origin.group, origin.writer))
        self._gaps = Gaps()

    @property
    def count(self) -> int:
        return len(self._origins)

    @property
    def missing(self) -> Missing:
        """What could not be reached of ``views`` so far."""
        return self._gaps.missing

    @cached_property
    def views(self) -> Sequence[View]:
        """What there is, to plan by."""
        seen = (with_gaps(origin, self._gaps) for origin in self._origins)
        return [View(origin.store.snapshot(), origin.logs) for origin in seen]

    def read(self, wanted: Wanted, spare: Grid | None = None) -> tuple[Grid, Missing]:
        """All that the origins have of ``wanted``, whose ids are the index's, and what is missing in it. The arrays may be those
        of ``spare``. Raises Unavailable."""
        if len(self._origins) == 1 and self._origins[0].ids is None:
            return read_origin(self._origins[0], wanted, spare)  # Fast path: nothing is copied.
        shares = [share for origin in self._origins if len((share := _share(origin, wanted)).rows)]
        grids, missing = _read_all(shares)
        return _combined(wanted, shares, grids), missing

    def cells_a_path(self, policy: Policy, bounds: Bounds) -> int:
        """The slots that the finest level with data, or the answer itself, has in ``bounds``."""
        return max([bounds.slots, *(_cells(view, policy, bounds) for view in self.views)])

    def newest(self, policies: Iterable[Policy]) -> int | None:
        """Unix second at which the newest window that is in chunks or logs begins; None when there is none."""
        ends = [end for policy in policies for view in self.views if (end := _newest(view, policy)) is not None]
        return max(ends, default=None)


def _share(origin: Origin, wanted: Wanted) -> _Share:
    ids = wanted.ids if origin.ids is None else origin.ids(wanted.ids)
    rows = np.argsort(ids)
    rows = rows[ids[rows] != NO_ID]
    return _Share(origin, wanted._replace(ids=ids[rows]), rows)


def _read_all(shares: Sequence[_Share]) -> tuple[list[Grid], Missing]:
    """Together: most of the time each waits for its server."""
    if len(shares) < 2:
        read = [_read(share) for share in shares]
    else:
        with ThreadPoolExecutor(len(shares)) as pool:
            read = list(pool.map(_read, shares))
    return [grid for grid, _ in read], reduce(or_, (missing for _, missing in read), NOTHING)


def _read(share: _Share) -> tuple[Grid, Missing]:
    return read_origin(share.origin, share.wanted)


def _combined(wanted: Wanted, shares: Sequence[_Share], grids: Sequence[Grid]) -> Grid:
    into = wanted.grid()
    pairs = zip(shares, grids, strict=True)
    for number, (_, replicas) in enumerate(groupby(pairs, key=lambda pair: pair[0].group)):
        of_group = wanted.grid() if number else into  # the others are added to the first
        for share, grid in replicas:
            keep_fuller(of_group, grid, share.rows)
        if number:
            add_grid(into, of_group, np.arange(len(wanted.ids)))
    return into


def _cells(view: View, policy: Policy, bounds: Bounds) -> int:
    """The most slots that a level which is read has in ``bounds``."""
    slots = [0]
    for level in levels_of(policy, view.snapshot, view.logs, bounds.step_s):
        sets = view.snapshot.sets(level)
        if level.step_s != bounds.step_s:
            sets = [one for one in sets if not is_rolled_up(one, bounds.step_s)]
        span = hull(span_of(sets), log_span(view.snapshot, view.logs, level, ALL_SEQUENCES))
        if span:  # whole slots of the answer are read, however few points they have
            start, stop = span[0] - span[0] % bounds.step_s, span[1] + -span[1] % bounds.step_s
            slots.append((min(stop, bounds.stop) - max(start, bounds.start)) // level.step_s)
    return max(slots)


def _newest(view: View, policy: Policy) -> int | None:
    levels = levels_of(policy, view.snapshot, view.logs, DAY_S)
    spans = [level_span(view.snapshot, view.logs, level, ALL_SEQUENCES) for level in levels]
    return max((span[1] - level.step_s for level, span in zip(levels, spans, strict=True) if span), default=None)

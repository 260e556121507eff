"""What is read at once, and how one origin gives it: as of one moment."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import NamedTuple

from ..schema.errors import Outdated, Unavailable
from ..schema.grid import COLUMNS, Grid
from ..schema.identity import Level
from ..schema.policy import Policy
from ..schema.rows import Ids
from .cut import Cut
from .gaps import Gaps, with_gaps
from .missing import Missing
from .origin import Origin

# A block that is wanted, or the log, hardly ever moves twice while one tile is read.
_ATTEMPTS = 10


class Wanted(NamedTuple):
    """All points of ``ids`` (ids[i] -> row i; ascending) in [start, stop) at ``step_s``; of COLUMNS only ``columns``."""

    policy: Policy
    ids: Ids
    start: int
    stop: int
    step_s: int
    columns: Collection[str] = COLUMNS

    @property
    def level(self) -> Level:
        return Level(self.policy.name, self.step_s)

    def grid(self) -> Grid:
        """One for these points, without any in it."""
        return Grid.empty(self.start, self.step_s, len(self.ids), (self.stop - self.start) // self.step_s, self.columns)


def read_origin(origin: Origin, wanted: Wanted, spare: Grid | None = None) -> tuple[Grid, Missing]:
    """What ``origin`` has of ``wanted``, whose ids are the writer's own, and what is missing in it. The arrays are those of
    ``spare`` if they fit, see ``Cut.grid``. Raises Unavailable, but not of a remote origin."""
    try:
        return _read(origin, wanted, spare)
    except Unavailable as error:
        if not origin.remote:
            raise
        return wanted.grid(), Missing(unreachable=str(error))


def _read(origin: Origin, wanted: Wanted, spare: Grid | None) -> tuple[Grid, Missing]:
    """Begins again when something moved that was still to be read."""
    for _ in range(_ATTEMPTS):
        gaps = Gaps()
        seen = with_gaps(origin, gaps)
        cut = Cut(seen.store.snapshot(), seen.logs, seen.head, wanted.policy, wanted.ids)
        with contextlib.suppress(Outdated):
            grid = cut.grid(wanted.start, wanted.stop, wanted.step_s, wanted.columns, spare)
            if cut.is_whole(seen.store.snapshot()):
                return grid, cut.missing | gaps.missing
    raise Unavailable(f"the store of {origin.writer} changed {_ATTEMPTS} times while {wanted.level} was read; try again")

"""Where a target allows coarser points than Graphite would read: what comes out is the same or, for peaks, better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .function import Function

CONSOLIDATIONS: Final = ("average", "max", "min", "sum")

_EACH: Final = tuple((name, name) for name in CONSOLIDATIONS)


@dataclass(frozen=True, slots=True)
class Coarse:
    """Leave to read fewer slots than the store has: at most ``max_points``.

    ``pairs``: for each consolidation of what is shown that every function above lets through, the one of what is read that
    gives the same. ``chosen``: the target says which, and it is the only one left; else it is that of each path's statistic.
    """

    max_points: int
    pairs: tuple[tuple[str, str], ...] = _EACH
    chosen: bool = False

    @property
    def allowed(self) -> frozenset[str]:
        """Consolidations of what is read."""
        return frozenset(inner for _, inner in self.pairs)

    @property
    def consolidation(self) -> str | None:
        """The one that the target asks for."""
        return self.pairs[0][1] if self.chosen else None

    @property
    def usual(self) -> str:
        """How slots become one in what had to be read in full beside what had not."""
        return "average" if "average" in self.allowed and not self.chosen else self.pairs[0][1]

    def below(self, function: Function, given: Mapping[str, Any]) -> Coarse | None:
        """The leave that the arguments of a call of ``function`` have."""
        commutes = function.commuting(given)
        pairs = tuple((outer, commutes[inner]) for outer, inner in self.pairs if inner in commutes)
        if function.consolidates and not self.chosen:
            asked = _asked(given[function.consolidates])
            return self._with(tuple(pair for pair in pairs if pair[0] == asked), chosen=True)
        return self._with(pairs, chosen=self.chosen)

    def _with(self, pairs: tuple[tuple[str, str], ...], *, chosen: bool) -> Coarse | None:
        return replace(self, pairs=pairs, chosen=chosen) if pairs else None


def _asked(name: Any) -> str | None:
    """None for what is not kept at coarser steps."""
    name = {"avg": "average"}.get(name, name)
    return name if name in CONSOLIDATIONS else None

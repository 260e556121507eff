"""Where a target allows coarser points than Graphite would read: what comes out is the same or, for peaks, better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .function import Function

CONSOLIDATIONS: Final = frozenset({"average", "sum", "max", "min"})


@dataclass(frozen=True, slots=True)
class Coarse:
    """Leave to read fewer slots than the store has: at most ``max_points``.

    ``allowed``: the consolidations that every function above lets through. ``consolidation``: the one the target asks for;
    None leaves it to the statistic of each path. ``settled``: nothing below has a say in it.
    """

    max_points: int
    allowed: frozenset[str] = CONSOLIDATIONS
    consolidation: str | None = None
    settled: bool = False

    def below(self, function: Function, given: Mapping[str, Any]) -> Coarse | None:
        """The leave that the arguments of a call of ``function`` have."""
        commutes = function.commuting(given)
        allowed = frozenset(commutes[name] for name in self.allowed if name in commutes)
        consolidation = self.consolidation
        if consolidation is not None:
            consolidation = commutes.get(consolidation)
        elif function.consolidates:
            consolidation = None if self.settled else _asked(given[function.consolidates])
            allowed &= {consolidation}
        if not allowed or (consolidation is None and self.consolidation is not None):
            return None
        return replace(self, allowed=allowed, consolidation=consolidation, settled=self.settled or function.resets)


def _asked(name: Any) -> str | None:
    """None for what is not kept at coarser steps."""
    name = {"avg": "average"}.get(name, name)
    return name if name in CONSOLIDATIONS else None

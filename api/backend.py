"""What the routes work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from ..query.limits import Deadline
from ..query.reader import Reader
from ..schema.protocols import DayRange, Events, PathIndex

METHODS = ["GET", "POST"]


class Index(PathIndex, Protocol):
    """The index, with the answers it can encode straight from its nodes."""

    def tree_json(self, pattern: str, limit: int, seen: DayRange | None = None) -> bytes:
        """Graphite's treejson: ``[{"text", "id", "allowChildren", "expandable", "leaf"}, ...]``, one item for each last
        name; ``id`` is the pattern's own base and the name."""


@dataclass(frozen=True, slots=True)
class WriterState:
    """``word``: ``alive``, ``dead`` or ``none`` (a process that only reads). ``newest``: unix second at which the newest
    window that the writer has seen begins, if it has seen one. ``trouble``: why it cannot write to its disk just now.
    ``warnings``: what somebody should look at, although all works."""

    word: str
    pid: int | None = None
    newest: int | None = None
    trouble: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Backend:
    """All that a route needs. ``now`` gives unix seconds, ``monotonic`` seconds that never go back."""

    reader: Reader
    index: Index
    writer: Callable[[], WriterState]
    events: Events
    now: Callable[[], float]
    monotonic: Callable[[], float]
    timezone: tzinfo
    stale_after_s: float
    coarse_reads: bool

    def deadline(self) -> Deadline:
        return self.reader.limits.deadline(self.monotonic)

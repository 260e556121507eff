"""Remote origins while their server is away: what they cannot give is left out, and noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from ..schema.errors import Outdated, Unavailable
from ..schema.grid import Grid
from ..schema.identity import Level
from ..schema.protocols import ChunkSet
from ..schema.rows import Ids
from .cut import Chunks, Log
from .missing import NOTHING, Missing
from .origin import Origin, Store


class Gaps:
    """What could not be reached so far. One thread."""

    def __init__(self) -> None:
        self.missing = NOTHING

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Unavailable ends here. Outdated does not: what it speaks of is elsewhere."""
        try:
            yield
        except Outdated:
            raise
        except Unavailable as error:
            self.missing |= Missing(unreachable=str(error))


def with_gaps(origin: Origin, gaps: Gaps) -> Origin:
    """``origin``; if it is remote, without what cannot be reached while it is read, which goes into ``gaps``."""
    if not origin.remote:
        return origin
    logs = {level: _LogWithGaps(log, gaps) for level, log in origin.logs.items()}
    return replace(origin, store=_StoreWithGaps(origin.store, gaps), logs=logs)


class _StoreWithGaps:
    def __init__(self, store: Store, gaps: Gaps) -> None:
        self._store = store
        self._gaps = gaps

    def snapshot(self) -> Chunks:
        with self._gaps.noted():
            return _ChunksWithGaps(self._store.snapshot(), self._gaps)
        return _NoChunks()


class _ChunksWithGaps:
    """Of a snapshot, which merges all that it can before it says what it cannot."""

    def __init__(self, chunks: Chunks, gaps: Gaps) -> None:
        self.levels = chunks.levels
        self.sealed = chunks.sealed
        self.sets = chunks.sets
        self._chunks = chunks
        self._gaps = gaps

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        with self._gaps.noted():
            self._chunks.read(level, sets, ids, into)


class _NoChunks:
    """Of a store of which no generation is known: then the log counts from its beginning."""

    def levels(self) -> Sequence[Level]:
        return ()

    def sealed(self, level: Level) -> int:  # noqa: ARG002  the Protocol's signature
        return 0

    def sets(self, level: Level) -> Sequence[ChunkSet]:  # noqa: ARG002
        return ()

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        """Nothing is there to be merged."""


class _LogWithGaps:
    def __init__(self, log: Log, gaps: Gaps) -> None:
        self._log = log
        self._gaps = gaps

    def read(self, ids: Ids, after: int, through: int, into: Grid) -> None:
        with self._gaps.noted():
            self._log.read(ids, after, through, into)

    def span(self, after: int, through: int) -> tuple[int, int] | None:
        with self._gaps.noted():
            return self._log.span(after, through)
        return None

    def replaces(self, after: int, through: int) -> bool:
        with self._gaps.noted():
            return self._log.replaces(after, through)
        return False

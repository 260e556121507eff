"""What one writer keeps, as a process that answers queries reaches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from ..schema.head import Head
from ..schema.identity import Level
from ..schema.rows import Ids
from .cut import Chunks, Log

# From ids of the index to those that a writer has for the same paths, entry by entry; for a path it does not have, NO_ID of
# ``index.id_map``. No two are the same id of the writer.
IdMap: TypeAlias = Callable[[Ids], Ids]


class Store(Protocol):
    """What of a ``ChunkStore`` a query needs. Any thread."""

    def snapshot(self) -> Chunks:
        """The newest generation. Raises Unavailable while none is known."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The points of one ``writer``, named ``group/replica``: groups add up, and replicas of one group get the same lines.

    ``logs`` holds the log of every level of every policy. ``ids`` None: the writer's ids are those of the index. ``remote``: the
    chunks or logs are on a server that may be away, and a query may do without what it cannot give. Where all is on disks of this
    machine it may not: a disk that refuses makes the query fail.

    The index gives each path one policy, by which it is read from every origin. What a writer keeps of it under another policy is
    at levels of another name, and is not found.
    """

    writer: str
    store: Store
    logs: Mapping[Level, Log]
    head: Head
    ids: IdMap | None = None
    remote: bool = False

    @property
    def group(self) -> str:
        return self.writer.partition("/")[0]


# The origins that are known just now; there may be more the next time. Any thread. Raises Unavailable while none can be known.
Origins: TypeAlias = Callable[[], Sequence[Origin]]


class View(NamedTuple):
    """Chunks and logs of an origin at one moment."""

    snapshot: Chunks
    logs: Mapping[Level, Log]

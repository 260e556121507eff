"""The contracts between stations. Times are unix seconds; ranges are half-open [start, stop).

Everything is a batch: one call for many paths, never one call a path.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from .event import MOST_EVENTS, Event, TagSet
from .grid import Grid
from .identity import Identity, Level, Mode
from .point import Point
from .rows import Ids, Rows
from .tags import TagExpression


@dataclass(frozen=True, slots=True)
class Slice:
    """Points of ascending ``ids`` on ``grid`` (row i is ids[i]), all of one span and one ``identity``, to become chunks."""

    level: Level
    identity: Identity
    ids: Ids
    grid: Grid


@dataclass(frozen=True, slots=True)
class ChunkSet:
    """Chunks of one level that were stored together: points of one ``identity`` in [start, stop). ``number`` tells it from all
    others of its level, for ever. ``rolled_up_to_s``: the coarser step at which chunks hold its points too; 0 if none does.
    ``size_bytes``: what it takes in the store."""

    number: int
    identity: Identity
    start: int
    stop: int
    rolled_up_to_s: int
    size_bytes: int


class Snapshot(Protocol):
    """One pinned generation of a chunk store: it answers the same for as long as it lives. Any thread."""

    @property
    def generation(self) -> int:
        """Grows with each change of the store."""

    def levels(self) -> Sequence[Level]:
        """Every level something was ever sealed for."""

    def sealed(self, level: Level) -> int:
        """The last log sequence of ``level`` that is in chunks (0: none); the log holds what comes after."""

    def sets(self, level: Level) -> Sequence[ChunkSet]:
        """All chunks of ``level``, in the order in which their points are merged: that of their sequences."""

    def ids(self, level: Level, sets: Sequence[ChunkSet]) -> Ids:
        """Ascending ids that have a chunk in one of ``sets``. Raises Damaged, Unavailable."""

    def next_id(self) -> int:
        """One past the greatest id that has a chunk; 0 without chunks. Damaged chunks are passed over."""

    def read(self, level: Level, sets: Sequence[ChunkSet], ids: Ids, into: Grid) -> None:
        """Merge the points of ``ids`` (ids[i] -> row i; any order, no duplicates) that ``sets`` (some of ``sets(level)``, in
        that order) hold in ``into``'s range into it, by the mode of each. ``into.step_s`` is ``level.step_s``. Raises Damaged
        when all that is sound was merged; Unavailable, of a server when all that it gave was; Outdated if another process changed
        the store and it is gone."""


class ChunkStore(Protocol):
    """Keeps chunks. One writer changes it, from one thread at a time; snapshots may be taken anywhere.

    Each change is visible in one atomic step when the call returns, and durable as ``lasting`` says. Raises Unavailable when
    the disk or server refuses: then nothing has changed, or all has, and it can be repeated. Refused if it would never take it.
    Slices arrive ordered by (span, first id); those of one span are disjoint in ids and share start,
    width and identity. The arrays of a slice may be overwritten once the next one is asked for.
    """

    @property
    def merges(self) -> bool:
        """Whether fewer sets are cheaper to read. If not, ``merge`` is not called, and need not be there."""

    def snapshot(self) -> Snapshot:
        """The newest generation. Cheap when nothing changed (one stat)."""

    def lasting(self, level: Level) -> int:
        """The last log sequence of ``level`` that would be in chunks still if whatever keeps them crashed now: the log up to it
        may go. Never more than ``sealed``. What lies between them can be lost; then ``sealed`` goes back, and it is to be sealed
        again."""

    def seal(self, level: Level, last_sequence: int, slices: Iterable[Slice]) -> None:
        """Store the slices; from now on ``sealed(level) == last_sequence``. No slice at all is allowed: then only the sequence
        moves. Repeating a call after a crash changes nothing."""

    def roll_up(self, level: Level, sets: Sequence[ChunkSet], coarse: Level, slices: Iterable[Slice]) -> None:
        """Store the slices at ``coarse``: they hold the points of ``sets``, which get ``rolled_up_to_s``."""

    def merge(self, level: Level, sets: Sequence[ChunkSet]) -> None:
        """Put what ``sets`` hold into one set, which reads like all of them in order. They are neighbours among those sets
        that share windows with them, and equal in ``rolled_up_to_s``; if their modes differ, no set before the first of them
        shares windows with any of them (and the mode of the new one is ADD)."""

    def erase(self, level: Level, ids: Ids, start: int, stop: int) -> None:
        """Drop all points of ``ids`` (ascending) in the windows from ``start`` up to ``stop``, multiples of the step."""

    def delete(self, level: Level, sets: Sequence[ChunkSet]) -> None:
        """Drop ``sets``."""

    def close(self) -> None:
        """Release files; snapshots already taken stay readable."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a closed segment covers of one span: ``slots`` windows from ``start`` on. Only ``ids`` (ascending) have points."""

    start: int
    slots: int
    ids: Ids


class LogSegment(Protocol):
    """A closed part of one level's log, to be sealed as a whole. One thread at a time."""

    @property
    def level(self) -> Level: ...

    @property
    def identity(self) -> Identity:
        """The sequences of its rows."""

    def extents(self) -> Sequence[Extent]:
        """All of its points, by ascending windows: one for each aligned span it has points in, or for several in which it has
        few. Raises Damaged, Unavailable."""

    def read(self, ids: Ids, into: Grid) -> None:
        """Merge the points of ``ids`` (ids[i] -> row i) that lie in ``into``'s range into it, in order of sequence."""


class Log(Protocol):
    """The write-ahead log of one level. One thread writes, one drops and sets aside; ``rolled``, ``since`` and ``size_bytes``
    are for any."""

    def recover(self, sealed: int, lasting: int) -> int:
        """Take up what is there, first of all calls: segments that chunks hold up to sequence ``lasting`` go, and so does what
        a writer had not finished. Those held up to ``sealed`` are closed. Returns the last sequence in the log, 0 if it is empty.
        Raises Damaged, Unavailable."""

    @property
    def next_id(self) -> int:
        """One past the greatest id that ``recover`` found; 0 if it found none."""

    def append(self, rows: Sequence[Rows], first_sequence: int, mode: Mode = Mode.ADD) -> int:
        """Write rows[i] as sequence ``first_sequence`` + i; durable when this returns the last one. Raises Unavailable when
        the disk takes nothing more: then the log is what it was."""

    def undo(self) -> None:
        """Take the last append back, before any of it is acknowledged; one that failed has done so itself if it could. Raises
        Unavailable; then it can be called again."""

    def acknowledge(self) -> None:
        """The last append stands, as it does when the next one comes: ``rolled`` and ``since`` show what it did."""

    def roll(self) -> None:
        """Close the segment that is being written."""

    def rolled(self) -> Sequence[LogSegment]:
        """Closed segments, oldest first."""

    def since(self, sequence: int) -> Sequence[LogSegment]:
        """What was appended after ``sequence`` and is acknowledged, in order: of each segment, closed or not, the part that is.
        What is appended later is not in it. A part can be read until its segment is dropped; then it raises Unavailable."""

    def size_bytes(self, after: int) -> int:
        """What the segments that end after sequence ``after`` take on disk, as far as they are acknowledged. Does not ask the
        disk."""

    def drop(self, segment: LogSegment) -> None:
        """Remove the oldest closed segment: chunks hold all of it, and last."""

    def set_aside(self, segment: LogSegment) -> str:
        """Take a closed segment out of the log, for a chunk store that will never take it. Returns where it is kept. Raises
        Unavailable."""

    def close(self) -> None: ...


class Publications(Protocol):
    """Where a writer shows processes elsewhere what its log holds and its chunks do not yet. One thread.

    Readers count a part until the chunks hold its sequences. Parts of one level are disjoint and come in order of sequence; one
    that is given once more, with the same first and last sequence, changes nothing.
    """

    @property
    def interruptions(self) -> int:
        """How often the connection was lost so far: what was published shortly before may be lost with it."""

    def publish(self, level: Level, slices: Iterable[Slice]) -> None:
        """Show the points of a part of the log of ``level``: slices as for ``ChunkStore.seal``, of any number of spans, all of
        one identity. Raises Unavailable; then it is to be repeated."""

    def count(self) -> None:
        """All that the log holds was published since this object was made: from now on readers count that, and no longer what
        was published before. Raises Unavailable."""


class LogFolder(Protocol):
    """Where the logs of all levels are."""

    def levels(self) -> Sequence[Level]:
        """Every level something was ever written for."""

    def open(self, level: Level) -> Log:
        """The log of ``level``, made if it is new. Once a level."""


class PointSink(Protocol):
    """A driver that takes closed points one batch at a time and keeps nothing we read back."""

    def write(self, level: Level, points: Sequence[tuple[str, Point]]) -> None:
        """Deliver; a batch given twice after an error must do no harm."""

    def delete(self, paths: Sequence[str]) -> None:
        """Forget these paths, where the sink can."""

    def close(self) -> None: ...


class LineStream(Protocol):
    """The lines of one connection. Not thread-safe: all calls come from the event loop."""

    def feed(self, data: memoryview | bytes) -> int:
        """Fold complete lines; keep the unfinished one. Returns how many bytes were consumed: less than all when the call
        has done its share of slow lines, then call again with the rest after the loop has turned. ``data`` may be reused
        by the caller after the return."""

    def close(self) -> None:
        """The connection ended: an unfinished last line counts as a line."""


class LineSink(Protocol):
    """Where listeners deliver lines."""

    def open(self) -> LineStream:
        """A stream for a new connection."""


@dataclass(frozen=True, slots=True)
class NewNames:
    """Paths first seen since the last call: ``paths[i]`` (UTF-8, canonical) has id ``ids[i]``; one policy, one day
    (days since 1970-01-01 UTC). ``ids`` ascend."""

    policy: str
    day: int
    ids: Ids
    lengths: Sequence[int] | memoryview
    paths: bytes


class NamesWriter(Protocol):
    """The writing end of the index. One thread at a time."""

    def append(self, names: NewNames) -> None:
        """Add paths: visible to readers at once, durable after ``sync``."""

    def seen(self, day: int, ids: Ids) -> None:
        """These ids had points on ``day``."""

    def delete(self, ids: Ids) -> None:
        """Tombstones: the paths are gone from every find; their ids are not used again."""

    def rename(self, ids: Ids, paths: Sequence[str]) -> None:
        """``ids[i]`` has the path ``paths[i]`` from now on, canonical and nobody else's; its points stay its own."""

    def silent(self, oldest: Mapping[str, int]) -> Ids:
        """Ids that were last seen before the day which ``oldest`` has for their policy; none of a policy that is not in it."""

    @property
    def compaction_is_due(self) -> bool:
        """True if ``compact`` would free more than half of the space, and more than 1 MB."""

    def compact(self) -> None:
        """Keep the living paths with their first and last days, and nothing else; ids that are gone stay taken. Takes a second
        for a million paths. A crash or Unavailable at any point loses nothing."""

    def sync(self) -> None:
        """Everything appended is durable when this returns."""


@dataclass(frozen=True, slots=True)
class Match:
    """A node of the tree that a pattern matched. ``id`` is None for a branch."""

    path: str
    id: int | None
    policy: str | None
    branch: bool


DayRange: TypeAlias = tuple[int, int]  # first and last of a range of days since 1970-01-01 UTC, both in it


class PathIndex(Protocol):
    """The reading end of the index. Any thread."""

    def find(self, pattern: str, limit: int, seen: DayRange | None = None) -> list[Match]:
        """Nodes at exactly the pattern's depth, sorted by path. Past ``limit`` nodes: TooManyMatches.

        ``seen`` leaves out leaves whose first day is after that range or whose last is before it, and branches if that holds
        of all below them taken together."""

    def find_json(self, pattern: str, limit: int, seen: DayRange | None = None) -> bytes:
        """The same as ready JSON: ``[{"text", "expandable", "leaf", "id", "path", "allowChildren"}, ...]``."""

    def leaves(self, patterns: Sequence[str], limit: int) -> list[list[Match]]:
        """For each pattern the leaves it matches. A tagged path given literally is found too."""

    def tagged(self, expressions: Sequence[TagExpression], limit: int) -> list[Match]:
        """The paths for which all ``expressions`` hold, sorted: those with tags, and one without if its name is asked for
        by ``name=``. Past ``limit`` paths: TooManyMatches."""

    def tags(self, expressions: Sequence[TagExpression]) -> list[str]:
        """The tags, ``name`` among them, of the paths with tags for which all ``expressions`` hold, sorted."""

    def tag_values(self, tag: str, expressions: Sequence[TagExpression], prefix: str = "") -> Iterator[tuple[str, int]]:
        """The values of ``tag`` that begin with ``prefix``, sorted, each with the number of those paths that have it."""


class Events(Protocol):
    """Keeps what happened. Any thread of any number of processes."""

    def add(self, event: Event) -> int:
        """Store ``event``, whose ``id`` does not matter; durable when this returns its id. Raises Unavailable, StoreError."""

    def find(
        self, start: int, stop: int, tags: Collection[str] = (), tag_set: TagSet = "intersection", limit: int = MOST_EVENTS
    ) -> Sequence[Event]:
        """Events in [start, stop) by ``when``, then ``id``; of those that have one of ``tags`` (union) or all (intersection), or
        of all events without ``tags``. If there are more than ``limit``, the last of them. Raises Unavailable, StoreError."""

    def get(self, id: int) -> Event | None:
        """None if there is none with this id. Raises Unavailable, StoreError."""

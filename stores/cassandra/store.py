"""The chunk store in Cassandra."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NoReturn

import numpy as np

from ...schema.errors import Unavailable
from ...schema.identity import Level
from ...schema.protocols import ChunkSet, Slice
from ...schema.resolution import DAY_S
from ...schema.rows import Ids
from .ddl import make_step_table
from .erasing import Erased, erased
from .followed import Followed
from .lasting import Lasting
from .layouts import points_of
from .link import Link
from .manifest import Erasure, LevelEntry, Manifest, Seal, SetEntry
from .manifest_table import Loaded, ManifestTable, load, newest_revision
from .new_sets import NewSets
from .set_ids import put_ids
from .snapshot import CassandraSnapshot

_log = logging.getLogger(__name__)

# Sets leave the manifest some time after their ttl, bucket by bucket; their rows must not go before.
_SLACK_S: Final = 2 * DAY_S
# Points that are stored after their ttl are rolled up meanwhile.
_LEAST_TTL_S: Final = DAY_S
# Queries wait for it, and a server that is there answers at once.
_ASK_S: Final = 2.0
_MOST_TTL_S: Final = 630_720_000  # that a server takes: 20 years


class CassandraStore:
    """The chunks of ``writer`` in the keyspace of ``link``, whose tables are there (see ddl). Any number of processes read, one
    writes; each writer has a store of its own.

    Implements ``schema.protocols.ChunkStore``, without ``merge``. Raises Unavailable, Refused, ConfigError. ``link`` is the
    caller's to close.
    """

    def __init__(
        self,
        link: Link,
        writer: str,
        *,
        write: bool,
        monotonic: Callable[[], float],
        now: Callable[[], float],
        ttl_of: Callable[[Level], int],
        period_s: float = 10.0,
        fresh_s: float = 1.0,
        create: bool = True,
        layout: str = "chunks",
    ) -> None:
        """``monotonic``, ``now``: clocks in seconds, the latter in unix time. ``ttl_of``: how long points of a level live, in
        seconds. ``period_s``: that of the server's commit log. ``fresh_s``: a store that does not write asks for changes when so
        many seconds are over. ``create``: whether it may make the table of a step that has none. ``layout``: that of the
        keyspace."""
        self._link = link
        self._writer = writer
        self._now = now
        self._ttl_of = ttl_of
        self._create = create
        self._layout = layout
        self._points = points_of(layout, link, writer)
        self._steps: set[int] = set()  # that are known to have a table
        self._lasting = Lasting(link, period_s, monotonic)
        self._followed = Followed(self._newer, monotonic, fresh_s)
        self._table = ManifestTable(link, writer) if write else None
        self._begun = self._table.manifest if self._table else Manifest()  # by a former process

    @property
    def merges(self) -> bool:
        """Chunks of a path lie side by side as they are."""
        return False

    def merge(self, level: Level, sets: Sequence[ChunkSet]) -> NoReturn:
        """Not to be called."""
        raise NotImplementedError(f"{len(sets)} sets of {level} are to be merged, in a store that does not merge")

    def snapshot(self) -> CassandraSnapshot:
        """The newest where it writes, without a request; elsewhere that of ``fresh_s`` seconds ago or later, and while no server
        answers the last one that is known."""
        if self._table:
            return CassandraSnapshot(self._link, self._writer, self._points, self._table.manifest)
        known = self._followed.newest()
        return CassandraSnapshot(self._link, self._writer, self._points, known.value.manifest, known.trouble)

    def lasting(self, level: Level) -> int:
        """To be called by the thread that changes the store: what was lost with a connection is taken back here, or by the next
        change."""
        table = self._writing()
        with contextlib.suppress(Unavailable):
            self._settle(table)
        lasts = self._lasting.manifest(table.manifest)
        return lasts.level(level).sealed if lasts else 0

    def seal(self, level: Level, last_sequence: int, slices: Iterable[Slice]) -> None:
        table = self._settled()
        if last_sequence > table.manifest.level(level).sealed:
            interruptions = self._link.interruptions
            sets = self._store_seal(table, Seal(level, last_sequence), slices)
            entry = table.manifest.level(level).having(sets)
            self._commit(table, interruptions, {level: replace(entry, sealed=last_sequence)})

    def roll_up(self, level: Level, sets: Sequence[ChunkSet], coarse: Level, slices: Iterable[Slice]) -> None:
        table = self._settled()
        interruptions = self._link.interruptions
        new = self._store(coarse, self._reserve(table), slices)
        marked = table.manifest.level(level).rolled_up(_numbers(sets), coarse.step_s)
        self._commit(table, interruptions, {level: marked, coarse: table.manifest.level(coarse).having(new)})

    def erase(self, level: Level, ids: Ids, start: int, stop: int) -> None:
        """The chunks stay, and a mask is laid over them. A seal that was begun before and is repeated counts as older than it."""
        table = self._settled()
        interruptions = self._link.interruptions
        entry = table.manifest.level(level)
        losses = {one: self._erased(level, one, ids, start, stop) for one in entry.sets if _meets(one.chunks, start, stop)}
        touched = np.unique(np.concatenate([np.empty(0, np.uint32), *(loss.touched for loss in losses.values())]))
        if len(touched):
            number = self._reserve(table)
            left = self._write_left(level, {one: loss.gone for one, loss in losses.items() if len(loss.gone)}, number + 1)
            emptied = {one.number for one, kept in left.items() if kept is None}
            after = entry.having(filter(None, left.values())).without(emptied)
            self._commit(table, interruptions, {level: after.erasing([Erasure(number, start, stop, touched)])})

    def delete(self, level: Level, sets: Sequence[ChunkSet]) -> None:
        """Their rows go by their ttl."""
        table = self._settled()
        before = table.manifest.level(level)
        after = before.without(_numbers(sets))
        if after != before:
            self._commit(table, self._link.interruptions, {level: after})

    def close(self) -> None:
        self._table = None

    def _newer(self, known: Loaded | None) -> Loaded:
        if known and newest_revision(self._link, self._writer, _ASK_S) <= known.revision:
            return known
        return load(self._link, self._writer)

    def _writing(self) -> ManifestTable:
        if self._table is None:
            raise ValueError(f"the store of {self._writer} was not opened to write, or is closed")
        return self._table

    def _settled(self) -> ManifestTable:
        """The table to be changed next: what a former change left open is closed. Unavailable if something was taken back: what
        was meant to come after that must not come before it is made again."""
        table = self._writing()
        if self._settle(table):
            raise Unavailable(f"chunks of {self._writer} that may be lost were taken back, and are to be made again first")
        return table

    def _settle(self, table: ManifestTable) -> bool:
        """Whether something was taken back."""
        interruptions = self._link.interruptions
        if table.settle():
            self._lasting.note(table.manifest, interruptions)
        if self._lasting.is_lost:
            self._take_back(table)
            return True
        return False

    def _take_back(self, table: ManifestTable) -> None:
        """What may be lost did not happen. It is made again by whoever made it."""
        interruptions = self._link.interruptions
        lasts = self._lasting.manifest(table.manifest)
        past = self._begun.held_by(load(self._link, self._writer).manifest) if lasts is None else lasts
        _log.warning(
            "%s: the connection was lost soon after a change of the chunks of %s: it is taken back",
            self._link.keyspace,
            self._writer,
        )
        table.replace_all(table.manifest.taken_back_to(past))
        self._begun = table.manifest
        self._lasting.begin(None if lasts is None else table.manifest, interruptions)

    def _commit(self, table: ManifestTable, interruptions: int, levels: Mapping[Level, LevelEntry]) -> None:
        """``interruptions``: when the change began."""
        before = table.manifest
        lasts = self._lasting.manifest(before)
        table.replace(before.changed(levels, lasts or Manifest()))
        self._lasting.note(before, interruptions)

    def _reserve(self, table: ManifestTable, seal: Seal | None = None) -> int:
        """The first number that a change may use. It is reserved before any row has it: what is given up never counts."""
        number = table.manifest.pending.get(seal) if seal else None
        if number is not None:
            return number
        before, interruptions = table.manifest, self._link.interruptions
        table.replace(before.reserving(seal))
        self._lasting.note(before, interruptions)
        return before.next_number

    def _store_seal(self, table: ManifestTable, seal: Seal, slices: Iterable[Slice]) -> list[SetEntry]:
        number = self._reserve(table, seal)
        try:
            return self._store(seal.level, number, slices)
        except Unavailable:
            raise
        except Exception:
            # The slices may be others when it is repeated.
            with contextlib.suppress(Unavailable):
                table.replace(table.manifest.without_pending(seal))
            raise

    def _store(self, level: Level, number: int, slices: Iterable[Slice]) -> list[SetEntry]:
        self._make_table(level)
        new = NewSets(self._points, self._writer, level, number, lambda stop: self._ttl_s(level, stop))
        self._link.write_many(new.requests(slices))
        return new.sets

    def _make_table(self, level: Level) -> None:
        if level.step_s not in self._steps:
            make_step_table(self._link, self._layout, level.step_s, self._ttl_of(level), create=self._create)
            self._steps.add(level.step_s)

    def _ttl_s(self, level: Level, stop: int) -> int:
        """Of rows whose windows end at ``stop``."""
        ttl_s = math.ceil(stop + self._ttl_of(level) + _SLACK_S - self._now())
        return min(max(ttl_s, _LEAST_TTL_S), _MOST_TTL_S)

    def _erased(self, level: Level, one: SetEntry, ids: Ids, start: int, stop: int) -> Erased:
        snapshot = self.snapshot()
        in_set = np.intersect1d(ids, snapshot.ids(level, [one.chunks]))
        return erased(level, one.chunks, in_set, start, stop, lambda some, into: snapshot.read(level, [one.chunks], some, into))

    def _write_left(self, level: Level, gone: Mapping[SetEntry, Ids], number: int) -> dict[SetEntry, SetEntry | None]:
        """The sets without the ids that are gone; None for one that has no other."""
        left: dict[SetEntry, SetEntry | None] = {}
        snapshot = self.snapshot()
        for ids_number, (one, ids) in enumerate(gone.items(), number):
            kept = np.setdiff1d(snapshot.ids(level, [one.chunks]), ids, assume_unique=True)
            stop = one.chunks.stop
            self._link.write_many(put_ids(self._writer, ids_number, kept, self._ttl_s(level, stop), stop))
            left[one] = replace(one, highest_id=int(kept[-1]), ids_number=ids_number) if len(kept) else None
        return left


def _numbers(sets: Iterable[ChunkSet]) -> set[int]:
    return {one.number for one in sets}


def _meets(one: ChunkSet, start: int, stop: int) -> bool:
    return one.start < stop and one.stop > start

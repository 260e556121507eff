"""The paths of several writers in one trie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..schema.rows import Ids
from ._trie import Trie
from .batches import Batch, batches_of, batches_of_living, without_paths
from .frames import ADD, RENAME, SEEN, TOMBSTONE, Lengths, encode_add, encode_seen, encode_tombstone, scan
from .id_map import LAST_DAY, NO_ID, IdMap
from .living import Living
from .tail import Piece

Mask = NDArray[np.bool_]


class UnionTrie:
    """A trie with ids of its own, in which a path stands once, whichever writers have it. Any thread may ask while one other
    changes it.

    A path is there for as long as one writer has it, under one id that no other path ever gets (a renamed one keeps it, if no
    other writer has the old path). It follows the policy of the writer that had it first. Its days reach from the first to the
    last on which it was seen by any writer that had it meanwhile. While there is one writer, its ids serve as they are.

    What a writer's frame says is said to the trie in union ids; the maps change first, so that a path is never found without its
    ids.
    """

    def __init__(self) -> None:
        self.trie = Trie()
        self._maps: dict[str, IdMap] = {}
        self._next_id = 0

    def ids_of(self, writer: str, union_ids: Ids) -> Ids:
        """What ``union_ids`` are at ``writer``; NO_ID where it does not have their paths."""
        mine = self._maps.get(writer)
        return np.full(len(union_ids), NO_ID, np.uint32) if mine is None else mine.writer_ids(union_ids)

    def take(self, writer: str, piece: Piece) -> None:
        """Take the next frames of the writer's names log. Those that were taken before change nothing. Raises ValueError for one
        that makes no sense."""
        mine = self._maps.setdefault(writer, IdMap())
        for batch in batches_of(piece):
            self._take(mine, batch)

    def replace(self, writer: str, living: Living) -> None:
        """From now on the writer has what ``living`` holds, and nothing else. A path that it had before and has now is found
        all the time."""
        mine = self._maps.setdefault(writer, IdMap())
        for batch in batches_of_living(living):
            self._take(mine, batch)
        self._take(mine, without_paths(TOMBSTONE, np.setdiff1d(mine.ids(), living.ids, assume_unique=True)))

    def _take(self, mine: IdMap, batch: Batch) -> None:
        if batch.kind == ADD:
            self._add(mine, batch)
        elif batch.kind == RENAME:
            self._rename(mine, batch)
        elif batch.kind == SEEN:
            self._see(mine, batch)
        elif batch.kind == TOMBSTONE:
            self._delete(mine, batch)

    def _see(self, mine: IdMap, batch: Batch) -> None:
        union_ids = mine.union_ids(batch.ids)
        known = union_ids != NO_ID
        mine.see(batch.ids[known], min(batch.day, LAST_DAY))
        self._write_seen(batch.day, union_ids[known])

    def _delete(self, mine: IdMap, batch: Batch) -> None:
        union_ids = mine.union_ids(batch.ids)
        union_ids = union_ids[union_ids != NO_ID]
        mine.untie(batch.ids)
        self._write_gone(union_ids[~self._held(union_ids)])

    def _rename(self, mine: IdMap, batch: Batch) -> None:
        """Name by name: whether an id has a path may depend on the name before."""
        for number, path in batch.names():
            policy = self._policy_of(mine.union_ids(_one(number)))
            if policy is not None:
                self._put(mine, number, path, policy)

    def _add(self, mine: IdMap, batch: Batch) -> None:
        if batch.repeats:
            self._add_each(mine, batch)
            return
        before, there = mine.union_ids(batch.ids), self._ids_of_paths(batch.lengths, batch.paths)
        moved = (before != there) & ((before != NO_ID) | mine.holds(there))
        self._add_still(mine, batch.select(~moved), there[~moved])
        self._add_each(mine, batch.select(moved))

    def _add_still(self, mine: IdMap, batch: Batch, union_ids: Ids) -> None:
        """Names whose ids have no other path at this writer, nor their paths another id; ``union_ids`` are those of the paths."""
        new = union_ids == NO_ID
        union_ids[new] = self._new_ids(batch.ids[new])
        shared = self._held(union_ids, but=mine)
        mine.tie(batch.ids, union_ids)
        mine.see(batch.ids, min(batch.day, LAST_DAY))
        own = batch.select(~shared)
        self._write_names(own._replace(ids=union_ids[~shared]))
        self._write_seen(batch.day, union_ids[shared])

    def _add_each(self, mine: IdMap, batch: Batch) -> None:
        for number, path in batch.names():
            self._put(mine, number, path, batch.policy, [min(batch.day, LAST_DAY)])

    def _put(self, mine: IdMap, number: int, path: bytes, policy: str, days: Sequence[int] = ()) -> None:
        """``path`` is the writer's id ``number`` from now on, whatever either was before. It was seen on ``days``, beside what is
        known of it."""
        one = _one(number)
        before, there = mine.union_ids(one), self._ids_of_paths(np.array([len(path)], np.uint16), path)
        mine.untie(_others(mine.writer_ids(there), one))
        union_id = self._home(mine, one, before, there)
        days = [*days, *mine.days(number)]
        if union_id != before:
            mine.untie(one)
            mine.tie(one, union_id)
        for day in days:
            mine.see(one, day)
        if not self._held(union_id, but=mine):
            self._write_names(Batch(ADD, policy, days[0], union_id, np.array([len(path)], np.uint16), path))
        for day in days:
            self._write_seen(day, union_id)
        left = _others(before, union_id)
        self._write_gone(left[~self._held(left)])

    def _home(self, mine: IdMap, one: Ids, before: Ids, there: Ids) -> Ids:
        """The union id that a path gets which is to be the writer's ``one``: that of the writers that have the path, or the one
        that goes along from the path before if nobody else has that, or a new one."""
        if self._held(there, but=mine):
            return there
        if before != NO_ID and not self._held(before, but=mine):
            return before
        return self._new_ids(one)

    def _new_ids(self, ids: Ids) -> Ids:
        """Union ids that no path had, for the writer's ``ids``: the same as long as there is no other writer."""
        alone = len(self._maps) == 1
        given = ids if alone else np.arange(self._next_id, self._next_id + len(ids), dtype=np.uint32)
        self._next_id = max(self._next_id, int(given.max(initial=0)) + 1)
        return given

    def _held(self, union_ids: Ids, but: IdMap | None = None) -> Mask:
        """Which of them a writer has, ``but`` left out."""
        held = np.zeros(len(union_ids), bool)
        for ids in self._maps.values():
            if ids is not but:
                held |= ids.holds(union_ids)
        return held

    def _ids_of_paths(self, lengths: Lengths, paths: bytes) -> Ids:
        return np.frombuffer(self.trie.ids(lengths, paths), np.uint32)

    def _policy_of(self, union_ids: Ids) -> str | None:
        """The policy of the one in ``union_ids``; None if it has no path."""
        _, policies, _, _ = self.trie.leaves(union_ids)
        return self.trie.policies()[memoryview(policies).cast("H")[0]] if policies else None

    def _write_names(self, batch: Batch) -> None:
        if len(batch.ids):
            self._write(encode_add(batch.policy, batch.day, batch.ids, batch.lengths, batch.paths))

    def _write_seen(self, day: int, union_ids: Ids) -> None:
        if len(union_ids):
            self._write(encode_seen(day, union_ids))

    def _write_gone(self, union_ids: Ids) -> None:
        if len(union_ids):
            self._write(encode_tombstone(union_ids))

    def _write(self, data: bytes) -> None:
        table, _ = scan(data)
        self.trie.apply(data, table.view(np.uint8).data)


def _one(number: int) -> Ids:
    return np.array([number], np.uint32)


def _others(ids: Ids, than: Ids) -> Ids:
    """Those of ``ids`` that are an id, and another one than ``than``."""
    others: Ids = ids[(ids != NO_ID) & (ids != than)]
    return others

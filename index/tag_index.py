"""The tags of all paths in a trie, which goes on changing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from ..schema.errors import LimitExceeded
from ..schema.rows import Ids
from ..schema.tags import TagExpression
from ._trie import Trie
from .tag_table import Mask, TagTable

# Regexes that can take longer for the values there are, are not tried: ten seconds, where a machine is usual.
MOST_WORK_NS = 10_000_000_000

_BATCH = 65_536  # paths taken from the trie at a time

# Changed paths are looked up again at each change, all others once: so many may have changed before all are.
_LEAST_CHANGES = 4_096
_CHANGED_SHARE = 16


class Tags(NamedTuple):
    """The tags at one moment: of the paths that stayed as they were, and of those that changed since. Any thread."""

    table: TagTable
    living: Mask  # of ``table``: without those that changed
    changed: TagTable

    def ids(self, expressions: Sequence[TagExpression]) -> Ids:
        """The tagged paths for which all expressions hold, in any order."""
        return np.concatenate([table.ids[mask] for table, mask in self._matches(expressions)])

    def tags(self, expressions: Sequence[TagExpression]) -> list[str]:
        """The tags that those paths have, sorted."""
        return sorted({tag for table, mask in self._matches(expressions) for tag in table.tags(mask)})

    def values(self, tag: str, expressions: Sequence[TagExpression], prefix: str) -> Iterator[tuple[str, int]]:
        """The values that those paths have for ``tag`` and that begin with ``prefix``, sorted, and how many have each."""
        found = merge(*(table.values(tag, prefix, mask) for table, mask in self._matches(expressions)))
        for value, group in groupby(found, key=itemgetter(0)):
            yield value, sum(count for _, count in group)

    def _matches(self, expressions: Sequence[TagExpression]) -> Iterator[tuple[TagTable, Mask]]:
        if self.table.work(expressions) + self.changed.work(expressions) > MOST_WORK_NS:
            raise _too_much(expressions)
        yield self.table, self.table.select(expressions) & self.living
        yield self.changed, self.changed.select(expressions)


class TagIndex:
    """Keeps the tags of a trie from the first question on: who never asks for tags pays nothing. Any thread."""

    def __init__(self) -> None:
        self._following = threading.Lock()
        self._trie: Trie | None = None
        self._tags: Tags | None = None
        self._changed = np.empty(0, np.uint32)  # ids, since ``table`` was made

    def of(self, trie: Trie) -> Tags:
        """The tags of ``trie`` as it is now. The first call, and one after very many changes, takes a second for a million
        paths."""
        with self._following:
            noted = trie.changed_tagged() if trie is self._trie else None
            if self._tags is None or noted is None:
                make = partial(self._begin, trie)
            elif noted:
                make = partial(self._follow, trie, self._tags.table, np.frombuffer(noted, np.uint32))
            else:
                return self._tags
            self._trie = None  # should it fail: what was noted is noted no more
            self._tags = make()
            self._trie = trie
            return self._tags

    def keep(self, trie: Trie) -> None:
        """Do now what the next question would have to do first, if there ever was one."""
        if self._tags is not None:
            self.of(trie)

    def _begin(self, trie: Trie) -> Tags:
        table = _table(trie, np.frombuffer(trie.watch_tagged(), np.uint32))
        self._changed = np.empty(0, np.uint32)
        return Tags(table, np.ones(len(table.ids), bool), _table(trie, self._changed))

    def _follow(self, trie: Trie, table: TagTable, noted: Ids) -> Tags:
        self._changed = np.union1d(self._changed, noted)
        if len(self._changed) > _LEAST_CHANGES + len(table.ids) // _CHANGED_SHARE:
            return self._begin(trie)
        return Tags(table, np.isin(table.ids, self._changed, invert=True), _table(trie, self._changed))


def _too_much(expressions: Sequence[TagExpression]) -> LimitExceeded:
    asked = ", ".join(map(str, expressions))[:200]
    return LimitExceeded(
        f"the regexes of {asked!r} take too long for so many values; ask with fewer or shorter ones, or with tag=value"
    )


def _table(trie: Trie, ids: Ids) -> TagTable:
    """Of those of ``ids`` that have a tagged path."""
    return TagTable(_batches(trie, ids))


def _batches(trie: Trie, ids: Ids) -> Iterator[tuple[bytes, bytes, bytes]]:
    for first in range(0, len(ids), _BATCH):
        kept, _, lengths, paths = trie.leaves(ids[first : first + _BATCH], only_tagged=True)
        yield kept, lengths, paths

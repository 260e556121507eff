"""What a names log holds in the end: the living paths, each with its policy and days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..schema.protocols import NewNames
from ..schema.rows import Ids
from . import frames
from ._trie import Trie
from .follower import Follower

Days = NDArray[np.uint32]


class Living:
    """The paths of a trie by ascending id. ``first[i]`` and ``last[i]`` are the days (since 1970-01-01 UTC) on which ids[i]
    was seen first and last. Of no use once the trie has changed."""

    def __init__(self, trie: Trie) -> None:
        ids, policies, first, last = trie.living()
        self.ids: Ids = np.frombuffer(ids, np.uint32)
        self.first: Days = np.frombuffer(first, np.uint16).astype(np.uint32)
        self.last: Days = np.frombuffer(last, np.uint16).astype(np.uint32)
        self._policies = np.frombuffer(policies, np.uint16)
        self._policy_names = trie.policies()
        self._trie = trie

    def __len__(self) -> int:
        return len(self.ids)

    def paths(self, ids: Ids) -> list[str]:
        """The paths of ``ids``, without those that have none. For few: one object a path."""
        known = np.intersect1d(ids, self.ids)
        lengths, paths = self._trie.paths(known)
        ends = np.cumsum(np.frombuffer(lengths, np.uint16), dtype=np.int64).tolist()
        return [paths[begin:end].decode() for begin, end in zip([0, *ends[:-1]], ends, strict=True)] if ends else []

    def names(self) -> Iterator[NewNames]:
        """All paths: batches of one policy and first day, of a frame's names at most, in which ids ascend."""
        for some in _groups(self._policies.astype(np.uint32) * np.uint32(1 << 16) + self.first):
            policy, ids = self._policy_names[self._policies[some[0]]], self.ids[some]
            lengths, paths = self._trie.paths(ids)
            yield NewNames(policy, int(self.first[some[0]]), ids, memoryview(lengths).cast("H"), paths)

    def seen(self) -> Iterator[tuple[int, Ids]]:
        """(day, ids last seen on it), without those that were seen on no day but their first."""
        later = np.flatnonzero(self.last > self.first)
        for some in _groups(self.last[later]):
            yield int(self.last[later[some[0]]]), self.ids[later[some]]

    def silent(self, oldest: Mapping[str, int]) -> Ids:
        """Those last seen before the day that ``oldest`` has for their policy. Of a policy that it does not name, none."""
        limits = np.array([oldest.get(name, 0) for name in self._policy_names], np.int64)
        silent: Ids = self.ids[self.last < limits[self._policies]]
        return silent

    def encode(self) -> Iterator[bytes]:
        """The fewest frames of a names log that hold all this."""
        for batch in self.names():
            yield frames.encode_add(batch.policy, batch.day, batch.ids, np.asarray(batch.lengths, np.uint16), batch.paths)
        for day, ids in self.seen():
            yield frames.encode_seen(day, ids)


def read_living(folder: Path) -> Living:
    """What readers of data folder ``folder`` find. A frame torn at the log's end is left out. Raises Damaged, Unavailable, and
    StoreError for a log of a newer Cadent."""
    return Living(Follower(folder).trie())


def _groups(keys: NDArray[np.uint32]) -> Iterator[NDArray[np.intp]]:
    """Ascending positions of equal keys, FRAME_NAMES at a time; the groups by ascending key."""
    order = np.argsort(keys, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(keys[order])) + 1, len(keys))
    start = 0
    for end in ends.tolist():
        for first in range(start, end, frames.FRAME_NAMES):
            yield order[first : min(first + frames.FRAME_NAMES, end)]
        start = end

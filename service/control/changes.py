"""Deletes and renames: what they are about is looked up here, and whoever writes the folder is asked to do it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeAlias, TypeVar

import numpy as np

from ...index.plan import plan_delete, plan_rename
from ...schema.changes import Deleted, Deletion, Erased
from ...schema.protocols import Match, PathIndex
from ...schema.rows import Ids

# Takes a request's header and payload, and returns the answer's header when all is done.
Call: TypeAlias = Callable[..., dict[str, Any]]

# In one request. Paths are forgotten, renamed and made on the writer's event loop, which must go on.
_DELETED = 1 << 16
_RENAMED = 5_000
_CREATED = 2_000
# Each request reads all blocks; this many ids are a quarter of what a frame can hold.
_ERASED = 1 << 20

T = TypeVar("T")


class WriterChanges:
    """Implements ``schema.changes.Changes``; ``call`` asks the writer. Past ``limit`` nodes of a pattern: TooManyMatches."""

    def __init__(self, index: PathIndex, call: Call, limit: int) -> None:
        self._index = index
        self._call = call
        self._limit = limit

    def delete(self, wanted: Deletion) -> Deleted:
        leaves = plan_delete(self._index, wanted.patterns, self._limit)
        paths = [leaf.path for leaf in leaves]
        if wanted.is_of_points:
            return Deleted(paths, [self._erase(wanted, *group) for group in _by_policy(leaves)])
        if not wanted.dry_run:
            for some in _parts(leaves, _DELETED):
                self._call({"op": "delete"}, _ids(some).tobytes())
        return Deleted(paths)

    def create(self, paths: Sequence[str]) -> Sequence[str]:
        for some in _parts(paths, _CREATED):
            self._call({"op": "create"}, json.dumps(some, ensure_ascii=False).encode())
        return paths

    def rename(self, old: str, new: str) -> Sequence[tuple[str, str]]:
        pairs = [(rename.old, rename.new) for rename in plan_rename(self._index, old, new, self._limit)]
        for some in _parts(pairs, _RENAMED):
            self._call({"op": "rename"}, json.dumps(some, ensure_ascii=False).encode())
        return pairs

    def _erase(self, wanted: Deletion, policy: str, leaves: Sequence[Match]) -> Erased:
        header = {"op": "erase", "policy": policy, "from": wanted.start, "to": wanted.stop, "dry_run": wanted.dry_run}
        answers = [self._call(header, _ids(some).tobytes()) for some in _parts(leaves, _ERASED)]
        return Erased(policy, answers[0]["start"], answers[0]["stop"])


def _by_policy(leaves: Iterable[Match]) -> Iterator[tuple[str, list[Match]]]:
    ordered = sorted(leaves, key=lambda leaf: leaf.policy or "")
    for policy, of_policy in groupby(ordered, key=lambda leaf: leaf.policy or ""):
        yield policy, list(of_policy)


def _parts(all_of: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (all_of[first : first + size] for first in range(0, len(all_of), size))


def _ids(leaves: Sequence[Match]) -> Ids:
    return np.array([leaf.id for leaf in leaves], "<u4")

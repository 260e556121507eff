"""The reading end of the index: globs to nodes."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Protocol

import numpy as np

from ..schema.errors import LimitExceeded, StoreError, TooManyMatches
from ..schema.protocols import DayRange, Match
from ..schema.rows import Ids
from ..schema.tags import TagExpression, fits, name_wanted
from . import glob
from ._trie import Trie
from .follower import Follower
from .id_map import NO_ID
from .tag_index import TagIndex

FOLLOW_S = 0.25
_EVERY_MATCH = b'{"text":"\1","expandable":\3,"leaf":\4,"id":"\2","path":"\2","allowChildren":\3}'

_log = logging.getLogger(__name__)


class Following(Protocol):
    """Keeps a trie equal to what names logs hold. Any thread."""

    def load(self) -> None:
        """Begin with what is quicker to read than the logs, if there is anything."""

    def trie(self) -> Trie:
        """The trie as it is to be asked now. Raises Damaged, Unavailable, StoreError."""

    def look(self) -> None:
        """What is to be done now and then, by one thread. Raises as ``trie``."""


class FollowingIndex:
    """Answers globs from a trie that follows names logs: implements PathIndex. Any thread. ``look_s``: seconds between the looks
    of its thread.

    Every query raises Damaged, Unavailable or StoreError if the trie cannot follow, QueryError for a pattern that is no glob.
    """

    def __init__(self, follower: Following, look_s: float) -> None:
        self._follower = follower
        self._look_s = look_s
        self._tags = TagIndex()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="cadent-index", daemon=True)
        self._told = ""  # the last thing the thread complained about

    def start(self) -> None:
        """Load what is there, then follow the names logs in a thread of its own."""
        self._follower.load()
        self._look()
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def find(self, pattern: str, limit: int, seen: DayRange | None = None) -> list[Match]:
        return self._matches(pattern, limit, seen, only_leaves=False)

    def leaves(self, patterns: Sequence[str], limit: int) -> list[list[Match]]:
        """``limit`` holds for all patterns together."""
        found: list[list[Match]] = []
        for pattern in patterns:
            found.append(self._matches(pattern, limit, None, only_leaves=True))
            limit -= len(found[-1])
        return found

    def find_json(self, pattern: str, limit: int, seen: DayRange | None = None) -> bytes:
        query = glob.compile(pattern)
        with _within_bounds(pattern):
            nodes = self._follower.trie().encode(query, limit, _EVERY_MATCH, b",", seen=seen)
        return _listed(nodes, pattern, limit)

    def tree_json(self, pattern: str, limit: int, seen: DayRange | None = None) -> bytes:
        """Graphite's treejson: ``[{"text", "id", "allowChildren", "expandable", "leaf"}, ...]``, one item for each last
        name, branches first; ``id`` is the pattern up to its last dot, and the name. Past ``limit`` nodes: TooManyMatches."""
        query = glob.compile(pattern)
        with _within_bounds(pattern):
            nodes = self._follower.trie().encode(query, limit, _tree_template(pattern), b",", seen=seen, by_name=True)
        return _listed(nodes, pattern, limit)

    def tagged(self, expressions: Sequence[TagExpression], limit: int) -> list[Match]:
        trie = self._follower.trie()
        ids = self._tags.of(trie).ids(expressions)
        if len(ids) > limit:
            raise _too_many_tagged(expressions, limit)
        return sorted(_leaves(trie, ids) + self._named(expressions), key=attrgetter("path"))

    def tags(self, expressions: Sequence[TagExpression]) -> list[str]:
        return self._tags.of(self._follower.trie()).tags(expressions)

    def tag_values(self, tag: str, expressions: Sequence[TagExpression], prefix: str = "") -> Iterator[tuple[str, int]]:
        return self._tags.of(self._follower.trie()).values(tag, expressions, prefix)

    def _named(self, expressions: Sequence[TagExpression]) -> list[Match]:
        """The path without tags that ``name=`` asks for, if there is one: its only tag is its name."""
        name = name_wanted(expressions)
        return self.leaves([name], 1)[0] if name and fits(name, expressions) else []

    def _matches(self, pattern: str, limit: int, seen: DayRange | None, *, only_leaves: bool) -> list[Match]:
        query = glob.compile(pattern)
        trie = self._follower.trie()
        with _within_bounds(pattern):
            found = trie.columns(query, limit, seen=seen, only_leaves=only_leaves)
        if found is None:
            raise _too_many(pattern, limit)
        paths, ids, policies, branches = found
        if not ids:
            return []
        names = trie.policies()
        rows = zip(paths.decode().split("\n"), memoryview(ids).cast("I"), memoryview(policies).cast("H"), branches, strict=True)
        return [_match(path, number, names[policy], bool(branch)) for path, number, policy, branch in rows]

    def _follow(self) -> None:
        while not self._closing.wait(self._look_s):
            self._look()

    def _look(self) -> None:
        """Catch up. What goes wrong is told once; queries meet it themselves."""
        try:
            self._follower.look()
            self._tags.keep(self._follower.trie())
        except Exception as error:  # noqa: BLE001  # whatever it was, the next look may go well
            if repr(error) != self._told:
                _log.error("following names: %s", error, exc_info=not isinstance(error, StoreError))
            self._told = repr(error)
        else:
            self._told = ""


class TrieIndex(FollowingIndex):
    """The index of one data folder. A query reads what was appended to its names log since the last look, so a path is found as
    soon as it is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Follower(folder), FOLLOW_S)


@contextmanager
def _within_bounds(pattern: str) -> Iterator[None]:
    """What takes the trie too long becomes LimitExceeded."""
    try:
        yield
    except OverflowError as error:
        raise LimitExceeded(
            f"pattern {pattern[:200]!r} takes too long: {error}; ask with fewer or shorter ones, or for fewer nodes before them"
        ) from error


def _match(path: str, number: int, policy: str, branch: bool) -> Match:
    if number == NO_ID:
        return Match(path, None, None, branch)
    return Match(path, number, policy, branch)


def _leaves(trie: Trie, ids: Ids) -> list[Match]:
    """The matches of those of ``ids`` that have a path by now."""
    kept, policies, lengths, paths = trie.leaves(ids)
    names = trie.policies()
    ends = np.cumsum(np.frombuffer(lengths, np.uint16), dtype=np.int64).tolist()
    texts = (paths[start:end].decode() for start, end in pairwise([0, *ends]))
    rows = zip(texts, memoryview(kept).cast("I"), memoryview(policies).cast("H"), strict=True)
    return [Match(path, number, names[policy], branch=False) for path, number, policy in rows]


def _tree_template(pattern: str) -> bytes:
    base, dot, name = pattern.rpartition(".")
    if ";" in pattern or name.count("}") > name.count("{"):
        return _tree_item(b"\2")  # the last dot is inside tags or braces: what stands before it is no base
    return _tree_item(json.dumps(base + dot)[1:-1].encode() + b"\1")


def _tree_item(id: bytes) -> bytes:
    return b'{"text":"\1","id":"' + id + b'","allowChildren":\3,"expandable":\3,"leaf":\5}'


def _listed(nodes: bytes | None, pattern: str, limit: int) -> bytes:
    if nodes is None:
        raise _too_many(pattern, limit)
    return b"[" + nodes + b"]"


def _too_many_tagged(expressions: Sequence[TagExpression], limit: int) -> TooManyMatches:
    asked = ", ".join(map(str, expressions))[:200]
    return TooManyMatches(f"tag expressions {asked!r} match more than {limit} paths; add one or raise [query] max_nodes")


def _too_many(pattern: str, limit: int) -> TooManyMatches:
    return TooManyMatches(f"pattern {pattern[:200]!r} matches more than {limit} nodes; narrow it or raise [query] max_nodes")

"""Which paths a delete or a rename is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..schema.errors import QueryError
from ..schema.path import normalise
from ..schema.protocols import Match, PathIndex

_ALL_BELOW = "**"


class Rename(NamedTuple):
    """Path ``old``, which is ``id``, becomes ``new``."""

    id: int
    old: str
    new: str


def plan_delete(index: PathIndex, patterns: Sequence[str], limit: int) -> list[Match]:
    """The leaves that ``patterns`` name, each once, sorted by path: at a pattern's own depth, as whisper files would be, or with
    ``.**`` at its end all below the nodes that match what stands before; ``**`` is everything but tagged paths. A branch alone
    is nothing to delete.

    Raises QueryError where ``**`` stands elsewhere, TooManyMatches past ``limit`` nodes of one pattern.
    """
    found = {leaf.path: leaf for pattern in patterns for leaf in _named(index, pattern, limit)}
    return [found[path] for path in sorted(found)]


def plan_rename(index: PathIndex, old: str, new: str, limit: int) -> list[Rename]:
    """What follows when ``old``, a leaf, a branch or both, becomes ``new``: all below it moves along. Sorted by old path.

    Raises QueryError if there is no ``old``, if a path would come to where one is already, or for a branch that would get tags;
    InvalidPath for a path that cannot be; TooManyMatches past ``limit`` nodes.
    """
    moving = _at_and_below(index, _literal(old), limit)
    if not moving:
        raise QueryError(f"there is no path {old!r} and none below it")
    if ";" in _literal(new) and any(leaf.path != old for leaf in moving):
        raise QueryError(f"{old!r} has paths below it, and none can be below the tagged path {new!r}")
    renames = [Rename(_id(leaf), leaf.path, normalise((new + leaf.path[len(old) :]).encode())) for leaf in moving]
    taken = {leaf.path for leaf in _at_and_below(index, new, limit)}
    for rename in renames:
        if rename.new in taken:
            raise QueryError(f"{rename.old!r} cannot become {rename.new!r}: there is such a path already")
    return renames


def _named(index: PathIndex, pattern: str, limit: int) -> list[Match]:
    base, dot, last = pattern.rpartition(".")
    if ";" in pattern or _ALL_BELOW not in pattern:
        return index.leaves([pattern], limit)[0]
    if last != _ALL_BELOW or _ALL_BELOW in base:
        raise QueryError(f"pattern {pattern[:200]!r}: ** stands for all below, at the end and behind a dot")
    return list(_below(index, base + dot, limit))


def _at_and_below(index: PathIndex, path: str, limit: int) -> list[Match]:
    leaves = index.leaves([path], limit)[0]
    if ";" not in path:
        leaves += _below(index, path + ".", limit - len(leaves))
    return sorted(leaves, key=lambda leaf: leaf.path)


def _below(index: PathIndex, start: str, limit: int) -> Iterator[Match]:
    """Every leaf whose path begins with ``start``, a pattern that ends with a dot, or nothing at all: one find for each depth."""
    pattern: str | None = start + "*"
    while pattern:
        nodes = index.find(pattern, limit)
        limit -= len(nodes)
        yield from (node for node in nodes if node.id is not None)
        pattern = pattern + ".*" if any(node.branch for node in nodes) else None


def _literal(path: str) -> str:
    """A path as it is kept, which no glob and no other spelling is."""
    canonical = normalise(path.encode(errors="surrogatepass"))
    if canonical != path:
        raise QueryError(f"{path[:200]!r} is not one path as Cadent keeps them; did you mean {canonical[:200]!r}?")
    return path


def _id(leaf: Match) -> int:
    assert leaf.id is not None
    return leaf.id

"""Paths and points that are given up, and paths that move, by request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Deletion:
    """The paths that ``patterns`` name, or only their points in [start, stop), unix seconds, where one of both is given: None is
    the beginning, or the end, of all. ``dry_run``: tell what it would be."""

    patterns: Sequence[str]
    start: int | None = None
    stop: int | None = None
    dry_run: bool = False

    @property
    def is_of_points(self) -> bool:
        """Whether the paths stay."""
        return self.start is not None or self.stop is not None


@dataclass(frozen=True, slots=True)
class Erased:
    """Points of paths of ``policy`` in the windows of [start, stop)."""

    policy: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion was about: ``paths``, sorted. ``erased``: which of their points; empty if the paths themselves are gone."""

    paths: Sequence[str]
    erased: Sequence[Erased] = ()


class Changes(Protocol):
    """Asks for changes, and waits until they are durable. Any thread. All raise QueryError for what cannot be asked for,
    LimitExceeded, StoreError, ServiceError, and WriterGone if nobody writes."""

    def delete(self, wanted: Deletion) -> Deleted: ...

    def create(self, paths: Sequence[str]) -> Sequence[str]:
        """Canonical ``paths`` are there from now on, without points if they are new. Returns them."""

    def rename(self, old: str, new: str) -> Sequence[tuple[str, str]]:
        """A leaf or branch and all below it move. Returns each path and what it has become, sorted."""

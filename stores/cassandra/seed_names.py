"""The paths of an old Cadent's keyspace, as the names log of a writer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np

from ...index.frames import encode_add, encode_seen, scan
from ...index.id_map import LAST_DAY
from ...index.source import News
from ...index.tail import Piece, Place
from ...schema.errors import InvalidPath, Unavailable
from ...schema.path import normalise
from ...schema.policy import Policies
from .link import Link, Request
from .seed_tables import SeedTables

_log = logging.getLogger(__name__)

WRITER: Final = "seed/1"  # what the old Cadent counts as among writers

_PAGE_PATHS = 10_000
_PAGES_AT_ONCE = 32  # one time-out is for all of them
_PAUSE_S = 60.0


class _Page(NamedTuple):
    """Rows of ``path`` below the first segment ``root``, after the one with key ``after``."""

    root: str
    after: tuple[str, bool] = ("", False)


class SeedNames:
    """The paths of an old Cadent, numbered as they are found: implements NamesSource. A path that is gone later keeps its number,
    and is still found. ``path_of`` may be asked by any thread.

    When a path was seen first and last is not known: it is found on all days. Keys that are no canonical path are left out.
    """

    is_near = False
    writer = WRITER

    def __init__(self, link: Link, tables: SeedTables, policies: Policies, monotonic: Callable[[], float]) -> None:
        """``monotonic``: a clock in seconds. All is read once a minute."""
        self._link = link
        self._tables = tables
        self._policies = policies
        self._monotonic = monotonic
        self._paths: list[str] = []
        self._known: set[str] = set()
        self._refused: set[str] = set()
        self._place = Place(0)
        self._due = monotonic()

    @property
    def name(self) -> str:
        return f"table {self._tables.path} of keyspace {self._link.keyspace}"

    def path_of(self, number: int) -> str:
        """The path with id ``number``."""
        return self._paths[number]

    @contextmanager
    def news(self, place: Place | None) -> Iterator[News | None]:
        """All there is when ``place`` is not where the last news ended. Raises Unavailable, also while the pieces are read: what
        was read until then stays."""
        if place == self._place:
            yield News(place, self._new()) if self._monotonic() >= self._due else None
            return
        self._place = Place(self._place.nonce + 1)
        yield News(self._place, self._all())

    def _all(self) -> Iterator[Piece]:
        for first in range(0, len(self._paths), _PAGE_PATHS):
            yield self._piece(first, self._paths[first : first + _PAGE_PATHS])
        yield from self._new()

    def _new(self) -> Iterator[Piece]:
        """The paths that were not known before."""
        begun, refused = self._monotonic(), len(self._refused)
        for page in self._pages():
            first, paths = len(self._paths), [path for path in page if self._is_new(path)]
            if paths:
                self._paths += paths
                self._known.update(paths)
                yield self._piece(first, paths)
        self._due = begun + _PAUSE_S
        if len(self._refused) > refused:
            _log.warning("%s: %d keys are left out, for they are no paths, such as %r", self.name, *self._left_out())

    def _is_new(self, path: str) -> bool:
        if path in self._known or path in self._refused:
            return False
        if _is_canonical(path):
            return True
        self._refused.add(path)
        return False

    def _left_out(self) -> tuple[int, str]:
        """How many, and one of them."""
        return len(self._refused), next(iter(self._refused))

    def _piece(self, first: int, paths: Sequence[str]) -> Piece:
        """The next frames of the log: ``paths``, numbered from ``first`` on."""
        data = self._frames(first, paths)
        frames, _ = scan(data)
        piece = Piece(self._place.offset, data, frames)
        self._place = piece.place(self._place.nonce)
        return piece

    def _frames(self, first: int, paths: Sequence[str]) -> bytes:
        by_policy: dict[str, list[int]] = {}
        for number, path in enumerate(paths):
            by_policy.setdefault(self._policies.for_path(path).name, []).append(number)
        frames = []
        for policy, numbers in by_policy.items():
            names = [paths[number].encode() for number in numbers]
            ids = np.array(numbers, np.uint32) + np.uint32(first)
            frames.append(encode_add(policy, 0, ids, np.array([len(name) for name in names], np.uint16), b"".join(names)))
        frames.append(encode_seen(LAST_DAY, np.arange(first, first + len(paths), dtype=np.uint32)))
        return b"".join(frames)

    def _pages(self) -> Iterator[list[str]]:
        """All paths with points: each lies once below its first segment, beside the branches there."""
        roots = self._link.read(Request(f"SELECT segment FROM {self._tables.segment} WHERE pos = 0"))  # noqa: S608 - a name
        waiting = [_Page(root) for (root,) in roots]
        while waiting:
            asked, waiting = waiting[:_PAGES_AT_ONCE], waiting[_PAGES_AT_ONCE:]
            for index, rows in self._link.read_many([self._request(page) for page in asked]):
                if isinstance(rows, Unavailable):
                    raise rows
                yield [path for path, has_data in rows if has_data]
                if len(rows) == _PAGE_PATHS:
                    waiting.append(_Page(asked[index].root, rows[-1]))

    def _request(self, page: _Page) -> Request:
        statement = (
            f"SELECT path, has_data FROM {self._tables.path} WHERE segment = ? AND (path, has_data) > (?, ?) "  # noqa: S608 - a name
            f"LIMIT {_PAGE_PATHS}"
        )
        return Request(statement, ((0, page.root), *page.after))


def _is_canonical(path: str) -> bool:
    try:
        return normalise(path.encode()) == path
    except InvalidPath:
        return False

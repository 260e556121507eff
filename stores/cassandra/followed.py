"""The manifest of a writer in another process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ...schema.errors import Unavailable
from .link import Link
from .manifest import Manifest
from .manifest_table import load, newest_revision

# Queries wait for it, and a server that is there answers at once.
_TIMEOUT_S = 2.0


class Followed:
    """Asks now and then whether there is a newer one, and keeps to the last one while no server answers. Any thread."""

    def __init__(self, link: Link, writer: str, monotonic: Callable[[], float], fresh_s: float) -> None:
        self._link = link
        self._writer = writer
        self._monotonic = monotonic
        self._fresh_s = fresh_s
        self._asking = threading.Lock()  # over the four that follow
        self._asked = 0.0
        self._revision = 0
        self._known: Manifest | None = None
        self._trouble: Unavailable | None = None

    @property
    def trouble(self) -> Unavailable | None:
        """Why the last one that is known may not be the newest."""
        return self._trouble

    def newest(self) -> Manifest:
        """As it was ``fresh_s`` seconds ago, or later; see ``trouble``. Raises Unavailable while none is known."""
        known = self._known
        if known is None:
            return self._first()
        if self._monotonic() - self._asked >= self._fresh_s and self._asking.acquire(blocking=False):
            # The others go on with what is known: a server that is away must not hold up all of them.
            try:
                self._ask()
            finally:
                self._asking.release()
        return self._known or known

    def _first(self) -> Manifest:
        with self._asking:
            return self._known or self._load()

    def _ask(self) -> None:
        self._asked = self._monotonic()
        try:
            if newest_revision(self._link, self._writer, _TIMEOUT_S) > self._revision:
                self._load()
            self._trouble = None
        except Unavailable as error:
            self._trouble = error
            self._asked = self._monotonic()  # from the end of the wait, so that not every query waits

    def _load(self) -> Manifest:
        asked = self._monotonic()
        self._revision, self._known = load(self._link, self._writer)
        self._asked = asked
        return self._known

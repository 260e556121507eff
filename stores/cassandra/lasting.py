"""What of a manifest would be there still if hosts crashed now: they sync what they acknowledge some seconds later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from .link import Link
from .manifest import Manifest

# A host that is gone without a word is missed after some seconds, and its own clock of syncing is not exact.
SLACK_S: Final = 20.0


class _Change(NamedTuple):
    """``before``: the manifest before it; None if nobody knows. ``interruptions``: how many there were when it began."""

    before: Manifest | None
    interruptions: int
    time: float


class Lasting:
    """The changes of the last seconds: a connection that is lost now may take them with it. One thread."""

    def __init__(self, link: Link, period_s: float, monotonic: Callable[[], float]) -> None:
        """``period_s``: what a host acknowledged so long ago it has synced."""
        self._link = link
        self._period_s = period_s + SLACK_S
        self._monotonic = monotonic
        self._changes: deque[_Change] = deque()
        self.begin(None, link.interruptions)

    def begin(self, manifest: Manifest | None, interruptions: int) -> None:
        """Nothing is known but ``manifest``, which was written a moment ago; None: a former process wrote it."""
        self._changes.clear()
        self.note(manifest, interruptions)

    def note(self, before: Manifest | None, interruptions: int) -> None:
        """The manifest has changed from ``before``. ``interruptions``: of the link, when the change began."""
        self._changes.append(_Change(before, interruptions, self._monotonic()))

    @property
    def is_lost(self) -> bool:
        """Whether the connection was lost so soon after a change that it may not be there."""
        self._forget()
        return bool(self._changes) and self._changes[0].interruptions != self._link.interruptions

    def manifest(self, newest: Manifest) -> Manifest | None:
        """What lasts of the manifest that is ``newest``; None if nobody knows."""
        self._forget()
        return self._changes[0].before if self._changes else newest

    def _forget(self) -> None:
        now = self._monotonic()
        while self._changes and self._lasts(self._changes[0], now):
            self._changes.popleft()

    def _lasts(self, change: _Change, now: float) -> bool:
        return now - change.time >= self._period_s and change.interruptions == self._link.interruptions

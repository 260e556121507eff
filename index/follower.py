"""The trie of a names log that somebody else appends to."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..schema.errors import Damaged
from ._trie import Trie
from .snapshot import Snapshot, SnapshotFile
from .source import LocalNames
from .tail import Piece, Place


class _Current(NamedTuple):
    """``trie`` holds all of the log before ``place``; None: nothing was read."""

    trie: Trie
    place: Place | None


class Follower:
    """Keeps a trie equal to the names log of one data folder. Any thread. A log that is not there yet is an empty one."""

    def __init__(self, folder: Path) -> None:
        self._log = LocalNames("", folder)  # whose it is does not matter here
        self._snapshots = SnapshotFile(folder)
        self._reading = threading.Lock()
        self._current = _Current(Trie(), None)

    def load(self) -> None:
        """Begin with the snapshot if it is sound and of this log."""
        snapshot = self._snapshots.read()
        if snapshot is None:
            return
        try:
            trie = Trie.load(snapshot.columns)
        except ValueError:
            return
        with self._reading:
            self._current = _Current(trie, snapshot.place)

    def trie(self) -> Trie:
        """The trie with all that the log holds by now: one stat when that is what it held before.

        Raises Damaged, Unavailable, and StoreError for a log of a newer Cadent.
        """
        current = self._current
        if self._log.ends_at(current.place):
            return current.trie
        with self._reading:
            self._read_rest()
            return self._current.trie

    def look(self) -> None:
        """Read on, and keep the snapshot new."""
        self.trie()
        self.renew_snapshot()

    def renew_snapshot(self) -> None:
        """Write the snapshot if the log has grown enough and no other process does. Raises Unavailable."""
        place = self._current.place
        if place is not None and self._snapshots.is_due(place):
            self._snapshots.renew(place, self._take)

    def _take(self) -> Snapshot:
        with self._reading:  # the columns are exactly what is before the place
            trie, place = self._current
            assert place is not None
            return Snapshot(place, trie.dump())

    def _read_rest(self) -> None:
        if not self._log.is_there:
            self._forget()
            return
        with self._log.news(self._current.place) as news:
            if news is None:
                return
            if news.start != self._current.place:
                self._current = _Current(Trie(), news.start)
            for piece in news.pieces:
                apply_piece(self._current.trie, piece, self._log.name)
                self._current = _Current(self._current.trie, piece.place(news.start.nonce))

    def _forget(self) -> None:
        """There is no log: nothing has a path."""
        if self._current.place is not None:
            self._current = _Current(Trie(), None)


def apply_piece(trie: Trie, piece: Piece, log: str) -> None:
    """Take the frames of a piece of ``log`` into the trie. Raises Damaged for one that makes no sense."""
    try:
        trie.apply(piece.data, piece.frames.view(np.uint8).data)
    except ValueError as error:
        raise Damaged(log, piece.offset, f"counted from there, {error}") from error

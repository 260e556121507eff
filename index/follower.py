"""The trie of a names log that somebody else appends to."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..schema.errors import Damaged
from ._trie import Trie
from .snapshot import Snapshot, SnapshotFile
from .tail import FileState, Piece, Place, check_tail, holds, log_path, opened, pieces, read_header, state_of


class _Current(NamedTuple):
    """``trie`` holds all of the log as it was in ``state``; None: there may be more to read."""

    trie: Trie
    state: FileState | None


class Follower:
    """Keeps a trie equal to the names log of one data folder. Any thread. A log that is not there yet is an empty one."""

    def __init__(self, folder: Path) -> None:
        self._path = log_path(folder)
        self._snapshots = SnapshotFile(folder)
        self._reading = threading.Lock()
        self._place: Place | None = None
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
            self._place = snapshot.place
            self._current = _Current(trie, None)

    def trie(self) -> Trie:
        """The trie with all that the log holds by now: one stat when that is what it held before.

        Raises Damaged, Unavailable, and StoreError for a log of a newer Cadent.
        """
        current = self._current
        if current.state is not None and current.state == state_of(self._path):
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
        place = self._place
        if place is not None and self._snapshots.is_due(place):
            self._snapshots.renew(place, self._take)

    def _take(self) -> Snapshot:
        with self._reading:  # the columns are exactly what is before the place
            assert self._place is not None
            return Snapshot(self._place, self._current.trie.dump())

    def _read_rest(self) -> None:
        state = state_of(self._path)  # before reading: what comes meanwhile is read next time
        if state is None:
            self._forget()
            return
        if state == self._current.state:
            return
        with opened(self._path) as file:
            header = read_header(self._path, file)
            if self._place is None or not holds(file, header, self._place):
                self._begin(Place(header.nonce))
            end = self._apply(file, header.nonce)
            torn = check_tail(self._path, file, end)
        # The rest of a frame may come without a change that a stat would show.
        self._current = _Current(self._current.trie, None if torn else state)

    def _begin(self, place: Place) -> None:
        """An empty trie, to be filled from ``place`` on."""
        self._current = _Current(Trie(), None)
        self._place = place

    def _forget(self) -> None:
        """There is no log: nothing has a path."""
        if self._place is not None:
            self._current = _Current(Trie(), None)
            self._place = None

    def _apply(self, file: int, nonce: int) -> int:
        """Take in the frames after our place. Returns where the last one ends."""
        trie, place = self._current.trie, self._place
        assert place is not None
        for piece in pieces(file, place.offset):
            apply_piece(trie, piece, self._path)
            self._place = place = piece.place(nonce)
        return place.offset


def apply_piece(trie: Trie, piece: Piece, log: Path | str) -> None:
    """Take the frames of a piece of ``log`` into the trie. Raises Damaged for one that makes no sense."""
    try:
        trie.apply(piece.data, piece.frames.view(np.uint8).data)
    except ValueError as error:
        raise Damaged(str(log), piece.offset, f"counted from there, {error}") from error

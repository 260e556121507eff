"""Where a reader gets the names of a writer from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from .tail import FileState, Piece, Place, check_tail, holds, log_path, opened, pieces, read_header, state_of


class News(NamedTuple):
    """``pieces`` of a names log from ``start`` on. If that is not the place that was asked about, the log was replaced, and they
    are all that it holds."""

    start: Place
    pieces: Iterator[Piece]


class NamesSource(Protocol):
    """The names log of one writer, wherever it is. One thread at a time."""

    @property
    def writer(self) -> str: ...

    @property
    def name(self) -> str:
        """What to call the log in messages."""

    @property
    def is_near(self) -> bool:
        """Whether asking for news costs so little that every query may."""

    def news(self, place: Place | None) -> AbstractContextManager[News | None]:
        """What came after ``place``, or all there is; None if nothing did, or there is no log yet. Raises Damaged, Unavailable,
        and StoreError for a log of a newer Cadent, also while the pieces are read."""


class LocalNames:
    """The names log of a data folder: implements NamesSource."""

    is_near = True

    def __init__(self, writer: str, folder: Path) -> None:
        self.writer = writer
        self._path = log_path(folder)
        self._ends: tuple[FileState, Place] | None = None  # the log in this state has nothing after this place

    @property
    def name(self) -> str:
        return str(self._path)

    @property
    def is_there(self) -> bool:
        """Whether there is a log."""
        return state_of(self._path) is not None

    def ends_at(self, place: Place | None) -> bool:
        """Whether the log is known to have nothing after ``place``: one stat. Any thread."""
        return (state_of(self._path), place) == self._ends

    @contextmanager
    def news(self, place: Place | None) -> Iterator[News | None]:
        state = state_of(self._path)  # before reading: what comes meanwhile is read next time
        if state is None or (state, place) == self._ends:
            yield None
            return
        with opened(self._path) as file:
            header = read_header(self._path, file)
            start = place if place is not None and holds(file, header, place) else Place(header.nonce)
            yield News(start, self._pieces(file, start, state))

    def _pieces(self, file: int, place: Place, state: FileState) -> Iterator[Piece]:
        for piece in pieces(file, place.offset):
            yield piece
            place = piece.place(place.nonce)
        torn = check_tail(self._path, file, place.offset)
        # The rest of a frame may come without a change that a stat would show.
        self._ends = None if torn else (state, place)

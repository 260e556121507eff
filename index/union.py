"""The index of several writers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from ..schema.errors import Damaged, StoreError
from ..schema.rows import Ids
from ._trie import Trie
from .follower import apply_piece
from .living import Living
from .path_index import FollowingIndex
from .source import NamesSource, News
from .tail import Piece, Place
from .union_trie import UnionTrie

LOOK_S = 2.0  # a source that is not near is asked so often


class UnionIndex(FollowingIndex):
    """Answers globs for the paths of several writers together: implements PathIndex. Any thread. The ids of its matches are its
    own: ``ids_of`` says what they are at a writer.

    A query reads first what is new at the sources that are near, and raises if one of them cannot be read. The others are
    followed by a thread: while one of them cannot be read, its writer's paths are those that were read last; see ``behind``.
    """

    def __init__(self, sources: Sequence[NamesSource]) -> None:
        self._union = _UnionFollower(sources)
        super().__init__(self._union, LOOK_S)

    def join(self, source: NamesSource) -> None:
        """Follow one more writer, from the next look on."""
        self._union.join(source)

    def ids_of(self, writer: str, union_ids: Ids) -> Ids:
        """What ``union_ids`` are at ``writer``; NO_ID where it does not have their paths."""
        return self._union.names.ids_of(writer, union_ids)

    @property
    def behind(self) -> Mapping[str, StoreError]:
        """The writers whose names could not be read when the thread looked last, with the reason."""
        return self._union.behind


class _Followed:
    """A source and how far it was read: ``place`` is None before the first time."""

    def __init__(self, source: NamesSource) -> None:
        self.source = source
        self.reading = threading.Lock()
        self.place: Place | None = None


class _UnionFollower:
    """Keeps a union equal to its sources. Any thread."""

    def __init__(self, sources: Sequence[NamesSource]) -> None:
        self.names = UnionTrie()
        self.behind: Mapping[str, StoreError] = {}
        self._changing = threading.Lock()
        self._all = tuple(map(_Followed, sources))

    def join(self, source: NamesSource) -> None:
        with self._changing:
            self._all = (*self._all, _Followed(source))

    def load(self) -> None:
        """Nothing is quicker to read than the logs."""

    def trie(self) -> Trie:
        for one in self._all:
            if one.source.is_near:
                self._read(one)
        return self.names.trie

    def look(self) -> None:
        """Read what is new at every source. Raises what is wrong with the first that cannot be read, once all others were."""
        behind: dict[str, StoreError] = {}
        for one in self._all:
            try:
                self._read(one)
            except StoreError as error:  # noqa: PERF203  # a source that fails must not keep the others from being read
                behind[one.source.writer] = error
        self.behind = behind
        if behind:
            raise next(iter(behind.values()))

    def _read(self, one: _Followed) -> None:
        with one.reading, one.source.news(one.place) as news:
            if news is None:
                return
            if one.place in (None, news.start):
                self._go_on(one, news)
            else:
                self._begin_anew(one, news)

    def _go_on(self, one: _Followed, news: News) -> None:
        one.place = news.start
        for piece in news.pieces:
            self._take(one.source, piece)
            one.place = piece.place(news.start.nonce)

    def _take(self, source: NamesSource, piece: Piece) -> None:
        try:
            with self._changing:
                self.names.take(source.writer, piece)
        except ValueError as error:
            raise Damaged(source.name, piece.offset, f"counted from there, {error}") from error

    def _begin_anew(self, one: _Followed, news: News) -> None:
        """The log was replaced: what it holds in the end takes the place of what the writer had, so that nobody sees the old
        states it went through."""
        trie, place = Trie(), news.start
        for piece in news.pieces:
            apply_piece(trie, piece, one.source.name)
            place = piece.place(place.nonce)
        with self._changing:
            self.names.replace(one.source.writer, Living(trie))
        one.place = place

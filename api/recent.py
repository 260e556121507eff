"""Answers of the last moment: equal requests are worked on once."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from ..query.missing import NOTHING, Missing
from .encode import Piece

# A worker holds so many bytes of answers, each of at most a part of them; a larger one is made again.
_MOST_BYTES = 32 << 20
_MOST_OF_ONE = 2 << 20


@dataclass(frozen=True, slots=True)
class Body:
    """What a request is answered. ``tag`` is the same for the same bytes, empty for an answer that is not kept."""

    pieces: Sequence[Piece]
    mimetype: str
    missing: Missing
    tag: str = ""

    @classmethod
    def of(cls, pieces: Sequence[Piece], mimetype: str, missing: Missing) -> Body:
        """With its tag, unless it is large or incomplete."""
        if missing != NOTHING or sum(map(len, pieces)) > _MOST_OF_ONE:
            return cls(pieces, mimetype, missing)
        whole = b"".join(pieces)
        return cls([whole], mimetype, missing, hashlib.blake2b(whole, digest_size=16).hexdigest())

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.pieces))


class Recent:
    """Keeps answers for ``keep_s`` seconds of ``monotonic``. Any thread."""

    def __init__(self, keep_s: float, monotonic: Callable[[], float]) -> None:
        self._keep_s = keep_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[float, Body]] = OrderedDict()  # oldest first, with its end
        self._size_bytes = 0
        self._under_way: dict[Hashable, Future[Body]] = {}

    def get(self, key: Hashable, make: Callable[[], Body]) -> Body:
        """The answer of ``key``, from the last moment, from a thread that makes it just now, or from ``make``; raises what that
        raises."""
        with self._lock:
            self._forget_old()
            if key in self._kept:
                return self._kept[key][1]
            waited_for = self._under_way.get(key)
            if waited_for is None:
                self._under_way[key] = Future()
        return self._make(key, make) if waited_for is None else waited_for.result()

    def _make(self, key: Hashable, make: Callable[[], Body]) -> Body:
        future = self._under_way[key]
        try:
            body = make()
        except BaseException as error:
            self._end(key)
            future.set_exception(error)
            raise
        self._end(key, body)
        future.set_result(body)
        return body

    def _end(self, key: Hashable, body: Body | None = None) -> None:
        with self._lock:
            del self._under_way[key]
            if body and body.tag:
                self._kept[key] = self._monotonic() + self._keep_s, body
                self._size_bytes += body.size_bytes

    def _forget_old(self) -> None:
        now = self._monotonic()
        while self._kept:
            key, (end, body) = next(iter(self._kept.items()))
            if end > now and self._size_bytes <= _MOST_BYTES:
                return
            del self._kept[key]
            self._size_bytes -= body.size_bytes

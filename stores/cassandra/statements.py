"""Requests as the driver takes them."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from cassandra.query import BatchStatement, BatchType, SimpleStatement

from .errors import passes, translated

_PAGE_ROWS = 1000
_TRIES = 3
# Done once, and a server keeps what was prepared for its next start, where these fail.
_DEFINITION = re.compile(r"\s*(CREATE|ALTER|DROP|TRUNCATE)\b", re.IGNORECASE)


class Request(NamedTuple):
    """``statement``: CQL with ? marks, for ``values``. The text is kept for ever: few texts, many values."""

    statement: str
    values: tuple[object, ...] = ()


class Batch(NamedTuple):
    """Done in one atomic step: all ``requests`` are of one partition."""

    requests: Sequence[Request]


class Statements:
    """Prepares each text once; the driver does it again where a host has forgotten it. Any thread."""

    def __init__(self, session: Any, place: str) -> None:
        self._session = session
        self._place = place
        self._lock = threading.Lock()
        self._prepared: dict[str, Any] = {}

    def bind(self, request: Request | Batch) -> Any:
        """What ``execute_async`` takes. Asks the server when a text is new: raises what ``translated`` gives."""
        if isinstance(request, Request):
            if _DEFINITION.match(request.statement):
                return SimpleStatement(request.statement, is_idempotent=True)
            return self._of(request.statement).bind(request.values)
        batch = BatchStatement(BatchType.UNLOGGED)
        batch.is_idempotent = True
        for each in request.requests:
            batch.add(self._of(each.statement), each.values)
        return batch

    def _of(self, text: str) -> Any:
        prepared = self._prepared.get(text)
        if prepared is None:
            with self._lock:
                prepared = self._prepared.get(text) or self._prepared.setdefault(text, self._prepare(text))
        return prepared

    def _prepare(self, text: str) -> Any:
        prepared = self._ask(text)
        prepared.is_idempotent = True
        prepared.fetch_size = _PAGE_ROWS
        return prepared

    def _ask(self, text: str, tries: int = _TRIES) -> Any:
        try:
            return self._session.prepare(text)
        except Exception as error:
            if tries > 1 and passes(error):
                return self._ask(text, tries - 1)
            raise translated(error, self._place) from error

"""One data folder alone writes under a writer's name."""

from __future__ import annotations

from typing import Final

from ...schema.errors import StoreError
from .link import Link, Request

# After so long without a renewal another folder may have the name.
LEASE_S: Final = 30

_TAKE: Final = "INSERT INTO lease (writer, holder, place) VALUES (?, ?, ?) IF NOT EXISTS USING TTL ?"
_RENEW: Final = "UPDATE lease USING TTL ? SET holder = ?, place = ? WHERE writer = ? IF holder = ?"
_END: Final = "DELETE FROM lease WHERE writer = ? IF holder = ?"
_PLACE: Final = "SELECT place FROM lease WHERE writer = ?"


class Lease:
    """That of ``writer``, for the folder that ``holder`` stands for; ``place``: where that is, for people. One thread. Raises
    Unavailable."""

    def __init__(self, link: Link, writer: str, holder: str, place: str) -> None:
        self._link = link
        self._writer = writer
        self._holder = holder
        self._place = place

    def take(self) -> str:
        """Empty if it is ours from now on; else where the folder is that has it. A process of the same folder gives way."""
        if self._applies(_TAKE, self._writer, self._holder, self._place, LEASE_S) or self._extend():
            return ""
        rows = self._link.read(Request(_PLACE, (self._writer,)))
        return str(rows[0][0]) if rows else self.take()

    def renew(self) -> None:
        """To be called more often than it ends. Raises StoreError if another folder has it, as it can when no server answered for
        too long."""
        place = "" if self._extend() else self.take()
        if place:
            raise StoreError(f"writer {self._writer} of keyspace {self._link.keyspace} is {place} now: this one has to stop")

    def end(self) -> None:
        """Another folder may have it at once."""
        self._applies(_END, self._writer, self._holder)

    def _extend(self) -> bool:
        return self._applies(_RENEW, LEASE_S, self._holder, self._place, self._writer, self._holder)

    def _applies(self, statement: str, *values: object) -> bool:
        ((applied, *_),) = self._link.read(Request(statement, values))
        return bool(applied)

"""Events in a SQLite file of the data folder, described in docs/formats/events.md."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import quote

from ..schema.errors import StoreError, Unavailable
from ..schema.event import MOST_EVENTS, Event, TagSet
from .disk import disk

FORMAT = 1
APPLICATION_ID = 0x43444E54  # CDNT

TABLES = """
CREATE TABLE event (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, what TEXT NOT NULL, tags TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX event_time ON event (time);
CREATE TABLE tag (name TEXT, time INTEGER, event INTEGER, PRIMARY KEY (name, time, event)) WITHOUT ROWID;
"""

# Another process holds the lock for a few syncs of the disk.
_BUSY_S = 5.0

# What SQLite says when it is not the file that is at fault.
_PASSING = {
    "attempt to write a readonly database",
    "database is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
}

_IDS_END = 1 << 63  # SQLite's integers

_ALL = "SELECT id FROM event WHERE time >= ? AND time < ? ORDER BY time DESC, id DESC LIMIT ?"
_TAGGED = """
    SELECT event FROM tag WHERE name IN ({marks}) AND time >= ? AND time < ?
    GROUP BY time, event HAVING count(*) >= ? ORDER BY time DESC, event DESC LIMIT ?
"""
_EVENTS = "SELECT id, time, what, tags, data FROM event WHERE id IN ({ids}) ORDER BY time, id"

_Row = tuple[object, ...]


class EventsFile:
    """``<folder>/events.db``, made by the first event; implements ``Events``.

    A connection lives for one call: a process may fork or be killed at any time, and what it had begun the next one undoes.
    A rollback journal, for it is readable in a folder that is not writable.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.db"
        # Of a process that was killed there may be a journal: its bytes belong to the file.
        self.files = (self.path, folder / "events.db-journal")

    def add(self, event: Event) -> int:
        with self._opened("rwc") as db:
            db.execute("PRAGMA synchronous = EXTRA")  # the end of the journal is synced too
            db.execute("BEGIN IMMEDIATE")
            if self._is_new(db):
                _make_tables(db)
            id_ = _insert(db, event)
            db.execute("COMMIT")
        return id_

    def find(
        self, start: int, stop: int, tags: Collection[str] = (), tag_set: TagSet = "intersection", limit: int = MOST_EVENTS
    ) -> list[Event]:
        start, stop = (max(-_IDS_END, min(time, _IDS_END - 1)) for time in (start, stop))
        wanted = set(tags)
        if not wanted:
            return self._read(_EVENTS.format(ids=_ALL), start, stop, limit)
        least = 1 if tag_set == "union" else len(wanted)
        ids = _TAGGED.format(marks=", ".join("?" * len(wanted)))
        return self._read(_EVENTS.format(ids=ids), *wanted, start, stop, least, limit)

    def get(self, id: int) -> Event | None:
        found = self._read(_EVENTS.format(ids="?"), id) if 0 < id < _IDS_END else []
        return found[0] if found else None

    def copy_to(self, folder: Path) -> None:
        """Put a copy of the file as it is at one moment into ``folder``, durably but for its name; none if there is none. Others
        may write meanwhile. Raises Unavailable, StoreError."""
        target = EventsFile(folder)
        with self._reading() as db:
            # A backup would wait for a lock without end; this connection holds one.
            if db and not self._is_new(db):
                with target._opened("rwc") as copy:
                    db.backup(copy)

    def damage(self) -> str | None:
        """A sentence if the file is damaged as far as SQLite can see. Raises Unavailable, and StoreError for a later version."""
        try:
            with self._reading() as db:
                found = db.execute("PRAGMA integrity_check(1)").fetchone()[0] if db and not self._is_new(db) else "ok"
        except _DamagedFile as error:
            return str(error)
        return None if found == "ok" else f"{self.path} is damaged: {found}"

    def _read(self, query: str, *values: int | str) -> list[Event]:
        with self._reading() as db:
            rows = db.execute(query, values).fetchall() if db and not self._is_new(db) else []
            return [self._event(row) for row in rows]

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """In one state of the file; None if there is no file."""
        with disk(self.path):
            exists = self.path.exists()
        if not exists:
            yield None
            return
        with self._opened("rw") as db:
            db.execute("BEGIN")
            yield db

    @contextlib.contextmanager
    def _opened(self, mode: str) -> Iterator[sqlite3.Connection]:
        """What is not committed at its end has not happened. SQLite's errors become ours."""
        place = f"file:{quote(bytes(self.path))}?mode={mode}"
        try:
            with contextlib.closing(sqlite3.connect(place, _BUSY_S, isolation_level=None, uri=True)) as db:
                yield db
        except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite's sentence may hold damaged bytes
            if str(error) in _PASSING:
                raise Unavailable(f"{self.path}: {error}") from error
            raise _DamagedFile(self.path, error) from error

    def _is_new(self, db: sqlite3.Connection) -> bool:
        """Whether the first event is still to come: a process may have been killed when it had made the file."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in {0, FORMAT}:
            raise StoreError(f"{self.path} has format {version}; this version of cadent reads up to {FORMAT}")
        return bool(version == 0)

    def _event(self, row: _Row) -> Event:
        id_, when, what, tags, data = row
        if (
            isinstance(id_, int)
            and isinstance(when, int)
            and isinstance(what, str)
            and isinstance(tags, str)
            and isinstance(data, str)
        ):
            return Event(when, what, tuple(tags.split(" ")) if tags else (), data, id_)
        raise _DamagedFile(self.path, f"event {id_} is {row!r}")


class _DamagedFile(StoreError):
    """Nothing says at which byte."""

    def __init__(self, path: Path, what: object) -> None:
        super().__init__(f"{path} is damaged: {str(what)[:200]}")


def _make_tables(db: sqlite3.Connection) -> None:
    for statement in TABLES.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {FORMAT}")


def _insert(db: sqlite3.Connection, event: Event) -> int:
    values = (event.when, event.what, " ".join(event.tags), event.data)
    id_ = db.execute("INSERT INTO event (time, what, tags, data) VALUES (?, ?, ?, ?)", values).lastrowid
    assert id_ is not None
    db.executemany("INSERT INTO tag VALUES (?, ?, ?)", [(tag, event.when, id_) for tag in set(event.tags)])
    return id_

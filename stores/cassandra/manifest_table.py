"""The table ``chunk_set``: the manifest of each writer, in one partition, which a batch changes in one atomic step.

Every write has a revision of its own, which is its timestamp too: what is written later wins, whatever clocks say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from ...schema.errors import Unavailable
from ...schema.identity import Identity, Level, Mode
from ...schema.protocols import ChunkSet
from .link import Batch, Link, Request
from .manifest import Erasure, LevelEntry, Manifest, Seal, SetEntry

# What a former process sent, and what arrives late, is far below the revisions of the next one.
_APART: Final = 1 << 32
_TRIES = 10

_REVISION = "SELECT DISTINCT writer, revision FROM chunk_set WHERE writer = ?"
_HEAD = "SELECT DISTINCT writer, revision, generation, next_number, pending, sealed FROM chunk_set WHERE writer = ?"
_ROWS = (
    "SELECT revision, policy, step, number, kind, start, stop, origin, first, last, mode, rolled_up_to_s, size_bytes, "
    "highest_id, ids_number, ids FROM chunk_set WHERE writer = ?"
)
_PUT_HEAD = "UPDATE chunk_set USING TIMESTAMP ? SET revision = ?, generation = ?, next_number = ? WHERE writer = ?"
_PUT_SEALED = "UPDATE chunk_set USING TIMESTAMP ? SET sealed[?] = ? WHERE writer = ?"
_PUT_PENDING = "UPDATE chunk_set USING TIMESTAMP ? SET pending[?] = ? WHERE writer = ?"
_DROP_PENDING = "DELETE pending[?] FROM chunk_set USING TIMESTAMP ? WHERE writer = ?"
_PUT_SET = (
    "INSERT INTO chunk_set (writer, policy, step, number, kind, start, stop, origin, first, last, mode, rolled_up_to_s, "
    "size_bytes, highest_id, ids_number) VALUES (?, ?, ?, ?, 'chunks', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
_PUT_ERASURE = (
    "INSERT INTO chunk_set (writer, policy, step, number, kind, start, stop, ids) VALUES (?, ?, ?, ?, 'erasure', ?, ?, ?) "
    "USING TIMESTAMP ?"
)
_DROP_ROW = "DELETE FROM chunk_set USING TIMESTAMP ? WHERE writer = ? AND policy = ? AND step = ? AND number = ?"
_DROP_ALL = "DELETE FROM chunk_set USING TIMESTAMP ? WHERE writer = ?"


def newest_revision(link: Link, writer: str, timeout_s: float | None = None) -> int:
    """Of the manifest as it is there now; 0 if there is none. Raises Unavailable."""
    rows = link.read(Request(_REVISION, (writer,)), timeout_s=timeout_s)
    return rows[0][1] if rows else 0


class Loaded(NamedTuple):
    """A manifest as it was read."""

    revision: int
    manifest: Manifest


def load(link: Link, writer: str) -> Loaded:
    """The manifest as it is there now. Raises Unavailable."""
    for _ in range(_TRIES):
        head = link.read(Request(_HEAD, (writer,)))
        rows = link.read(Request(_ROWS, (writer,)))
        if not head:
            return Loaded(0, Manifest())
        revision = head[0][1]
        if all(row[0] == revision for row in rows):  # several reads, and pages: it may have changed between them
            return Loaded(revision, _manifest(head[0], rows))
    raise Unavailable(f"keyspace {link.keyspace}: the manifest of writer {writer} changed {_TRIES} times while it was read")


class ManifestTable:
    """A writer's manifest as it was last acknowledged. One thread; no other process writes for this writer.

    All raise Unavailable; then it is in doubt whether anything was written, until ``settle``.
    """

    def __init__(self, link: Link, writer: str) -> None:
        self._link = link
        self._writer = writer
        loaded, self.manifest = load(link, writer)
        self._revision = loaded + _APART
        self.replace_all(self.manifest)  # what a former process sent and was not answered has no effect from now on

    def replace(self, manifest: Manifest) -> None:
        """``manifest`` is there from now on. Not to be called in doubt."""
        self._write(self.manifest, manifest)

    def replace_all(self, manifest: Manifest) -> None:
        """The same, whatever is there."""
        self._write(None, manifest)

    def settle(self) -> bool:
        """End the doubt: what was not acknowledged has not happened. Returns whether there was any."""
        if not self._in_doubt:
            return False
        # One past the generation that readers may have seen.
        self.replace_all(replace(self.manifest, generation=self.manifest.generation + 2))
        return True

    def _write(self, before: Manifest | None, after: Manifest) -> None:
        self._revision += 2
        self._in_doubt = True
        self._link.write(Batch(list(_requests(self._writer, self._revision, before, after))))
        self.manifest = after
        self._in_doubt = False


def _requests(writer: str, revision: int, before: Manifest | None, after: Manifest) -> Iterator[Request]:
    """What makes ``after`` of ``before``, or of anything."""
    if before is None:
        yield Request(_DROP_ALL, (revision - 1, writer))
        before = Manifest()
    yield Request(_PUT_HEAD, (revision, revision, after.generation, after.next_number, writer))
    for seal in before.pending.keys() - after.pending.keys():
        yield Request(_DROP_PENDING, (str(seal), revision, writer))
    for seal, number in after.pending.items() - before.pending.items():
        yield Request(_PUT_PENDING, (revision, str(seal), number, writer))
    for level, entry in after.levels.items():
        if entry is not before.levels.get(level):
            yield from _level_requests(writer, revision, level, before.level(level), entry)
    for level in before.levels.keys() - after.levels.keys():
        raise ValueError(f"level {level} would be forgotten")


def _level_requests(writer: str, revision: int, level: Level, before: LevelEntry, after: LevelEntry) -> Iterator[Request]:
    """A level is there once it has a sealed sequence, if it is 0."""
    yield Request(_PUT_SEALED, (revision, str(level), after.sealed, writer))
    old, new = _by_number(before), _by_number(after)
    for number in old.keys() - new.keys():
        yield Request(_DROP_ROW, (revision, writer, level.policy, level.step_s, number))
    for number, one in new.items():
        if one != old.get(number):
            key = (writer, level.policy, level.step_s, number)
            yield _put_set(key, one, revision) if isinstance(one, SetEntry) else _put_erasure(key, one, revision)


def _by_number(entry: LevelEntry) -> dict[int, SetEntry | Erasure]:
    rows: list[SetEntry | Erasure] = [*entry.sets, *entry.erasures]
    return {one.number: one for one in rows}


def _put_set(key: tuple[Any, ...], one: SetEntry, revision: int) -> Request:
    chunks, who = one.chunks, one.chunks.identity
    values = (chunks.start, chunks.stop, who.writer, who.first, who.last, who.mode.name.lower(), chunks.rolled_up_to_s)
    return Request(_PUT_SET, (*key, *values, chunks.size_bytes, one.highest_id, one.ids_number, revision))


def _put_erasure(key: tuple[Any, ...], one: Erasure, revision: int) -> Request:
    return Request(_PUT_ERASURE, (*key, one.start, one.stop, one.ids.astype("<u4").tobytes(), revision))


def _manifest(head: tuple[Any, ...], rows: Iterable[tuple[Any, ...]]) -> Manifest:
    _, _, generation, next_number, pending, sealed = head
    sets: dict[Level, list[SetEntry]] = {}
    erasures: dict[Level, list[Erasure]] = {}
    for _, policy, step_s, number, kind, *values in rows:
        if kind == "chunks":
            sets.setdefault(Level(policy, step_s), []).append(_set(number, *values))
        elif kind == "erasure":  # none of both: there is nothing but the head
            start, stop, *_, ids = values
            erasures.setdefault(Level(policy, step_s), []).append(Erasure(number, start, stop, np.frombuffer(ids, "<u4")))
    levels = {
        level: LevelEntry(last).having(sets.get(level, ())).erasing(erasures.get(level, ()))
        for level, last in _by_level(sealed).items()
    }
    seals = {Seal.parse(name): number for name, number in (pending or {}).items()}
    return Manifest(generation, next_number, seals, levels)


def _set(
    number: int,
    start: int,
    stop: int,
    origin: str,
    first: int,
    last: int,
    mode: str,
    rolled_up_to_s: int,
    size_bytes: int,
    highest_id: int,
    ids_number: int,
    _ids: None,
) -> SetEntry:
    identity = Identity(origin, first, last, Mode[mode.upper()])
    return SetEntry(ChunkSet(number, identity, start, stop, rolled_up_to_s, size_bytes), highest_id, ids_number)


def _by_level(sealed: Mapping[str, int] | None) -> dict[Level, int]:
    return {Level.parse(name): last for name, last in (sealed or {}).items()}

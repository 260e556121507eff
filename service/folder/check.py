"""Reads every checksum of a data folder and tells what damage took."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ...index.living import Living, read_living
from ...index.losses import NamesLoss, examine_names
from ...index.snapshot import Snapshot, SnapshotFile
from ...schema.errors import Damaged, StoreError
from ...schema.rows import Ids
from ...stores import layout
from ...stores.events import EventsFile
from ...stores.files.losses import Loss
from ...stores.files.store import FilesStore
from ...stores.log.losses import LogLoss, closed_loss, closed_segments, examine

# Paths that are named of those that lost points.
_NAMED = 3
# Blocks alone do not say which of them hold the same points, at another step or as inputs of a merge that was cut short.
_NO_MANIFEST = "blocks are not read without it, and nothing can replace it: restore a snapshot"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something damaged: ``reason`` names file and offset, ``lost`` what is gone with it. ``loss``: the same for a repair."""

    reason: str
    lost: str
    loss: Loss | LogLoss | NamesLoss | Path

    def __str__(self) -> str:
        return f"{self.reason}; {self.lost}"


class Check:
    """All of a data folder that nobody writes, or what does not change of one that somebody does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of_all(self) -> Iterator[Finding]:
        """To be called while nobody writes. Raises Unavailable, and StoreError for a later version."""
        states = [examine(self._folder, level) for level in layout.levels(self._folder)]
        used = max((state.next_id for state in states), default=0)
        yield from self._trie()
        yield from (_of_log(loss) for state in states for loss in state.losses)
        with contextlib.closing(FilesStore(self._folder)) as store:
            unreadable = self._manifest(store)
            if unreadable:
                yield unreadable
            else:
                yield from map(self._of_block, store.losses())
                used = max(used, store.snapshot().next_id())
        yield from map(_of_names, examine_names(self._folder, used).losses)
        yield from self._events()

    def of_unchanging(self) -> Iterator[Finding]:
        """While somebody writes: blocks, closed segments, names, events, the trie's file. Raises as ``of_all``."""
        yield from self._trie()
        for level in layout.levels(self._folder):
            losses = (closed_loss(level, path) for path in closed_segments(self._folder, level))
            yield from (_of_log(loss) for loss in losses if loss)
        with contextlib.closing(FilesStore(self._folder)) as store:
            # Blocks go when they are merged: only what is still named is missed.
            yield from (self._of_block(loss) for loss in store.losses() if _is_named(store, loss))
        yield from map(_of_names, examine_names(self._folder, 0).losses)
        yield from self._events()

    def _trie(self) -> Iterator[Finding]:
        path = SnapshotFile(self._folder).path
        try:
            Snapshot.decode(path.read_bytes())
        except FileNotFoundError:
            return
        except ValueError as error:
            yield Finding(f"{path} is damaged: {error}", "nothing is lost: it is made of the names log", path)

    def _events(self) -> Iterator[Finding]:
        file = EventsFile(self._folder)
        damage = file.damage()
        if damage:
            yield Finding(damage, "lost: events, which may be all", file.path)

    def _manifest(self, store: FilesStore) -> Finding | None:
        try:
            store.snapshot()
        except Damaged as error:
            return Finding(str(error), _NO_MANIFEST, self._folder / "manifest")
        return None

    def _of_block(self, loss: Loss) -> Finding:
        of = "of all paths in it" if loss.ids is None else self._paths(loss.ids)
        return Finding(loss.reason, f"lost: {loss.level} {_between(loss.start, loss.stop)} {of}", loss)

    def _paths(self, ids: Ids) -> str:
        living = self._living
        named = living.paths(ids[:_NAMED]) if living else []
        return f"of {len(ids):,} paths{': ' if named else ''}{', '.join(named)}{', ...' if len(ids) > len(named) > 0 else ''}"

    @cached_property
    def _living(self) -> Living | None:
        try:
            return read_living(self._folder)
        except StoreError:
            return None


def _is_named(store: FilesStore, loss: Loss) -> bool:
    return loss.chunks in store.snapshot().sets(loss.level)


def _of_log(loss: LogLoss) -> Finding:
    where = _between(loss.start, loss.stop) if loss.stop else "of an unknown time"
    return Finding(loss.reason, f"lost: {loss.level} rows {where}, which may be in part", loss)


def _of_names(loss: NamesLoss) -> Finding:
    if loss.next_id <= loss.first_id:
        return Finding(loss.reason, "lost: deletes, renames or days, if any", loss)
    return Finding(loss.reason, f"lost: paths of ids {loss.first_id:,} to {loss.next_id - 1:,}, if they had one", loss)


def _between(start: int, stop: int) -> str:
    """In this machine's zone."""
    first, last = (datetime.fromtimestamp(seconds).astimezone() for seconds in (start, stop))
    return f"from {first:%Y-%m-%d %H:%M:%S %z} to {last:%Y-%m-%d %H:%M:%S %z}"

"""Snapshots: data folders of their own, made of a running one, and data folders made of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ...index.copying import copy_names
from ...schema.errors import StoreError
from ...stores import layout
from ...stores.copying import copy
from ...stores.disk import make_folder
from ...stores.events import EventsFile
from ...stores.files.lock import FolderLock
from ...stores.files.manifest import Manifest
from ...stores.files.store import FilesStore
from ...stores.log.folder import LogFiles
from . import served
from .new_folder import new_folder


def take_snapshot(store: FilesStore, logs: LogFiles, folder: Path) -> None:
    """Make ``folder``, which is empty or not there, a snapshot of the store's. To be called while nobody changes the chunk store
    and no segment goes. Raises StoreError, Damaged, Unavailable."""
    if store.folder in folder.parents:
        raise StoreError(f"{folder} is in the data folder itself; want one beside it")
    with new_folder(folder) as draft:
        store.copy_to(draft)
        logs.copy_to(draft)
        # After the logs: no row of theirs has an id that the copied names do not.
        copy_names(store.folder, draft)
        EventsFile(store.folder).copy_to(draft)
        _copy_if_there(served.path_in(store.folder), served.path_in(draft))


def restore(snapshot: Path, folder: Path) -> None:
    """Make ``folder``, which is empty or not there, a data folder with all that is in ``snapshot``. Raises StoreError, Damaged
    for names or a manifest that cannot be read, FolderLocked while somebody writes to the snapshot, Unavailable."""
    if not (snapshot / "manifest").exists():
        raise StoreError(f"{snapshot} is no snapshot: it has no manifest")
    with _locked(snapshot), new_folder(folder) as draft:
        for path in _files(snapshot):
            make_folder(draft / path.parent)
            copy(snapshot / path, draft / path, (snapshot / path).stat().st_size)
        copy_names(snapshot, draft)


def _files(snapshot: Path) -> Iterator[Path]:
    """All but the names log, relative to the snapshot. Each block that the manifest names is among them."""
    path = snapshot / "manifest"
    manifest = Manifest.parse(path.read_bytes(), str(path))
    logs = (path for level in layout.levels(snapshot) for path in layout.segments(layout.log_folder(snapshot, level)))
    others = (served.path_in(snapshot), *EventsFile(snapshot).files)
    for found in (path, *manifest.paths(snapshot), *logs, *(path for path in others if path.exists())):
        yield found.relative_to(snapshot)


@contextlib.contextmanager
def _locked(snapshot: Path) -> Iterator[None]:
    """A snapshot that was never served has no lock, and gets none."""
    if not (snapshot / "lock").exists():
        yield
        return
    lock = FolderLock(snapshot)
    try:
        yield
    finally:
        lock.release()


def _copy_if_there(path: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        copy(path, target, path.stat().st_size)

"""A folder that is there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ...schema.errors import StoreError
from ...stores.disk import disk, make_folder, sync_folder


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to be filled, which becomes ``folder`` when the block ends well; whose files are durable by then. Raises
    StoreError for one that holds something, Unavailable."""
    draft = folder.with_name(folder.name + ".cadent-tmp")
    with disk(folder):
        refuse_contents(folder)
        shutil.rmtree(draft, ignore_errors=True)
        make_folder(draft)
        try:
            yield draft
            _sync_folders(draft)
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_folder(folder.parent)


def refuse_contents(folder: Path) -> None:
    """Raises StoreError unless ``folder`` is empty or not there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(f"{folder} is not an empty folder; nothing in it is changed")


def _sync_folders(folder: Path) -> None:
    for below, _, _ in os.walk(folder):
        sync_folder(Path(below))

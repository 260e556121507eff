"""A data folder that does without what is damaged in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...index.losses import NamesLoss, save_names
from ...index.tail import log_path
from ...schema.errors import StoreError
from ...stores import layout
from ...stores.copying import copy
from ...stores.disk import disk, make_folder, sync_folder
from ...stores.files.losses import Loss
from ...stores.files.store import FilesStore
from ...stores.log.losses import LogLoss, cut, examine
from ...writers.remake import Remake
from .check import Finding


class Repair:
    """What was found damaged is put aside in ``<folder>/damaged``, and the rest is made readable. The caller holds the folder's
    lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / "damaged"

    def of(self, findings: Iterable[Finding]) -> None:
        """``findings`` as ``Check.of_all`` gives them. Raises StoreError, and changes nothing, if one cannot be repaired;
        Unavailable."""
        losses = [finding.loss for finding in findings]
        manifest = self._folder / "manifest"
        if manifest in losses:
            raise StoreError(f"{manifest} cannot be repaired: restore a snapshot")
        with disk(self._aside):
            make_folder(self._aside)
        for loss in losses:
            if isinstance(loss, LogLoss):
                cut(loss, self._place(loss.path))
            elif isinstance(loss, Path):
                self._move(loss)
        self._repair_blocks([loss for loss in losses if isinstance(loss, Loss)])
        if any(isinstance(loss, NamesLoss) for loss in losses):
            self._repair_names()

    def _repair_blocks(self, losses: Sequence[Loss]) -> None:
        with contextlib.closing(FilesStore(self._folder, write=True)) as store:
            for loss in losses:
                store.set_aside(loss)
                self._move(loss.path.with_name(loss.path.name + ".damaged"), self._place(loss.path))
            for loss in losses:
                _remake(store, loss)

    def _repair_names(self) -> None:
        """After logs and blocks: no id that they have points of may be given again."""
        path = log_path(self._folder)
        if path.exists():
            with disk(path):
                self._place(path).unlink(missing_ok=True)
                copy(path, self._place(path), path.stat().st_size)
                sync_folder(self._aside)
        save_names(self._folder, self._used())

    def _used(self) -> int:
        with contextlib.closing(FilesStore(self._folder)) as store:
            logs = (examine(self._folder, level).next_id for level in layout.levels(self._folder))
            return max(store.snapshot().next_id(), *logs, 0)

    def _place(self, path: Path) -> Path:
        """Where a file of the data folder is put aside."""
        return self._aside / "-".join(path.relative_to(self._folder).parts)

    def _move(self, path: Path, place: Path | None = None) -> None:
        with disk(path), contextlib.suppress(FileNotFoundError):
            path.rename(place or self._place(path))
            sync_folder(path.parent)
            sync_folder(self._aside)


def _remake(store: FilesStore, loss: Loss) -> None:
    """What finer chunks still have of it."""
    for level in store.snapshot().levels():
        if level.policy == loss.level.policy and level.step_s < loss.level.step_s:
            remake = Remake(store.snapshot(), level, loss.level, loss.chunks)
            store.replenish(loss.level, loss.chunks.rolled_up_to_s, remake.slices(loss.ids))

"""A data folder that is copied into: this process is its writer meanwhile."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Final, TypeVar

from ...query.cut import is_rolled_up
from ...schema.errors import ServiceError
from ..config.settings import Config
from ..folder import served
from ..folder.owned import OwnedFolder
from .opening import stock_of
from .window import ReplacingWindow

_PATHS: Final = 10_000  # created at once

T = TypeVar("T")


class Target:
    """What was written is durable when ``settle`` returns. One thread."""

    def __init__(self, config: Config) -> None:
        """Make the folder if it is missing. Raises FolderLocked if a service runs on it, and all that the start of a writer
        raises."""
        self.folder = config.store.data
        self._owned = OwnedFolder(config)
        self._storage = self._owned.storage
        self._engine = self._storage.engine
        with contextlib.ExitStack() as opening:
            opening.callback(self.close)
            served.note(config)
            self.stock = stock_of(config, self._storage.store)
            opening.pop_all()

    def create(self, paths: Sequence[str]) -> None:
        """``paths`` are there, each with the policy that the configuration has for it. Raises LimitExceeded."""
        for first in range(0, len(paths), _PATHS):
            self._storage.accumulator.create(paths[first : first + _PATHS])
            self._engine.submit(self._storage.accumulator.new_names(), [], time.time())
        self._wait(self._engine.sync_names())

    def write(self, windows: Iterable[ReplacingWindow]) -> None:
        """Some that fit into memory; they are on disk when this returns. Raises Unavailable."""
        self._engine.submit([], list(windows), time.time())
        self._wait(self._engine.call(lambda: None))

    def settle(self) -> None:
        """All that was written is in chunks, and rolled up as far as it can be."""
        self._wait(self._engine.compact())

    def settled_until(self, policy: str, step_s: int) -> float:
        """Up to where the points of finer levels are rolled up to this step: later ones it gets from them."""
        snapshot = self._storage.store.snapshot()
        finer = [level for level in snapshot.levels() if level.policy == policy and level.step_s < step_s]
        starts = [one.start for level in finer for one in snapshot.sets(level) if not is_rolled_up(one, step_s)]
        return min(starts) // step_s * step_s if starts else math.inf

    def close(self) -> None:
        """Raises ServiceError if not all could be written."""
        lost = self._owned.close()
        if lost:
            raise ServiceError(f"{lost} windows could not be written to {self.folder} and are lost; copy again")

    def _wait(self, work: Future[T]) -> T:
        """Without threads that work, it would never end."""
        either: list[Future[Any]] = [work, self._owned.failure]
        wait(either, return_when=FIRST_COMPLETED)
        if not work.done():
            self._owned.failure.result()
        return work.result()

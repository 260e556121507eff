"""A data folder that this process writes, as no service does."""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import Future

from ..config.settings import Config
from .lock import lock_folder
from .storage import Storage

# What was handed over is little; sealing and what is under way may take long on a slow disk.
_END_S = 600.0


class OwnedFolder:
    """Locked, made if it is missing, its engine at work. ``failure`` gets an error after which the engine does nothing more."""

    def __init__(self, config: Config) -> None:
        """Raises FolderLocked if a service runs on it, and all that the start of a writer raises."""
        self.failure: Future[None] = Future()
        with contextlib.ExitStack() as opening:
            opening.callback(os.close, lock_folder(config.store.data))
            self.storage = Storage.open(config, time.time(), self.failure.set_exception)
            opening.callback(self.storage.close)
            self._closing = opening.pop_all()
        self.storage.engine.start(time.time())

    def close(self) -> int:
        """Returns how many windows could not be written, and are lost."""
        with self._closing:
            return self.storage.engine.close(_END_S)

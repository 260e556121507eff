"""Does to a data folder on which no service runs what a running writer would do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import Any

from ...schema.errors import ServiceError
from ..config.settings import Config
from ..control.frame import Header
from ..control.server import Answer
from .lock import lock_folder
from .maintenance import Maintenance
from .served import refuse_other_folders
from .storage import Storage

# What was handed over is little; sealing and what is under way may take long on a slow disk.
_END_S = 600.0


class OfflineWriter:
    """This process as the writer of a folder. Raises FolderLocked if a service is, StoreError if there are no data, and all that
    the start of a writer raises."""

    def __init__(self, config: Config) -> None:
        refuse_other_folders(config.store.data)
        self._lock = lock_folder(config.store.data)
        self._failure: Future[None] = Future()
        try:
            self._storage = Storage.open(config, time.time(), self._failure.set_exception)
        except BaseException:
            os.close(self._lock)
            raise
        self._storage.engine.start(time.time())
        self._operations = Maintenance(config, self._storage, time.time).table()

    def call(self, header: Header, payload: bytes = b"") -> dict[str, Any]:
        """As ``ControlClient.call``."""
        operation = self._operations[header["op"]]
        return asyncio.run(self._unless_it_fails(operation(header, payload)))[0]

    def close(self) -> None:
        """Raises ServiceError if not all could be written."""
        lost = self._storage.engine.close(_END_S)
        self._storage.close()
        os.close(self._lock)
        if lost:
            raise ServiceError(f"{lost} windows could not be written and are lost")

    async def _unless_it_fails(self, operation: Answer | Awaitable[Answer]) -> Answer:
        """Without threads that work, an operation would never end."""
        assert not isinstance(operation, tuple)
        failed = asyncio.wrap_future(self._failure)
        work = asyncio.ensure_future(operation)
        either: list[asyncio.Future[Any]] = [failed, work]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            failed.result()
        return await work

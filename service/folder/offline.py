"""Does to a data folder on which no service runs what a running writer would do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

from ...schema.errors import ServiceError
from ..config.settings import Config
from ..control.frame import Header
from ..control.server import Answer
from .maintenance import Maintenance
from .owned import OwnedFolder
from .served import refuse_other_folders


class OfflineWriter:
    """This process as the writer of a folder. Raises FolderLocked if a service is, StoreError if there are no data, and all that
    the start of a writer raises."""

    def __init__(self, config: Config) -> None:
        refuse_other_folders(config.store.data)
        self._folder = OwnedFolder(config)
        self._operations = Maintenance(config, self._folder.storage, time.time).table()

    def call(self, header: Header, payload: bytes = b"") -> dict[str, Any]:
        """As ``ControlClient.call``."""
        operation = self._operations[header["op"]]
        return asyncio.run(self._unless_it_fails(operation(header, payload)))[0]

    def close(self) -> None:
        """Raises ServiceError if not all could be written."""
        lost = self._folder.close()
        if lost:
            raise ServiceError(f"{lost} windows could not be written and are lost")

    async def _unless_it_fails(self, operation: Answer | Awaitable[Answer]) -> Answer:
        """Without threads that work, an operation would never end."""
        assert not isinstance(operation, tuple)
        failed = asyncio.wrap_future(self._folder.failure)
        work = asyncio.ensure_future(operation)
        either: list[asyncio.Future[Any]] = [failed, work]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            failed.result()
        return await work

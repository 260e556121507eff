"""The thread that brings a writer's names to Cassandra."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from ...schema.errors import StoreError
from ...stores.cassandra.link import Link
from ...stores.cassandra.names import NamesUpload
from ...stores.cassandra.path_table import PathTables

_log = logging.getLogger(__name__)

# Readers elsewhere ask as often.
_EVERY_S = 2.0
# While no server answers.
_RETRY_S = 10.0


class NamesThread:
    """Uploads what is new in the names log of ``folder`` every few seconds, once it is started."""

    def __init__(self, link: Link, writer: str, folder: Path, period_s: float, paths: PathTables | None) -> None:
        """``paths``: what a keyspace of rows has besides."""
        self._upload = NamesUpload(link, writer, folder, period_s)
        self._paths = paths
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="names", daemon=True)
        self.trouble = ""

    def start(self) -> None:
        """The names log is there. Raises StoreError if the writer's names are those of another data folder; Unavailable."""
        self._upload.check()
        self._thread.start()

    def close(self) -> None:
        """End, after a last upload if a server answers."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(_RETRY_S if self.trouble else _EVERY_S):
            self._step()
        self._step()

    def _step(self) -> None:
        try:
            self._upload.step(time.monotonic())
            if self._paths:
                self._paths.step()
        except StoreError as error:
            self._tell(str(error))
        else:
            self._tell("")

    def _tell(self, trouble: str) -> None:
        if trouble and not self.trouble:
            _log.error("new paths are not known to services elsewhere, and will be when that is possible: %s", trouble)
        self.trouble = trouble

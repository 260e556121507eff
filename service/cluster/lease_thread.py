"""The thread that keeps other data folders from writing under this one's name."""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from ...schema.errors import CadentError, ConfigError, StoreError, Unavailable
from ...stores.cassandra.lease import LEASE_S, Lease
from ...stores.cassandra.link import Link
from ...stores.disk import disk, replace_file

_log = logging.getLogger(__name__)

_RENEW_S = LEASE_S / 4
_RETRY_S = 1.0


class LeaseThread:
    """Has the name of ``writer`` for ``folder`` once it is made; ``failed`` is called, in the thread, if another got it."""

    def __init__(self, link: Link, writer: str, folder: Path, failed: Callable[[BaseException], object]) -> None:
        """Waits until a former folder's lease has ended. Raises ConfigError if it does not, Unavailable."""
        self._lease = Lease(link, writer, _holder(folder), f"at {socket.gethostname()}:{folder}")
        self._failed = failed
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        _take(self._lease, writer, link.keyspace)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Another folder may have the name at once, if a server answers."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._lease.end()
        except CadentError as error:
            _log.debug("the lease ends by itself: %s", error)

    def _run(self) -> None:
        while not self._ending.wait(_RENEW_S):
            if not self._renew():
                return

    def _renew(self) -> bool:
        """Whether it may be ours still."""
        try:
            self._lease.renew()
        except Unavailable as error:
            _log.debug("the lease is not renewed: %s", error)
        except CadentError as error:
            self._failed(error)
            return False
        return True


def _take(lease: Lease, writer: str, keyspace: str) -> None:
    deadline = time.monotonic() + LEASE_S + 5
    told = False
    while place := lease.take():
        if time.monotonic() > deadline:
            raise ConfigError(
                f"writer {writer} of keyspace {keyspace} is running {place}: give this one another name with --writer "
                "GROUP/REPLICA"
            )
        if not told:
            _log.warning("writer %s is running %s, or has just ended; waiting for up to %d s", writer, place, LEASE_S)
        told = True
        time.sleep(_RETRY_S)


def _holder(folder: Path) -> str:
    """What tells this data folder from any other."""
    path = folder / "lease"
    try:
        with disk(path):
            if not path.exists():
                replace_file(path, uuid.uuid4().hex.encode())
            return path.read_text()
    except UnicodeDecodeError:
        raise StoreError(f"{path} is damaged; remove it") from None

"""Which hosts of the cluster are up."""

from __future__ import annotations

import logging
import threading
from typing import Any

_log = logging.getLogger(__name__)


class Hosts:
    """The driver tells of every host that goes and comes; the log has a line of each. Any thread."""

    def __init__(self, keyspace: str) -> None:
        self.interruptions = 0
        self._keyspace = keyspace
        self._lock = threading.Lock()
        self._known: set[Any] = set()
        self._away: set[Any] = set()

    @property
    def known(self) -> int:
        return len(self._known)

    @property
    def up(self) -> int:
        return len(self._known - self._away)

    def on_add(self, host: Any) -> None:
        with self._lock:
            self._known.add(host)

    def on_remove(self, host: Any) -> None:
        with self._lock:
            self._known.discard(host)
            self._away.discard(host)

    def on_down(self, host: Any) -> None:
        with self._lock:
            if host in self._away:
                return
            self._known.add(host)
            self._away.add(host)
            self.interruptions += 1
        _log.warning("Cassandra's host %s went away (keyspace %s)", host.endpoint, self._keyspace)

    def on_up(self, host: Any) -> None:
        with self._lock:
            self._known.add(host)
            if host not in self._away:
                return
            self._away.discard(host)
        _log.warning("Cassandra's host %s is back (keyspace %s)", host.endpoint, self._keyspace)

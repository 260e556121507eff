"""Which hosts of the cluster are up."""

from __future__ import annotations

import logging
import threading
from typing import Any

from cassandra.policies import HostDistance

_log = logging.getLogger(__name__)


class Hosts:
    """The driver tells of every host that goes and comes; the log has a line of each. Any thread."""

    def __init__(self, cluster: Any, keyspace: str) -> None:
        self.interruptions = 0
        self._cluster = cluster
        self._keyspace = keyspace
        self._lock = threading.Lock()
        self._away: set[Any] = set()
        cluster.register_listener(self)

    def states(self) -> list[bool]:
        """Of each host that requests may go to, whether it is up."""
        distance = self._cluster.profile_manager.distance
        return [bool(host.is_up) for host in self._cluster.metadata.all_hosts() if distance(host) != HostDistance.IGNORED]

    def any_up(self) -> bool:
        return any(self.states())

    def on_down(self, host: Any) -> None:
        with self._lock:
            if host in self._away:
                return
            self._away.add(host)
            self.interruptions += 1
        _log.warning("Cassandra's host %s went away (keyspace %s)", host.endpoint, self._keyspace)

    def on_up(self, host: Any) -> None:
        with self._lock:
            if host not in self._away:
                return
            self._away.discard(host)
        _log.warning("Cassandra's host %s is back (keyspace %s)", host.endpoint, self._keyspace)

    def on_add(self, host: Any) -> None:
        """A host that joins had nothing to lose."""

    def on_remove(self, host: Any) -> None:
        with self._lock:
            self._away.discard(host)

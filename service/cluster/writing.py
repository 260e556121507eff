"""What a writer that keeps its chunks in Cassandra works with there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...index.source import LocalNames
from ...schema.errors import Unavailable
from ...schema.identity import Level
from ...schema.policy import Policies
from ...schema.resolution import DAY_S, span_of
from ...stores.cassandra import ddl
from ...stores.cassandra.lasting import SLACK_S
from ...stores.cassandra.link import Link
from ...stores.cassandra.names import restore
from ...stores.cassandra.path_table import PathTables
from ...stores.cassandra.recent import RecentWriter
from ...stores.cassandra.settings import ClusterSettings
from ...stores.cassandra.store import CassandraStore
from ...writers.keeping.levels import keeping
from ...writers.publishing import Publishing
from ..config.settings import Config
from .lease_thread import LeaseThread
from .names_thread import NamesThread
from .settings import cluster_settings

_log = logging.getLogger(__name__)

_RETRY_S = 2.0
# How long publications live: much longer than it takes until chunks hold their points.
_PUBLISHED_SPANS = 4
_LEAST_PUBLISHED_S = 6 * 3_600


@dataclass(frozen=True, slots=True)
class Cluster:
    """``store`` holds the chunks of this writer; ``names`` brings its names there, ``publishing`` what is not in chunks yet."""

    link: Link
    store: CassandraStore
    names: NamesThread
    publishing: Publishing
    lease: LeaseThread

    @classmethod
    def open(cls, config: Config, failed: Callable[[BaseException], object]) -> Cluster:
        """Connect, and make what is missing. The names log is restored if the data folder has none. While no server answers it
        waits. ``failed``: as for Engine. Raises ConfigError, StoreError."""
        settings, writer, folder = cluster_settings(config), config.store.writer, config.store.data
        link = _connected(settings)
        try:
            make_missing(link, settings, config.policies)
            lease = LeaseThread(link, writer, folder, failed)
            store = _open_store(link, config)
            if restore(link, writer, folder, store.snapshot().next_id()):
                _log.warning("%s has no names; those of writer %s were restored from %s", folder, writer, settings.place)
            paths = PathTables(link, LocalNames(writer, folder)) if settings.layout == "rows" else None
            names = NamesThread(link, writer, folder, settings.commitlog_period_s, paths)
            return cls(link, store, names, _publishing(link, config, store), lease)
        except BaseException:
            link.close()
            raise

    def start(self) -> None:
        """The names log is there. Raises StoreError if the writer's names are those of another data folder; Unavailable."""
        self.names.start()
        self.lease.start()

    def close(self) -> None:
        self.names.close()
        self.store.close()
        self.lease.close()
        self.link.close()


def _connected(settings: ClusterSettings) -> Link:
    """A service that was started when a server answered goes on when one answers again."""
    told = False
    while True:
        try:
            return Link.open(settings)
        except Unavailable as error:  # noqa: PERF203 -- a connection costs more
            if not told:
                _log.error("waiting for it: %s", error)
            told = True
            time.sleep(_RETRY_S)


def _open_store(link: Link, config: Config) -> CassandraStore:
    return CassandraStore(
        link,
        config.store.writer,
        write=True,
        monotonic=time.monotonic,
        now=time.time,
        ttl_of=lambda level: ttl_s(level, config.policies),
        period_s=config.cassandra.commitlog_period_s,
        create=config.cassandra.create,
        layout=config.cassandra.layout,
    )


def _publishing(link: Link, config: Config, store: CassandraStore) -> Publishing:
    lost_s = config.cassandra.commitlog_period_s + SLACK_S
    publications = RecentWriter(
        link,
        config.store.writer,
        ttl_of=lambda level: max(_LEAST_PUBLISHED_S, _PUBLISHED_SPANS * span_of(level.step_s)),
        sealed=lambda level: store.snapshot().sealed(level),
        monotonic=time.monotonic,
        lost_s=lost_s,
    )
    return Publishing(publications, config.cassandra.publish_every_s, lost_s)


def make_missing(link: Link, settings: ClusterSettings, policies: Policies) -> None:
    """The keyspace has all tables when this returns. Raises ConfigError, Unavailable."""
    made = ddl.create(link, settings, longest_ttls(policies))
    if made:
        _log.info("%s: made %s", settings.place, ", ".join(made))


def longest_ttls(policies: Policies) -> Mapping[int, int]:
    """The longest lifetime that points of each step have, both in seconds."""
    ttls: dict[int, int] = {}
    for policy in policies:
        for resolution in policy.ladder:
            ttls[resolution.step_s] = max(ttls.get(resolution.step_s, 0), resolution.ttl_s)
    return ttls


def ttl_s(level: Level, policies: Policies) -> int:
    """How long points of ``level`` are kept: of a policy that is not configured, or a step that it does not have, a day."""
    kept = keeping(level, policies)
    return kept.ttl_s if kept else DAY_S

"""What it takes to read a keyspace that an old Cadent wrote."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Sequence

from ...index.union import UnionIndex
from ...query.origin import Origin
from ...query.reader import Reader
from ...schema.errors import CadentError, Unavailable
from ...schema.head import NoHead
from ...stores.cassandra.link import Link
from ...stores.cassandra.seed import SeedStore
from ...stores.cassandra.seed_names import WRITER, SeedNames
from ...stores.cassandra.seed_tables import SeedTables
from ..config.settings import Config
from ..folder.reading import reader_of
from .settings import cluster_settings

_log = logging.getLogger(__name__)

_RETRY_S = 5.0


class SeedKeyspace:
    """An old Cadent's keyspace: its points are an origin for queries, and its paths are in the index. Any thread."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._trouble = f"{cluster_settings(config).place} was not reached yet"
        self._origins: Sequence[Origin] = ()
        self.index = UnionIndex([])

    def start(self) -> None:
        """Connect, and follow its paths from now on. While no server answers that is tried again and again."""
        self._connect()
        self.index.start()
        if not self._origins:
            threading.Thread(target=self._retry, name="seed", daemon=True).start()

    def reader(self) -> Reader:
        return reader_of(self._config, self.origins, self.index)

    def origins(self) -> Sequence[Origin]:
        """Raises Unavailable before the first server answered."""
        if not self._origins:
            raise Unavailable(self._trouble)
        return self._origins

    def _retry(self) -> None:
        while not self._origins:
            time.sleep(_RETRY_S)
            self._connect()

    def _connect(self) -> None:
        """What is in the way is said once."""
        try:
            link = Link.open(dataclasses.replace(cluster_settings(self._config), create=False))
        except CadentError as error:
            if str(error) != self._trouble:
                _log.warning("%s", error)
            self._trouble = str(error)
        else:
            self._join(link)

    def _join(self, link: Link) -> None:
        tables, policies = seed_tables(self._config), self._config.policies
        names = SeedNames(link, tables, policies, time.monotonic)
        self.index.join(names)
        store = SeedStore(link, tables, names, policies, time.time)
        ids = self.index.ids_of
        self._origins = (Origin(WRITER, store, {}, NoHead(), lambda union_ids: ids(WRITER, union_ids), remote=True),)


def seed_tables(config: Config) -> SeedTables:
    """Raises ConfigError for a name that cannot be one."""
    cassandra = config.cassandra
    return SeedTables(cassandra.seed_metric_table, cassandra.seed_path_table, cassandra.seed_segment_table)

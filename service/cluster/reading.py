"""What it takes to read a keyspace that any number of writers keep their chunks in."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Sequence

from ...index.source import LocalNames
from ...index.union import UnionIndex
from ...query.cut import Chunks
from ...query.origin import Origin
from ...query.reader import Reader
from ...schema.errors import CadentError, Unavailable
from ...schema.head import Head, NoHead
from ...stores.cassandra.link import Link
from ...stores.cassandra.names import NamesDownload
from ...stores.cassandra.published import Publisher
from ...stores.cassandra.store import CassandraStore
from ..config.settings import Config
from ..folder.reading import levels, log_readers, reader_of
from .settings import cluster_settings
from .writing import ttl_s

_log = logging.getLogger(__name__)

# A writer that begins is seen so much later.
_LOOK_S = 5.0


class Keyspace:
    """The writers of a keyspace, those that come later too: what each has is an origin for queries, and its names are in the
    index. The own writer's log and names are read where they are, on this machine, whatever servers do. Any thread."""

    def __init__(self, config: Config, head: Head) -> None:
        self._config = config
        self._link: Link | None = None
        self._trouble = f"{cluster_settings(config).place} was not reached yet"
        self._is_writer = not config.service.read_only
        self.index = UnionIndex([LocalNames(config.store.writer, config.store.data)] if self._is_writer else [])
        self._origins: dict[str, Origin] = {}
        if self._is_writer:
            logs = log_readers(config.store.data, config.policies)
            self._add(Origin(config.store.writer, _Chunks(self, config.store.writer), logs, head, remote=True))
        self._thread = threading.Thread(target=self._follow, name="writers", daemon=True)

    def start(self) -> None:
        """Know the writers that there are, and follow them and their names from now on."""
        self._look()
        self.index.start()
        self._thread.start()

    def reader(self) -> Reader:
        return reader_of(self._config, self.origins, self.index)

    def origins(self) -> Sequence[Origin]:
        """Raises Unavailable while none is known, because no server has answered yet."""
        if not self._origins and self._link is None:
            raise Unavailable(self._trouble)
        return tuple(self._origins.values())

    @property
    def link(self) -> Link:
        """Raises Unavailable before the first server answered."""
        if self._link is None:
            raise Unavailable(self._trouble)
        return self._link

    def chunks(self, writer: str) -> CassandraStore:
        """Those of ``writer``, to read. Raises as ``link``."""
        policies = self._config.policies
        return CassandraStore(
            self.link,
            writer,
            write=False,
            monotonic=time.monotonic,
            now=time.time,
            ttl_of=lambda level: ttl_s(level, policies),
            layout=self._config.cassandra.layout,
        )

    def _follow(self) -> None:
        while True:
            time.sleep(_LOOK_S)
            self._look()

    def _look(self) -> None:
        """Whether there are more writers by now. What is in the way is said once."""
        try:
            self._join_new()
        except CadentError as error:
            if str(error) != self._trouble:
                _log.warning("writers elsewhere are not seen before this is over: %s", error)
            self._trouble = str(error)

    def _join_new(self) -> None:
        if self._link is None:
            self._link = Link.open(dataclasses.replace(cluster_settings(self._config), create=False))
        names = NamesDownload(self._link)
        for writer in names.writers():
            if writer not in self._origins:
                self.index.join(names.source(writer))
                publisher = Publisher(self._link, writer, time.monotonic)
                logs = {level: publisher.log(level) for level in levels(self._config.policies)}
                self._add(Origin(writer, self.chunks(writer), logs, NoHead(), remote=True))

    def _add(self, origin: Origin) -> None:
        mapped = dataclasses.replace(origin, ids=lambda ids: self.index.ids_of(origin.writer, ids))
        self._origins = {**self._origins, origin.writer: mapped}


class _Chunks:
    """The chunks of ``writer``, which are known once a server has answered. Implements ``query.origin.Store``."""

    def __init__(self, keyspace: Keyspace, writer: str) -> None:
        self._keyspace = keyspace
        self._writer = writer
        self._making = threading.Lock()
        self._store: CassandraStore | None = None

    def snapshot(self) -> Chunks:
        with self._making:
            self._store = self._store or self._keyspace.chunks(self._writer)
        return self._store.snapshot()

"""Opens a keyspace for reading, whatever its layout is."""

from __future__ import annotations

from ...schema.head import Head
from ..config.settings import Config
from .reading import Keyspace
from .seed import SeedKeyspace


def keyspace_of(config: Config, head: Head) -> Keyspace | SeedKeyspace:
    """That of the configuration, followed from now on; ``head``: of the own writer, if there is one."""
    keyspace: Keyspace | SeedKeyspace = SeedKeyspace(config) if config.cassandra.layout == "seed" else Keyspace(config, head)
    keyspace.start()
    return keyspace

"""A process that makes the keyspace and its tables, or says why nothing can be kept or read there, before the service starts."""

from __future__ import annotations

import dataclasses
import logging
import sys

from ...schema.errors import CadentError
from ...stores.cassandra import ddl
from ...stores.cassandra.link import Link
from ...stores.cassandra.seed_tables import check_tables
from ..cluster.seed import seed_tables
from ..cluster.settings import cluster_settings
from ..cluster.writing import longest_ttls, make_missing
from ..config.settings import Config
from ..processes import logs
from ..processes.lifeline import EXIT_USER_ERROR, Handover

_log = logging.getLogger(__name__)


def prepare(config: Config) -> None:
    """Make what is missing, or only look if the service will not write. Raises ConfigError, Unavailable."""
    settings = cluster_settings(config)
    if config.service.read_only:
        settings = dataclasses.replace(settings, create=False)
    link = Link.open(settings)
    try:
        if config.cassandra.layout == "seed":
            check_tables(link, seed_tables(config))
            return
        if config.service.read_only:
            ddl.check(link, settings.layout)
            return
        make_missing(link, settings, config.policies)
        ddl.try_ttl(link, max(longest_ttls(config.policies).values()))
    finally:
        link.close()


def main() -> int:
    """What the service cannot do without is there when this returns 0."""
    handover = Handover.receive()
    logs.set_up("store", handover.config.service.log_level)
    try:
        prepare(handover.config)
    except CadentError as error:
        _log.error("%s", error)
        return EXIT_USER_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The tables of an old Cadent's keyspace."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...schema.errors import ConfigError
from .ddl import layout_of, tables_of
from .link import Link

# What needs no quotes in CQL.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")


@dataclass(frozen=True, slots=True)
class SeedTables:
    """Their names, as the old Cadent's own settings had them. Raises ConfigError for one that is no name."""

    metric: str = "metric"
    path: str = "path"
    segment: str = "segment"

    def __post_init__(self) -> None:
        for name in (self.metric, self.path, self.segment):
            if not _NAME.fullmatch(name):
                raise ConfigError(f"table {name!r} is not a letter and up to 47 letters, digits and _, all of them small")


def check_tables(link: Link, tables: SeedTables) -> None:
    """Raise ConfigError if the keyspace is not that of an old Cadent with these tables."""
    present = tables_of(link)
    name, _ = layout_of(link) or ("seed", 0)
    if name != "seed":
        raise ConfigError(f"keyspace {link.keyspace} has layout {name!r}; want layout 'seed': name another keyspace")
    missing = {tables.metric, tables.path, tables.segment} - present
    if missing:
        raise ConfigError(f"keyspace {link.keyspace} has no table {', '.join(sorted(missing))}; want those of layout 'seed'")

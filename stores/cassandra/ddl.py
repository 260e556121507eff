"""The keyspace and its tables: made when they are missing, refused when they are another layout's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from string import Template
from typing import Final

from ... import schema
from ...schema.errors import ConfigError, Refused
from ...schema.resolution import DAY_S, format_duration
from .link import Link, Request
from .settings import ClusterSettings

VERSION: Final = 1  # of each layout

# Compaction looks at all files of a window, and a read at the windows it has points in.
_WINDOWS_A_TTL = 20
_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS \S+\.(\w+)")
_SEED_TABLES = {"path", "segment"}
_TRIED = -1  # an id of the table "layout" that nobody reads


def statements(settings: ClusterSettings, steps: Mapping[int, int]) -> dict[str, str]:
    """What makes the keyspace and each of its tables, by their names, in the order in which they are made. ``steps``: those that
    chunks are kept of, each with the longest ttl that a policy has for it, both in seconds."""
    names = {"keyspace": settings.keyspace, "replication": _literal(settings.replication)}
    files = ["chunks.cql", "rows.cql"] if settings.layout == "rows" else ["chunks.cql"]
    made = {_table(one) or settings.keyspace: one for file in files for one in _templates(file, names)}
    for step_s, ttl_s in steps.items():
        made[step_table(settings.layout, step_s)] = step_statement(settings.keyspace, settings.layout, step_s, ttl_s)
    return made


def chunk_table(step_s: int) -> str:
    """The table with the chunks of this step."""
    return step_table("chunks", step_s)


def step_table(layout: str, step_s: int) -> str:
    """The table with the points of this step. Raises ConfigError for a layout that nothing is made for."""
    return f"{_kind(layout)}_{step_s}"


def step_statement(keyspace: str, layout: str, step_s: int, ttl_s: int) -> str:
    """What makes that table. ``ttl_s``: about how long its rows live."""
    window = max(1, round(ttl_s / DAY_S / _WINDOWS_A_TTL))
    (statement,) = _templates(f"{_kind(layout)}_step.cql", {"keyspace": keyspace, "step": str(step_s), "window": str(window)})
    return statement


def create(link: Link, settings: ClusterSettings, steps: Mapping[int, int]) -> list[str]:
    """Make what of ``statements`` is missing; returns the names of that. Raises ConfigError for a keyspace of another layout, and
    naming what is missing if ``settings.create`` is False."""
    wanted = statements(settings, steps)
    check(link, settings.layout)
    present = {link.keyspace, *tables_of(link)}
    missing = {name: one for name, one in wanted.items() if name not in present}
    if missing and not settings.create:
        raise ConfigError(f"{settings.place}: there is no table {', '.join(missing)}, and create = false forbids to make it")
    for statement in missing.values():
        link.write(Request(statement))
    link.write(Request("INSERT INTO layout (id, name, version) VALUES (0, ?, ?) IF NOT EXISTS", (settings.layout, VERSION)))
    check(link, settings.layout)
    return list(missing)


def check(link: Link, layout: str) -> None:
    """Raise ConfigError if the keyspace has another layout, or a version that is not known here; without a layout it fits."""
    name, version = layout_of(link) or (layout, VERSION)
    if (name, version) != (layout, VERSION):
        raise ConfigError(
            f"keyspace {link.keyspace} has layout {name!r}, version {version}; want layout {layout!r}, version {VERSION}: "
            "name another keyspace"
        )


def make_step_table(link: Link, layout: str, step_s: int, ttl_s: int, *, create: bool) -> None:
    """Make the table of a step if it is missing; ``ttl_s``: about how long its rows live. Raises ConfigError if ``create`` does
    not allow it."""
    table = step_table(layout, step_s)
    if table in tables_of(link):
        return
    if not create:
        raise ConfigError(f"keyspace {link.keyspace} has no table {table}, and create = false forbids to make it")
    link.write(Request(step_statement(link.keyspace, layout, step_s, ttl_s)))


def try_ttl(link: Link, ttl_s: int) -> None:
    """Raise ConfigError if the server takes no rows that live for ``ttl_s`` seconds: many refuse what ends after 2038."""
    try:
        link.write(Request("INSERT INTO layout (id, name) VALUES (?, 'ttl') USING TTL ?", (_TRIED, ttl_s)))
    except Refused as error:
        raise ConfigError(
            f"rows that live for {format_duration(ttl_s)} are refused ({error}): shorten the ttl of the policy, or set "
            "storage_compatibility_mode: NONE in cassandra.yaml"
        ) from error
    link.write(Request("DELETE FROM layout WHERE id = ?", (_TRIED,)))


def layout_of(link: Link) -> tuple[str, int] | None:
    """Name and version; None if there is none yet."""
    tables = tables_of(link)
    if "layout" in tables:
        rows = link.read(Request("SELECT name, version FROM layout WHERE id = 0"))
        return (rows[0][0], rows[0][1]) if rows else None
    return ("seed", 0) if _SEED_TABLES.issubset(tables) else None


def _kind(layout: str) -> str:
    """What its tables hold one of in a row."""
    kind = {"chunks": "chunk", "rows": "row"}.get(layout)
    if kind is None:
        raise ConfigError(f"layout {layout!r} is only read: no table is made for it")
    return kind


def tables_of(link: Link) -> set[str]:
    """The names of all tables of its keyspace."""
    rows = link.read(Request("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", (link.keyspace,)))
    return {name for (name,) in rows}


def _templates(file: str, names: Mapping[str, str]) -> Iterator[str]:
    """The statements of a file of ``schema/cql``, with ``names`` filled in."""
    text = (resources.files(schema) / "cql" / file).read_text()
    for statement in _COMMENT.sub("", text).split(";"):
        if statement.strip():
            yield Template(_tidy(statement)).substitute(names)


def _tidy(statement: str) -> str:
    """Without the space that comments leave."""
    return "\n".join(line.rstrip() for line in statement.splitlines() if line.strip())


def _table(statement: str) -> str | None:
    found = _TABLE.match(statement)
    return found[1] if found else None


def _literal(options: Mapping[str, object]) -> str:
    """A map of texts as CQL has it."""
    texts = ((str(key).replace("'", "''"), str(value).replace("'", "''")) for key, value in options.items())
    return "{" + ", ".join(f"'{key}': '{value}'" for key, value in texts) + "}"

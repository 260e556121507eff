"""What tables of a keyspace lack, or have otherwise, of what ``ddl`` would make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .ddl import check, statements
from .link import Link, Request
from .settings import ClusterSettings

# Our statements have one column a line.
_COLUMN = re.compile(r"^    (?!PRIMARY KEY)(\w+) (.+?)(?: STATIC)?(?: PRIMARY KEY)?,?$", re.MULTILINE)
_OPTION = re.compile(r"(\w+) = \{([^}]*)\}")
_ENTRY = re.compile(r"'(\w+)': '?(\w+)'?")
_COLUMNS_OF: Final = "SELECT table_name, column_name, type FROM system_schema.columns WHERE keyspace_name = ?"
_OPTIONS_OF: Final = "SELECT table_name, compaction, compression FROM system_schema.tables WHERE keyspace_name = ?"


@dataclass(frozen=True, slots=True)
class _Table:
    """``columns``: their types by their names; ``options``: those that are maps, by their names."""

    columns: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]

    @classmethod
    def of_statement(cls, statement: str) -> _Table:
        columns, _, options = statement.partition("\n)")
        return cls(
            dict(_COLUMN.findall(columns)), {name: dict(_ENTRY.findall(entries)) for name, entries in _OPTION.findall(options)}
        )


def differences(link: Link, settings: ClusterSettings, steps: Mapping[int, int]) -> list[str]:
    """What of ``ddl.statements`` the keyspace does not have or has otherwise, a sentence each; what it has besides does not
    matter. Raises ConfigError for a keyspace of another layout, Unavailable."""
    wanted = statements(settings, steps)
    check(link, settings.layout)
    present = _present(link)
    del wanted[settings.keyspace]
    return [line for name, statement in wanted.items() for line in _of_table(name, _Table.of_statement(statement), present)]


def _present(link: Link) -> Mapping[str, _Table]:
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in link.read(Request(_COLUMNS_OF, (link.keyspace,))):
        columns.setdefault(table, {})[column] = kind
    return {
        table: _Table(columns.get(table, {}), {"compaction": compaction, "compression": compression})
        for table, compaction, compression in link.read(Request(_OPTIONS_OF, (link.keyspace,)))
    }


def _of_table(name: str, wanted: _Table, present: Mapping[str, _Table]) -> Iterator[str]:
    found = present.get(name)
    if found is None:
        yield f"table {name} is missing"
        return
    yield from _of_columns(name, wanted, found)
    yield from _of_options(name, wanted, found)


def _of_columns(name: str, wanted: _Table, found: _Table) -> Iterator[str]:
    for column, kind in wanted.columns.items():
        if column not in found.columns:
            yield f"column {name}.{column} is missing; want {kind}"
        elif found.columns[column] != kind:
            yield f"column {name}.{column} is {found.columns[column]}; want {kind}"


def _of_options(name: str, wanted: _Table, found: _Table) -> Iterator[str]:
    for option, entries in wanted.options.items():
        for key, value in entries.items():
            have = _without_package(found.options[option].get(key, "not given"))
            if have != value:
                yield f"table {name}: {key} of its {option} is {have}; want {value}"


def _without_package(text: str) -> str:
    """Servers name classes with the package they are in."""
    return text.rpartition(".")[2]

"""The layouts that a keyspace can have."""

from __future__ import annotations

from .chunk_table import ChunkTable
from .link import Link
from .points import Points
from .row_table import RowTable


def points_of(layout: str, link: Link, writer: str) -> Points:
    """The points of ``writer`` in a keyspace of ``layout``. Raises KeyError for one that no writer keeps points in."""
    tables: dict[str, type[ChunkTable | RowTable]] = {"chunks": ChunkTable, "rows": RowTable}
    return tables[layout](link, writer)

"""Which names logs a data folder has uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...index.tail import names_folder
from ...schema.errors import Damaged
from ..disk import disk, replace_file


class NamesRecord:
    """The file ``names/uploaded`` of a data folder: a line ``nonce bytes`` for each of its names logs that has, or may have, rows
    in Cassandra. A log is compacted into one with another nonce; this file tells that from the log of another data folder.

    Raises Damaged, Unavailable."""

    def __init__(self, folder: Path) -> None:
        self._path = names_folder(folder) / "uploaded"

    def read(self) -> dict[int, int]:
        """Bytes by nonce."""
        try:
            with disk(self._path):
                lines = self._path.read_text().splitlines() if self._path.exists() else []
            return {int(nonce): int(size) for nonce, size in (line.split() for line in lines)}
        except ValueError as error:
            raise Damaged(str(self._path), 0, f"its lines are not two numbers each ({error})") from error

    def write(self, sizes: Mapping[int, int]) -> None:
        """Durably, in one atomic step."""
        with disk(self._path):
            self._path.parent.mkdir(exist_ok=True)
            replace_file(self._path, b"".join(f"{nonce} {size}\n".encode() for nonce, size in sizes.items()))

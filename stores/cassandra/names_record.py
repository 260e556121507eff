"""Which names logs a data folder has uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...index.draft import draft_of, sync_folder, write_draft
from ...index.tail import names_folder
from ...schema.errors import Damaged, Unavailable


class NamesRecord:
    """The file ``names/uploaded`` of a data folder: a line ``nonce bytes`` for each of its names logs that has, or may have, rows
    in Cassandra. A log is compacted into one with another nonce; this file tells that from the log of another data folder.

    Raises Damaged, Unavailable."""

    def __init__(self, folder: Path) -> None:
        self._path = names_folder(folder) / "uploaded"

    def read(self) -> dict[int, int]:
        """Bytes by nonce."""
        try:
            lines = self._path.read_text().splitlines()
            return {int(nonce): int(size) for nonce, size in (line.split() for line in lines)}
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise Damaged(str(self._path), 0, f"its lines are not two numbers each ({error})") from error
        except OSError as error:
            raise Unavailable(f"{self._path} cannot be read: {error.strerror}") from error

    def write(self, sizes: Mapping[int, int]) -> None:
        """Durably, in one atomic step."""
        try:
            self._path.parent.mkdir(exist_ok=True)
            write_draft(self._path, [f"{nonce} {size}\n".encode() for nonce, size in sizes.items()])
            draft_of(self._path).rename(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise Unavailable(f"{self._path} cannot be written: {error.strerror}") from error

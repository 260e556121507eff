"""What of a copy is done, so that it goes on where it was cut short."""

from __future__ import annotations

import json
from pathlib import Path

from ...schema.errors import StoreError
from ...stores.disk import disk, replace_file


class Copied:
    """A small file in the folder that is copied into: for each pair of levels, up to where all is durably there (unix seconds).
    It is about one source, and gone when the copy is done."""

    def __init__(self, folder: Path, source: str, *, again: bool) -> None:
        """``again``: begin anew. Raises StoreError if a copy from another source was cut short."""
        self._path = folder / "copying.json"
        self._source = source
        self._until: dict[str, int] = {}
        with disk(self._path):
            if self._path.exists() and not again:
                self._load()

    def until(self, levels: str) -> int:
        return self._until.get(levels, 0)

    def note(self, levels: str, until: int) -> None:
        """Raises Unavailable."""
        self._until[levels] = until
        with disk(self._path):
            replace_file(self._path, json.dumps({"from": self._source, "until": self._until}).encode())

    def forget(self) -> None:
        """All is copied, or it begins anew."""
        self._until = {}
        with disk(self._path):
            self._path.unlink(missing_ok=True)

    def _load(self) -> None:
        try:
            noted = json.loads(self._path.read_bytes())
            source, until = str(noted["from"]), {str(levels): int(stop) for levels, stop in noted["until"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"{self._path} cannot be read: {error!r}; copy with --again") from None
        if source != self._source:
            raise StoreError(f"{self._path}: a copy from {source} was cut short; finish that first, or copy with --again")
        self._until = until

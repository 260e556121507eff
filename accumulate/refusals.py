"""Lines that were refused: how many for each reason, and the last of them to look at."""

from __future__ import annotations

from collections import Counter, deque

KEPT = 20
KEPT_BYTES = 200  # of each line


class Refusals:
    """Counts by reason. Reasons are words of our own, so there are only ever a few."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._last: dict[str, deque[bytes]] = {}

    def add(self, reason: str, line: bytes) -> None:
        self.counts[reason] += 1
        self._last.setdefault(reason, deque(maxlen=KEPT)).append(line[:KEPT_BYTES])

    @property
    def total(self) -> int:
        return self.counts.total()

    def last(self) -> dict[str, list[str]]:
        """For each reason its last lines, oldest first, made printable: bytes that are not UTF-8 or not printable as escapes."""
        return {reason: [_printable(line) for line in lines] for reason, lines in self._last.items()}


def _printable(line: bytes) -> str:
    text = line.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)

"""How far a long work is, for who waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TextIO

_BAR_S: Final = 0.2
_LINES_S: Final = 10.0
_WIDTH: Final = 30


class Progress:
    """A bar on a terminal, a line now and then elsewhere. ``total``: cells; ``monotonic`` gives seconds."""

    def __init__(self, total: int, out: TextIO, monotonic: Callable[[], float]) -> None:
        self._total = max(1, total)
        self._out = out
        self._bar = out.isatty()
        self._done = 0
        self._monotonic = monotonic
        self._began = self._told = monotonic()

    def advance(self, cells: int) -> None:
        """So many more are done."""
        self._done += cells
        now = self._monotonic()
        if now - self._told >= (_BAR_S if self._bar else _LINES_S):
            self._told = now
            self._tell(now)

    def end(self) -> None:
        """Nothing of a bar is left."""
        if self._bar:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _tell(self, now: float) -> None:
        share, rate = min(1.0, self._done / self._total), self._done / (now - self._began)
        rest_s = max(0, self._total - self._done) / rate if rate else 0.0
        text = f"{share:4.0%}, {rate:,.0f} windows/s, {rest_s:,.0f} s left"
        if self._bar:
            full = int(share * _WIDTH)
            text = f"\r[{'#' * full}{' ' * (_WIDTH - full)}] {text}\x1b[K"
        self._out.write(text if self._bar else f"{text}\n")
        self._out.flush()

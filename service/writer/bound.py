"""A bound with room below it."""

from __future__ import annotations


class Bound:
    """Exceeded from above ``most`` on until it is ``enough`` again, so that what depends on it does not flutter."""

    def __init__(self, most: int, enough: int) -> None:
        self.exceeded = False
        self._most = most
        self._enough = enough

    def look(self, value: int) -> bool:
        """Whether it is exceeded now."""
        self.exceeded = value > (self._enough if self.exceeded else self._most)
        return self.exceeded

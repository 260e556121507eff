"""Colours as Graphite's parameters name them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Color(NamedTuple):
    """Shares of red, green, blue, and of what is not seen through."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def faded(self, alpha: float) -> Color:
        return self._replace(alpha=alpha)

    def hex(self) -> str:
        """``#rrggbb``."""
        return "#" + "".join(f"{round(255 * share):02x}" for share in self[:3])


_NAMED: Final = {
    "black": "000000",
    "white": "ffffff",
    "blue": "6464ff",
    "green": "00c800",
    "red": "c80032",
    "yellow": "ffff00",
    "orange": "ffa500",
    "purple": "c864ff",
    "brown": "966432",
    "cyan": "00ffff",
    "aqua": "009696",
    "gray": "afafaf",
    "grey": "afafaf",
    "magenta": "ff00ff",
    "pink": "ff6464",
    "gold": "c8c800",
    "rose": "c896c8",
    "darkblue": "0000ff",
    "darkgreen": "00ff00",
    "darkred": "ff0000",
    "darkgray": "6f6f6f",
    "darkgrey": "6f6f6f",
}

_HEX = re.compile(r"(?:#|%23)?([0-9a-f]{6})([0-9a-f]{2})?", re.IGNORECASE)


def color(text: str) -> Color | None:
    """A name, ``rrggbb`` or ``rrggbbaa``, with or without ``#``; None for anything else."""
    found = _HEX.fullmatch(_NAMED.get(text.strip(), text.strip()))
    if not found:
        return None
    digits = found[1] + (found[2] or "ff")
    return Color(*(int(digits[at : at + 2], 16) / 255 for at in range(0, 8, 2)))


def known(text: str) -> Color:
    """A colour that is one for sure."""
    found = color(text)
    assert found, text
    return found

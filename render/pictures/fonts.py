"""The letters of a picture and their sizes: DejaVu, which the drawing library brings along."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from matplotlib.backends.backend_agg import get_hinting_flag
from matplotlib.font_manager import FontProperties, findfont, get_font

from .options import Face

_MISSING = "\N{REPLACEMENT CHARACTER}"


class Font:
    """One face in one size; lengths in pixels. One thread."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.properties = FontProperties(
            family=self.family,
            size=face.size,
            weight="bold" if face.bold else "normal",
            style="italic" if face.italic and "Serif" in self.family else "oblique" if face.italic else "normal",
        )
        # A font of the library belongs to the thread that asks for it.
        self._font: Any = get_font(findfont(self.properties))

    @property
    def family(self) -> str:
        """The nearest there is to what was asked for."""
        name = self.face.name.lower()
        if "mono" in name or "courier" in name:
            return "DejaVu Sans Mono"
        return "DejaVu Serif" if ("serif" in name and "sans" not in name) or "times" in name else "DejaVu Sans"

    @property
    def ascent(self) -> float:
        return float(self._font.ascender / self._font.units_per_EM * self.face.size)

    @property
    def descent(self) -> float:
        return float(-self._font.descender / self._font.units_per_EM * self.face.size)

    @property
    def height(self) -> float:
        return self.ascent + self.descent

    def width(self, text: str) -> float:
        self._font.set_size(self.face.size, 72)
        hinting = get_hinting_flag()  # type: ignore[no-untyped-call] # what letters are drawn with; the library types it not
        self._font.set_text(self.shown(text), 0.0, flags=hinting)
        return float(self._font.get_width_height()[0] / 64)

    def shown(self, text: str) -> str:
        """``text`` with a sign for each letter that the font does not have."""
        return "".join(char if ord(char) in self._letters else _MISSING for char in text)

    @cached_property
    def _letters(self) -> frozenset[int]:
        return frozenset(self._font.get_charmap()) - frozenset(range(32))

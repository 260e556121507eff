"""How much a data folder holds."""

from __future__ import annotations

from pathlib import Path

from ...stores import layout


def stored_bytes(folder: Path) -> int:
    """What blocks and logs of a data folder take."""
    files = (path for level in layout.levels(folder) for path in layout.level_folder(folder, level).glob("**/*.*"))
    return sum(_size(path) for path in files)


def _size(path: Path) -> int:
    """0 for one that has just gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

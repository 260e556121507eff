"""Where things lie in a data folder: ``<data>/<policy>/<step>/`` holds the blocks of a level, ``log/`` below it its segments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..schema.identity import Level


def level_folder(data: Path, level: Level) -> Path:
    """The folder of a level's blocks."""
    return data / level.policy / str(level.step_s)


def log_folder(data: Path, level: Level) -> Path:
    """The folder of a level's segments."""
    return level_folder(data, level) / "log"


def levels(data: Path) -> Iterator[Level]:
    """Every level that has a folder, configured or not, by policy and step."""
    folders = (folder for folder in data.glob("*/*/") if folder.name.isdecimal() and folder.is_dir())
    yield from sorted(Level(folder.parent.name, int(folder.name)) for folder in folders)

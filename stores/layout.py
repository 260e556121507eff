"""Where things lie in a data folder: ``<data>/<policy>/<step>/`` holds the blocks of a level, ``log/`` below it its segments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from ..schema.identity import Level


def level_folder(data: Path, level: Level) -> Path:
    """The folder of a level's blocks."""
    return data / level.policy / str(level.step_s)


def log_folder(data: Path, level: Level) -> Path:
    """The folder of a level's segments."""
    return level_folder(data, level) / "log"


_SEGMENT = re.compile(r"[0-9a-f]{16}\.log")


def segment_file(folder: Path, first_sequence: int) -> Path:
    """The segment in the log folder ``folder`` that begins with this sequence."""
    return folder / f"{first_sequence:016x}.log"


def sequence_of(segment: Path) -> int:
    """The first sequence of a segment, by its name."""
    return int(segment.stem, 16)


def free_file(path: Path, why: str) -> Path:
    """A name beside ``path`` that tells why its file is kept there, and that no file has."""
    names = (path.with_name(f"{path.name}.{why}{number or ''}") for number in count())
    return next(name for name in names if not name.exists())


def segments(folder: Path) -> list[Path]:
    """The segments in the log folder ``folder``, in order; none if it is not there. What has another name is not ours."""
    try:
        return sorted(path for path in folder.iterdir() if _SEGMENT.fullmatch(path.name))
    except FileNotFoundError:
        return []


def levels(data: Path) -> Iterator[Level]:
    """Every level that has a folder, configured or not, by policy and step."""
    folders = (folder for folder in data.glob("*/*/") if folder.name.isdecimal() and folder.is_dir())
    yield from sorted(Level(folder.parent.name, int(folder.name)) for folder in folders)

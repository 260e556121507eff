"""The manifest: which blocks live, and how far each level's log is in them. The file: docs/formats/manifest.md."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ...schema.errors import Damaged, StoreError
from ...schema.identity import Identity, Level, Mode
from ..layout import level_folder
from .format import BlockHeader

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A block as the manifest names it."""

    start: int
    slots: int
    first: int
    last: int
    mode: str
    writer: str
    ids: int
    bytes: int

    @classmethod
    def of(cls, header: BlockHeader) -> BlockEntry:
        who = header.identity
        mode = who.mode.name.lower()
        return cls(header.start, header.slots, who.first, who.last, mode, who.writer, header.chunks, header.file_bytes)

    @property
    def name(self) -> str:
        return block_name(self.start, self.last)

    @property
    def identity(self) -> Identity:
        return Identity(self.writer, self.first, self.last, Mode[self.mode.upper()])

    def stop(self, step_s: int) -> int:
        """Unix second at which its last slot ends."""
        return self.start + self.slots * step_s


def block_name(start: int, last: int) -> str:
    """The file of the block that begins at ``start`` and holds sequences up to ``last``."""
    return f"{start}-{last:016x}.block"


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """``sealed``: the last sequence of the level's log that is in its blocks, 0 if none is."""

    sealed: int = 0
    blocks: tuple[BlockEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """One generation. Never changed: a new one replaces it."""

    generation: int = 0
    levels: Mapping[Level, LevelEntry] = field(default_factory=dict)

    def level(self, level: Level) -> LevelEntry:
        return self.levels.get(level, LevelEntry())

    def sealing(self, level: Level, sealed: int, blocks: Sequence[BlockEntry]) -> Manifest:
        """The next generation, in which ``blocks`` hold the log of ``level`` up to ``sealed``."""
        return self._with(level, LevelEntry(sealed, (*self.level(level).blocks, *blocks)))

    def without(self, level: Level, blocks: Sequence[BlockEntry]) -> Manifest:
        """The next generation, in which ``blocks`` are not."""
        entry = self.level(level)
        return self._with(level, replace(entry, blocks=tuple(block for block in entry.blocks if block not in blocks)))

    def paths(self, data: Path) -> Iterator[Path]:
        """Every block file it names."""
        for level, entry in self.levels.items():
            folder = level_folder(data, level)
            yield from (folder / block.name for block in entry.blocks)

    def pack(self) -> bytes:
        levels = {
            str(level): {"sealed": entry.sealed, "blocks": [asdict(block) for block in entry.blocks]}
            for level, entry in self.levels.items()
        }
        document = {"format": FORMAT, "generation": self.generation, "levels": levels}
        text = json.dumps(document, separators=(",", ":")).encode() + b"\n"
        return text + _check_line(text)

    @classmethod
    def parse(cls, data: bytes, file: str) -> Manifest:
        """Read what ``pack`` wrote. Raises Damaged, and StoreError for a later format."""
        text, newline, check = data.partition(b"\n")
        text += newline
        if check != _check_line(text):
            raise Damaged(file, 0, "it fails its checksum")
        document = json.loads(text)
        if document["format"] > FORMAT:
            raise StoreError(f"{file} has format {document['format']}; this version of cadent reads up to {FORMAT}")
        levels = {Level.parse(name): _level_entry(entry) for name, entry in document["levels"].items()}
        return cls(document["generation"], levels)

    def _with(self, level: Level, entry: LevelEntry) -> Manifest:
        return Manifest(self.generation + 1, {**self.levels, level: entry})


def _check_line(text: bytes) -> bytes:
    return f"crc32 {zlib.crc32(text):08x}\n".encode()


def _level_entry(entry: dict[str, Any]) -> LevelEntry:
    return LevelEntry(entry["sealed"], tuple(BlockEntry(**block) for block in entry["blocks"]))

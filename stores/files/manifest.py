"""The manifest: which blocks live, and how far each level's log is in them. The file: docs/formats/manifest.md."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ...schema.errors import Damaged, StoreError
from ...schema.identity import Identity, Level, Mode
from ...schema.protocols import ChunkSet
from ..layout import level_folder
from .format import BlockHeader

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A block as the manifest names it: a chunk set in a file of its own."""

    number: int
    start: int
    slots: int
    first: int
    last: int
    mode: str
    writer: str
    rolled_up_to_s: int
    ids: int
    bytes: int

    @classmethod
    def of(cls, header: BlockHeader, number: int, rolled_up_to_s: int) -> BlockEntry:
        who = header.identity
        mode = who.mode.name.lower()
        return cls(
            number,
            header.start,
            header.slots,
            who.first,
            who.last,
            mode,
            who.writer,
            rolled_up_to_s,
            header.ids,
            header.file_bytes,
        )

    @property
    def name(self) -> str:
        return block_name(self.start, self.number)

    def chunk_set(self, step_s: int) -> ChunkSet:
        """What the snapshots of a level with this step say of it."""
        identity = Identity(self.writer, self.first, self.last, Mode[self.mode.upper()])
        stop = self.start + self.slots * step_s
        return ChunkSet(self.number, identity, self.start, stop, self.rolled_up_to_s, self.bytes)


def block_name(start: int, number: int) -> str:
    """The file of the block with this number, whose windows begin at ``start``."""
    return f"{start}-{number:016x}.block"


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """``sealed``: the last sequence of the level's log that is in its blocks, 0 if none is."""

    sealed: int = 0
    blocks: tuple[BlockEntry, ...] = ()

    def having(self, blocks: Iterable[BlockEntry]) -> LevelEntry:
        """With ``blocks`` too, all in the order in which their points are merged: what was merged with blocks before its last
        sequence stands before others that end with that sequence."""
        every = sorted((*self.blocks, *blocks), key=lambda block: (block.last, block.first, block.number))
        return replace(self, blocks=tuple(every))

    def without(self, numbers: Collection[int]) -> LevelEntry:
        return replace(self, blocks=tuple(block for block in self.blocks if block.number not in numbers))

    def rolled_up(self, numbers: Collection[int], step_s: int) -> LevelEntry:
        """The blocks with these numbers marked as rolled up to ``step_s``."""
        marked = (replace(block, rolled_up_to_s=step_s) if block.number in numbers else block for block in self.blocks)
        return replace(self, blocks=tuple(marked))


@dataclass(frozen=True, slots=True)
class Manifest:
    """One generation. Never changed: a new one replaces it. ``next_number``: of the next new block."""

    generation: int = 0
    next_number: int = 1
    levels: Mapping[Level, LevelEntry] = field(default_factory=dict)

    def level(self, level: Level) -> LevelEntry:
        return self.levels.get(level, LevelEntry())

    def changed(self, levels: Mapping[Level, LevelEntry]) -> Manifest:
        """The next generation, in which ``levels`` are as given and the others as they were."""
        numbers = (block.number + 1 for entry in levels.values() for block in entry.blocks)
        return Manifest(self.generation + 1, max(self.next_number, *numbers, 0), {**self.levels, **levels})

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
        document = {"format": FORMAT, "generation": self.generation, "next_number": self.next_number, "levels": levels}
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
        return cls(document["generation"], document["next_number"], levels)


def _check_line(text: bytes) -> bytes:
    return f"crc32 {zlib.crc32(text):08x}\n".encode()


def _level_entry(entry: dict[str, Any]) -> LevelEntry:
    return LevelEntry(entry["sealed"], tuple(BlockEntry(**block) for block in entry["blocks"]))

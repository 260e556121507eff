"""The manifest of a writer: which chunk sets count, what is erased from them, and how far each level's log is in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from ...schema.identity import Level
from ...schema.protocols import ChunkSet
from ...schema.rows import Ids

# Numbers that a change may give to what it writes: sets, lists of ids, erasures. There are enough for all times.
NUMBERS_A_CHANGE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SetEntry:
    """A chunk set. ``highest_id``: of those that have a chunk in it; all of them are listed under ``ids_number``."""

    chunks: ChunkSet
    highest_id: int
    ids_number: int

    @property
    def number(self) -> int:
        return self.chunks.number


@dataclass(frozen=True, slots=True, eq=False)
class Erasure:
    """Points of ``ids`` (ascending) in [start, stop) do not count in sets of lower number."""

    number: int
    start: int
    stop: int
    ids: Ids

    def touches(self, chunks: ChunkSet) -> bool:
        """Whether it can be about points of that set."""
        return chunks.number < self.number and chunks.start < self.stop and chunks.stop > self.start


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """``sealed``: the last sequence of the level's log that is in its sets, 0 if none is. ``sets`` are in the order in which
    their points are merged."""

    sealed: int = 0
    sets: tuple[SetEntry, ...] = ()
    erasures: tuple[Erasure, ...] = ()

    def having(self, sets: Iterable[SetEntry]) -> LevelEntry:
        """With ``sets`` too, each in place of the one that has its number."""
        by_number = {one.number: one for one in (*self.sets, *sets)}
        every = sorted(by_number.values(), key=lambda one: (one.chunks.identity.last, one.chunks.identity.first, one.number))
        return replace(self, sets=tuple(every))

    def without(self, numbers: Collection[int]) -> LevelEntry:
        """Without the sets of these numbers."""
        return replace(self, sets=tuple(one for one in self.sets if one.number not in numbers))

    def rolled_up(self, numbers: Collection[int], step_s: int) -> LevelEntry:
        """The sets of these numbers marked as rolled up to ``step_s``."""
        return self.having(
            replace(one, chunks=replace(one.chunks, rolled_up_to_s=step_s)) for one in self.sets if one.number in numbers
        )

    def erasing(self, erasures: Iterable[Erasure]) -> LevelEntry:
        """With ``erasures`` too."""
        by_number = {one.number: one for one in (*self.erasures, *erasures)}
        return replace(self, erasures=tuple(by_number[number] for number in sorted(by_number)))

    def tidied(self, least_number: int) -> LevelEntry:
        """Without erasures that no set needs, nor one that is still to come and has ``least_number`` or a greater one."""
        needed = (
            one for one in self.erasures if one.number > least_number or any(one.touches(each.chunks) for each in self.sets)
        )
        return replace(self, erasures=tuple(needed))

    def held_by(self, other: LevelEntry) -> LevelEntry:
        """Of its sets those that ``other`` has, as they are there."""
        numbers = {one.number for one in self.sets}
        sets = tuple(one for one in other.sets if one.number in numbers)
        return LevelEntry(min(self.sealed, other.sealed), sets, self.erasures)


class Seal(NamedTuple):
    """One seal of the log of ``level``, up to this sequence."""

    level: Level
    last_sequence: int

    def __str__(self) -> str:
        return f"{self.level}:{self.last_sequence}"

    @classmethod
    def parse(cls, text: str) -> Seal:
        level, _, sequence = text.rpartition(":")
        return cls(Level.parse(level), int(sequence))


@dataclass(frozen=True, slots=True)
class Manifest:
    """One generation. Never changed: a new one replaces it.

    ``next_number``: greater than all that were given to anything. ``pending``: the first number of each seal that was begun and
    may have to be repeated: it gets the same ones then, so that nothing is written twice.
    """

    generation: int = 0
    next_number: int = 1
    pending: Mapping[Seal, int] = field(default_factory=dict)
    levels: Mapping[Level, LevelEntry] = field(default_factory=dict)

    def level(self, level: Level) -> LevelEntry:
        return self.levels.get(level, LevelEntry())

    def reserving(self, seal: Seal | None = None) -> Manifest:
        """With numbers set apart, from its present ``next_number`` on, for ``seal`` or another change."""
        pending = {**self.pending, seal: self.next_number} if seal else self.pending
        return replace(self, next_number=self.next_number + NUMBERS_A_CHANGE, pending=pending)

    def without_pending(self, seal: Seal) -> Manifest:
        """``seal`` gets other numbers when it is repeated."""
        return replace(self, pending={one: number for one, number in self.pending.items() if one != seal})

    def changed(self, levels: Mapping[Level, LevelEntry], lasting: Manifest) -> Manifest:
        """The next generation, in which ``levels`` are as given and the others as they were. Seals that are in ``lasting`` are
        not repeated."""
        pending = {seal: number for seal, number in self.pending.items() if seal.last_sequence > lasting.level(seal.level).sealed}
        least = min(pending.values(), default=self.next_number)
        tidied = {level: entry.tidied(least) for level, entry in levels.items()}
        return Manifest(self.generation + 1, self.next_number, pending, {**self.levels, **tidied})

    def taken_back_to(self, past: Manifest) -> Manifest:
        """The next generation, with the sets of ``past``. What was erased since then stays erased."""
        levels = {level: past.level(level).erasing(self.level(level).erasures) for level in {**past.levels, **self.levels}}
        return replace(self, generation=self.generation + 1, levels=levels)

    def held_by(self, other: Manifest) -> Manifest:
        """Of its sets those that ``other`` has, as they are there."""
        return replace(self, levels={level: entry.held_by(other.level(level)) for level, entry in self.levels.items()})

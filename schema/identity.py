"""Who wrote a record or chunk, in which order, and how it meets what is already there."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Mode(enum.IntEnum):
    """``ADD`` merges with what is there; ``REPLACE`` supersedes all earlier records of that (path, window)."""

    ADD = 0
    REPLACE = 1


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """One step of one policy's ladder: what a log and a set of blocks belong to. Written ``default/10``."""

    policy: str
    step_s: int

    def __str__(self) -> str:
        return f"{self.policy}/{self.step_s}"

    @classmethod
    def parse(cls, text: str) -> Level:
        policy, _, step = text.rpartition("/")
        return cls(policy, int(step))


@dataclass(frozen=True, slots=True)
class Identity:
    """The log sequences ``first..last`` (inclusive) of ``writer`` that something holds, all of one ``mode``."""

    writer: str
    first: int
    last: int
    mode: Mode = Mode.ADD

"""Bytes as crashes and failing disks leave them."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cadent.schema.errors import Damaged

# Of each kind of file. ``make soak`` makes many more.
TRIALS = int(os.environ.get("CADENT_TRIALS", "300"))


class Harm(NamedTuple):
    """What became of some bytes: ``data``, which from byte ``at`` up to ``end`` is not what it was. If bytes came or went, that
    is all of the rest."""

    how: str
    at: int
    end: int
    data: bytes


def trials(seed: int) -> list[random.Random]:
    """A source of chance for each trial, the same in each run."""
    return [random.Random(f"{seed} {number}") for number in range(TRIALS)]


def harm(sound: bytes, rng: random.Random) -> Harm:
    """One fault of a random kind at a random place."""
    while True:
        how = rng.choice(list(_FAULTS))
        data = _FAULTS[how](sound, rng.randrange(len(sound)), rng)
        if data != sound:
            return Harm(how, *_difference(sound, data), data)


def attempt(call: Callable[[], object]) -> tuple[object, Damaged | None]:
    """What ``call`` gives, or the damage it names."""
    try:
        return call(), None
    except Damaged as error:
        return None, error


def _flip(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _zero(data: bytes, at: int, rng: random.Random) -> bytes:
    return _put(data, at, bytes(_size(rng)))


def _overwrite(data: bytes, at: int, rng: random.Random) -> bytes:
    return _put(data, at, rng.randbytes(_size(rng)))


def _repeat(data: bytes, at: int, rng: random.Random) -> bytes:
    """A piece lies where another one belongs, as after a write that went astray."""
    start = rng.randrange(len(data))
    return _put(data, at, data[start : start + _size(rng)])


def _cut(data: bytes, at: int, _: random.Random) -> bytes:
    return data[:at]


def _insert(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + rng.randbytes(_size(rng)) + data[at:]


_FAULTS = {
    "flip": _flip,
    "zero": _zero,
    "overwrite": _overwrite,
    "repeat": _repeat,
    "cut": _cut,
    "insert": _insert,
}


def _size(rng: random.Random) -> int:
    return rng.choice([1, 4, 8, 64, 512, 4_096])


def _put(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece[: len(data) - at] + data[at + len(piece) :]


def _difference(one: bytes, other: bytes) -> tuple[int, int]:
    unlike = [at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    longer = max(len(one), len(other))
    begin = unlike[0] if unlike else min(len(one), len(other))
    return begin, unlike[-1] + 1 if len(one) == len(other) else longer


def flip(file: Path, at: int, bit: int = 0) -> None:
    """Change one bit of byte ``at``."""
    data = bytearray(file.read_bytes())
    data[at] ^= 1 << bit
    file.write_bytes(data)

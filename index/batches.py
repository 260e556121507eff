"""Frames of a names log as arrays, those of one kind taken together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..schema.rows import Ids
from .frames import ADD, RENAME, SEEN, Lengths, ids_of, lengths_of, path_bytes_of, policy_of
from .living import Living
from .tail import Piece


class Batch(NamedTuple):
    """What frames of one kind, policy and day that follow each other say of ``ids``, in their order. ``paths`` lie back to back,
    path i is ``lengths[i]`` bytes long; there are none in kinds without."""

    kind: int
    policy: str
    day: int
    ids: Ids
    lengths: Lengths
    paths: bytes

    @property
    def repeats(self) -> bool:
        """Whether an id or a path may stand there twice, so that the order matters."""
        ascending = bool(np.all(self.ids[1:] > self.ids[:-1]))
        return not ascending or len(set(self._texts())) < len(self.ids)

    def select(self, mask: NDArray[np.bool_]) -> Batch:
        """The names in ``mask``."""
        if mask.all():
            return self
        return self._replace(ids=self.ids[mask], lengths=self.lengths[mask], paths=b"".join(self._texts(mask)))

    def names(self) -> Iterator[tuple[int, bytes]]:
        """Each id and its path."""
        return zip(self.ids.tolist(), self._texts(), strict=True)

    def _texts(self, mask: NDArray[np.bool_] | slice = slice(None)) -> list[bytes]:
        ends = np.cumsum(self.lengths, dtype=np.int64)
        starts = ends - self.lengths
        return [self.paths[start:end] for start, end in zip(starts[mask].tolist(), ends[mask].tolist(), strict=True)]


def batches_of(piece: Piece) -> Iterator[Batch]:
    """What the frames of ``piece`` say, in their order."""
    for (kind, policy, day), frames in groupby(piece.frames, lambda frame: _about(piece.data, frame)):
        yield _joined(piece.data, list(frames), kind, policy, day)


def batches_of_living(living: Living) -> Iterator[Batch]:
    """What adds all that lives to a union."""
    for names in living.names():
        yield Batch(ADD, names.policy, names.day, names.ids, np.asarray(names.lengths, np.uint16), names.paths)
    for day, ids in living.seen():
        yield without_paths(SEEN, ids, day)


def without_paths(kind: int, ids: Ids, day: int = 0) -> Batch:
    """A batch of a kind that has none."""
    return Batch(kind, "", day, ids, np.empty(0, np.uint16), b"")


def _about(data: bytes, frame: np.void) -> tuple[int, str, int]:
    kind = int(frame["kind"])
    return kind, policy_of(data, frame) if kind == ADD else "", int(frame["day"])


def _joined(data: bytes, frames: Sequence[np.void], kind: int, policy: str, day: int) -> Batch:
    ids = np.concatenate([ids_of(data, frame) for frame in frames]).astype(np.uint32, copy=False)
    if kind not in (ADD, RENAME):
        return without_paths(kind, ids, day)
    lengths = np.concatenate([lengths_of(data, frame) for frame in frames]).astype(np.uint16, copy=False)
    return Batch(kind, policy, day, ids, lengths, b"".join(path_bytes_of(data, frame) for frame in frames))

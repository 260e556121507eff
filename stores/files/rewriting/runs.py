"""Which chunks of a strip stay as they are, and which become one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....codec.chunk import MAX_SLOTS
from ..chunks import Chunks, Numbers, key

# A chunk has some 7 bytes of its own (flags, scale, predictor, length) and begins to predict anew. Measured: hours of 60 points
# (75 bytes) take 8 % less when they are joined, hours of 120 points 4 % for the same work, and hours of 360 points 6 % more.
SMALL_BYTES = 100
# Small neighbours are joined within aligned stretches of so many slots: a query for an hour decodes all of its chunk.
JOINED_SLOTS = 1_440


class Window(NamedTuple):
    """Slots [start, stop), counted from 1970 on."""

    start: int
    stop: int

    def pieces(self) -> list[Window]:
        """Itself, or what is left when it is cut where chunks of the greatest width begin."""
        if self.stop - self.start <= MAX_SLOTS:
            return [self]
        inner = range(self.start - self.start % MAX_SLOTS + MAX_SLOTS, self.stop, MAX_SLOTS)
        cuts = [self.start, *inner, self.stop]
        return [Window(*pair) for pair in pairwise(cuts)]


class Runs(NamedTuple):
    """Columns of one length: the strip of each run, the place of its first chunk, how many chunks it has (more than one become
    one), and the slots that it is to cover."""

    strip: Numbers
    first: Numbers
    chunks: Numbers
    start: Numbers
    stop: Numbers

    def take(self, which: NDArray[np.int64]) -> Runs:
        return Runs(*(column[which] for column in self))

    def is_chunk(self, chunks: Chunks) -> NDArray[np.bool_]:
        """Which of them are what their only chunk is."""
        alone: NDArray[np.bool_] = self.chunks == 1
        alone &= (chunks.start[self.first] == self.start) & (chunks.stop[self.first] == self.stop)
        return alone

    def members(self) -> Numbers:
        """The places of all of their chunks, run by run."""
        before = np.cumsum(self.chunks) - self.chunks
        places: Numbers = np.arange(self.chunks.sum()) + np.repeat(self.first - before, self.chunks)
        return places

    def windows(self) -> Counter[Window]:
        """How many runs cover each window."""
        _, at, counts = np.unique(key(self.start, self.stop), return_index=True, return_counts=True)
        covered = zip(self.start[at].tolist(), self.stop[at].tolist(), strict=True)
        return Counter(dict(zip(map(Window._make, covered), counts.tolist(), strict=True)))


def runs_of(chunks: Chunks, within: Window) -> Runs:
    """The runs of ``chunks``, which are in order and lie ``within``. Chunks that share slots belong together, and so do small
    neighbours."""
    cluster = _clusters(chunks)
    start, stop = chunks.start[cluster], np.maximum.reduceat(chunks.stop, cluster)
    begin = np.flatnonzero(~_joined(chunks, cluster, start))
    first = cluster[begin]
    several = np.diff(np.append(begin, len(cluster))) > 1
    counts = np.diff(np.append(first, len(chunks.strip)))
    runs = Runs(chunks.strip[first], first, counts, start[begin], np.maximum.reduceat(stop, begin))
    return _widened(runs, several, within)


def gathered(chunks: Chunks, runs: Runs, common: Numbers, within: Window) -> tuple[Chunks, Runs]:
    """With those runs of each strip whose windows are not among ``common`` (keys) as one run over all of ``within``; and the
    chunks in the order of runs again."""
    rare = np.flatnonzero(~np.isin(key(runs.start, runs.stop), common))
    _, first, which = np.unique(runs.strip[rare], return_index=True, return_inverse=True)
    joins = np.arange(len(runs.strip))
    joins[rare] = rare[first][which]
    kept = np.unique(joins)
    counts = np.bincount(joins, runs.chunks, len(joins)).astype(np.int64)[kept]
    start, stop = runs.start.copy(), runs.stop.copy()
    start[rare], stop[rare] = within
    order = np.argsort(np.repeat(joins, runs.chunks), kind="stable")
    return chunks.take(order), Runs(runs.strip[kept], np.cumsum(counts) - counts, counts, start[kept], stop[kept])


def _widened(runs: Runs, which: NDArray[np.bool_], within: Window) -> Runs:
    """With those runs on whole stretches that have them for themselves: there are many ways to have gaps, and each would be a
    part."""
    stretch = runs.start - runs.start % JOINED_SLOTS
    start = np.maximum(stretch, within.start)
    stop = np.maximum(runs.stop, np.minimum(stretch + JOINED_SLOTS, within.stop))
    which = which & np.append(True, key(runs.strip, start)[1:] >= key(runs.strip, runs.stop)[:-1])
    which &= np.append(key(runs.strip, stop)[:-1] <= key(runs.strip, runs.start)[1:], True)
    return runs._replace(start=np.where(which, start, runs.start), stop=np.where(which, stop, runs.stop))


def _clusters(chunks: Chunks) -> Numbers:
    """The places of the first chunks of each cluster: what shares slots, itself or by way of others."""
    reach = np.maximum.accumulate(key(chunks.strip, chunks.stop))
    return np.flatnonzero(np.append(True, key(chunks.strip, chunks.start)[1:] >= reach[:-1]))


def _joined(chunks: Chunks, first: Numbers, start: Numbers) -> NDArray[np.bool_]:
    """Which clusters belong to the one before them, because both are small."""
    small = np.add.reduceat(chunks.end - chunks.begin, first) < SMALL_BYTES
    strip, stretch = chunks.strip[first], start // JOINED_SLOTS
    same = (strip[1:] == strip[:-1]) & (stretch[1:] == stretch[:-1])
    return np.append(False, same & small[1:] & small[:-1])

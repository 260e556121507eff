"""Doubles of servers that can be broken at will: a chunk store that may lose what it took last, and publications."""

from itertools import chain
from time import sleep

from cadent.schema.errors import Refused, Unavailable
from cadent.stores.memory import MemoryStore


class LaggingStore(MemoryStore):
    """What it takes lasts when ``settle`` says so. ``refused``: last sequences of segments whose points it never takes."""

    def __init__(self):
        super().__init__()
        self.settled = self.snapshot()
        self.refused = set()

    def lasting(self, level):
        return self.settled.sealed(level)

    def settle(self):
        self.settled = self.snapshot()

    def lose(self):
        """A crash takes what does not last."""
        self._snapshot = self.settled

    def seal(self, level, last_sequence, slices):
        pieces = iter(slices)
        for first in pieces:
            if last_sequence in self.refused:
                raise Refused(f"what ends with {last_sequence} is too large")
            pieces = chain([first], pieces)
            break
        super().seal(level, last_sequence, pieces)


class MemoryPublications:
    """``points[level, first, last]``: {(id, time): Point} of a part; ``published``: the parts in the order in which they came;
    ``counted``: how often they began to count, and ``before``: what was published then."""

    def __init__(self):
        self.looks = 0
        self._interruptions = 0
        self.points = {}
        self.published = []
        self.counted = 0
        self.before = None
        self.calls = 0
        self.trouble = ""
        self.hangs_s = 0.0

    @property
    def interruptions(self):
        """Asked for at the beginning of a round."""
        self.looks += 1
        return self._interruptions

    def interrupt(self):
        self._interruptions += 1

    def publish(self, level, slices):
        self.calls += 1
        sleep(self.hangs_s)
        points, ranges = {}, set()
        for piece in slices:
            self._refuse()
            ranges.add((piece.identity.first, piece.identity.last))
            for row, id_ in enumerate(piece.ids.tolist()):
                points |= {(id_, point.time): point for point in piece.grid.points(row)}
        ((first, last),) = ranges
        assert self.points.setdefault((level, first, last), points) == points, "given once more, it is another part"
        self.published.append((level, first, last))

    def count(self):
        self._refuse()
        self.counted += 1
        self.before = list(self.published)

    def _refuse(self):
        if self.trouble:
            raise Unavailable(self.trouble)

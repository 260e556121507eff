"""Names logs in real folders, and a plain account of what must be in them."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pytest
from cadent.index.names import NamesLog
from cadent.index.path_index import TrieIndex
from cadent.schema.protocols import Match, NewNames


def new_names(first_id, paths, policy="default", day=20_000):
    """``paths`` with the ids from ``first_id`` on."""
    encoded = [path.encode() for path in paths]
    ids = np.arange(first_id, first_id + len(paths), dtype=np.uint32)
    return NewNames(policy, day, ids, [len(path) for path in encoded], b"".join(encoded))


@pytest.fixture(scope="session")
def names():
    """names(first_id, paths, policy=..., day=...): a batch for NamesLog.append."""
    return new_names


@pytest.fixture
def log(tmp_path):
    log = NamesLog.open(tmp_path)
    yield log
    log.close()


@pytest.fixture
def index(tmp_path):
    """Not started: queries alone make it read."""
    return TrieIndex(tmp_path)


@pytest.fixture
def filled(tmp_path, log):
    """filled(paths): an index of these paths, which have the ids 0, 1, ..."""

    def fill(paths, policy="default"):
        log.append(new_names(log.next_id, paths, policy))
        return TrieIndex(tmp_path)

    return fill


@dataclass
class Account:
    """Which id is which path, kept in a dict; ``numbers`` are ids never given before."""

    living: dict = field(default_factory=dict)  # id -> (path, policy)
    days: dict = field(default_factory=dict)  # id -> every day on which it was seen
    numbers: count = field(default_factory=count)

    def put(self, number, path, policy):
        """A path belongs to the id that got it last."""
        self.living = {other: entry for other, entry in self.living.items() if entry[0] != path}
        self.living[number] = path, policy
        self.days.setdefault(number, set())

    def see(self, number, day):
        if number in self.living:
            self.days[number].add(day)

    def drop(self, number):
        self.living.pop(number, None)

    def nodes(self, first=0, last=65_535):
        """Every node of the tree by path, and the tagged paths: those with a day from the first to the last between days
        on which they, or something below them, were seen."""
        nodes, below = {}, {}
        for number, (path, policy) in self.living.items():
            if reach(self.days[number], first, last):
                nodes[path] = Match(path, number, policy, branch=False)
            parts = path.split(".")
            for depth in range(1, len(parts) if ";" not in path else 0):
                below.setdefault(".".join(parts[:depth]), set()).update(self.days[number])
        for branch, days in below.items():
            leaf = nodes.get(branch)
            if reach(days, first, last):
                nodes[branch] = Match(branch, leaf and leaf.id, leaf and leaf.policy, branch=True)
        return nodes


def reach(days, first, last):
    return min(days) <= last and max(days) >= first


@pytest.fixture(scope="session")
def new_account():
    """new_account(): an empty one, for a property that needs a new one for each example."""
    return Account

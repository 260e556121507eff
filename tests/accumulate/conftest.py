import sys
from pathlib import Path

import numpy as np
import pytest
from cadent.accumulate._lines import Kernel
from cadent.accumulate.accumulator import Accumulator
from cadent.accumulate.limits import Limits
from cadent.schema.policy import Policies
from cadent.schema.resolution import Ladder

# Helpers of these tests alone; tests are no package, so they are found by folder.
sys.path.append(str(Path(__file__).parent))

from plain_fold import NOW


@pytest.fixture
def accumulator():
    """An accumulator with one policy, 10s:1d,1m:7d unless told, at NOW, with ``limits``."""

    def make(ladder="10s:1d,1m:7d", *, policies=None, now=NOW, newest=None, next_id=0, **limits):
        return Accumulator(policies or Policies.single(Ladder.parse(ladder)), Limits(**limits), next_id, now, newest=newest)

    return make


class Bare:
    """A kernel without an accumulator: lines it hands to the slow path are listed."""

    def __init__(self, levels=((0, 10),), *, next_id=0, max_paths=1_000, max_open_bytes=1 << 20, slow_line=None):
        self.slow, self.full = [], 0
        self.kernel = Kernel(
            list(levels),
            slow_line or self.slow.append,
            self._count_full,
            next_id=next_id,
            max_paths=max_paths,
            max_open_bytes=max_open_bytes,
        )
        self.kernel.set_bounds(0, 0, 2**32 - 1)

    def _count_full(self):
        self.full += 1

    def times(self):
        """Begin of each window, in order of opening; they are taken out."""
        return [closed.time for closed in self.kernel.take(np.arange(self.kernel.open_windows, dtype=np.uint32))]


@pytest.fixture
def bare():
    return Bare

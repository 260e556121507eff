"""A closed window as it goes from the accumulator to the log: one cell for each path that had samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import Counts, Floats
from .identity import Level

# A cell is the bits of a float64. Samples are finite, so NaN patterns are free to mean something else:
ABSENT = 0x7FF8_0000_0000_0000  # no point (the canonical quiet NaN)
MULTI = 0xFFFC_0000_0000_0000  # | k: the point has more than one sample and is entry k (32 bits) of the multi arrays

Ids = NDArray[np.uint32]
Cells = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Rows:
    """The points of one window.

    ``ids`` ascend; ``cells`` holds for each either the bits of its one sample or ``MULTI | k``, where k indexes
    ``count, sum, min, max, last`` (all of one length, 0 when every point is of a single sample).
    """

    level: Level
    time: int
    ids: Ids
    cells: Cells
    count: Counts
    sum: Floats
    min: Floats
    max: Floats
    last: Floats

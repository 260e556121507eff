from typing import Final

import numpy as np
from numpy.typing import NDArray

STATISTICS: Final[dict[str, int]]

def add_points(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    mins: NDArray[np.float64],
    maxs: NDArray[np.float64],
    lasts: NDArray[np.float64],
    into_counts: NDArray[np.int64],
    into_sums: NDArray[np.float64],
    into_mins: NDArray[np.float64],
    into_maxs: NDArray[np.float64],
    into_lasts: NDArray[np.float64],
    replace: bool,
) -> None: ...
def add_grid(
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    mins: NDArray[np.float64],
    maxs: NDArray[np.float64],
    lasts: NDArray[np.float64],
    rows: NDArray[np.int64],
    into_counts: NDArray[np.int64],
    into_sums: NDArray[np.float64],
    into_mins: NDArray[np.float64],
    into_maxs: NDArray[np.float64],
    into_lasts: NDArray[np.float64],
    column: int,
    fuller: bool,
) -> None: ...
def roll_up(
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    mins: NDArray[np.float64],
    maxs: NDArray[np.float64],
    lasts: NDArray[np.float64],
    into_counts: NDArray[np.int64],
    into_sums: NDArray[np.float64],
    into_mins: NDArray[np.float64],
    into_maxs: NDArray[np.float64],
    into_lasts: NDArray[np.float64],
    factor: int,
) -> None: ...
def consolidate_values(
    values: NDArray[np.float64],
    factor: int,
    statistic: int,
    into: NDArray[np.float64],
) -> None: ...
def interpolate(values: NDArray[np.float64], limit: int) -> None: ...

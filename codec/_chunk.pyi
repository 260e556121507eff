from collections.abc import Sized
from typing import Final

import numpy as np
from numpy.typing import NDArray

MAX_SLOTS: Final[int]

def encode(
    count: NDArray[np.int64],
    sum: NDArray[np.float64],
    min: NDArray[np.float64],
    max: NDArray[np.float64],
    last: NDArray[np.float64],
    offsets: NDArray[np.int64],
) -> bytes: ...
def decode(
    data: Sized,
    offsets: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    slots: int,
    count: NDArray[np.int64],
    sum: NDArray[np.float64],
    min: NDArray[np.float64],
    max: NDArray[np.float64],
    last: NDArray[np.float64],
    replace: bool,
) -> None: ...

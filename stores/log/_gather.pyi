import numpy as np
from numpy.typing import NDArray

def gather(
    log: memoryview | NDArray[np.uint8],
    records: NDArray[np.int64],
    slots: NDArray[np.int64],
    rows: NDArray[np.int64],
    replace: bool,
    count: NDArray[np.int64],
    sum: NDArray[np.float64],
    min: NDArray[np.float64],
    max: NDArray[np.float64],
    last: NDArray[np.float64],
) -> int: ...

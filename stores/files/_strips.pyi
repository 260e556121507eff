import numpy as np
from numpy.typing import NDArray

def locate(
    data: NDArray[np.uint8],
    strips: NDArray[np.int64],
    wanted: NDArray[np.uint8],
    found: NDArray[np.int64],
) -> int: ...
def join(
    sources: list[NDArray[np.uint8]],
    chunks: NDArray[np.int64],
    parts: int,
    ends: NDArray[np.int64],
) -> bytes: ...

import numpy as np
from numpy.typing import NDArray

from ...codec.chunk import Buffer

def locate(
    data: NDArray[np.uint8],
    strips: NDArray[np.int64],
    wanted: NDArray[np.uint8],
    found: NDArray[np.int64],
) -> int: ...
def join(
    sources: list[Buffer],
    chunks: NDArray[np.int64],
    parts: int,
    ends: NDArray[np.int64],
) -> bytes: ...

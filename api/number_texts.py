"""Values as text, without a Python number for any of them."""

from __future__ import annotations

import numpy as np
import orjson

from ..schema.grid import Floats


def texts(values: Floats, gap: bytes, infinity: bytes) -> list[bytes]:
    """One for each slot: the shortest that reads back as the same number. ``infinity`` gets a minus where it is below."""
    if not len(values):
        return []
    numbers = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    written = numbers.replace(b"null", gap).split(b",")
    for at in np.flatnonzero(np.isinf(values)):
        written[at] = infinity if values[at] > 0 else b"-" + infinity
    return written

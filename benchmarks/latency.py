"""Times requests over one kept-alive connection."""

import time
from collections.abc import Callable


def milliseconds(request: Callable[[], object], times: int, warm_up: int) -> list[float]:
    """Of each of ``times`` requests, sorted."""
    for _ in range(warm_up):
        request()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        request()
        taken.append((time.perf_counter() - start) * 1e3)
    return sorted(taken)


def percentile(taken: list[float], percent: float) -> float:
    """Of sorted ``taken``."""
    return taken[min(len(taken) - 1, int(len(taken) * percent / 100))]

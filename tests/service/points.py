"""What is sent to a service and what it must then show: points of past windows, which close as soon as they are quiet."""

import time
from contextlib import suppress

from cadent.schema.errors import WriterGone
from cadent.service.control.client import ControlClient
from programs import Cadent, eventually

STEP_S = 10
# Some hours ago, on a window's edge: past windows go to the log a second after their last sample.
PAST = int(time.time()) // 3_600 * 3_600 - 7_200

Points = dict[tuple[str, int], tuple[int, float]]  # (path, time of the window) -> (count, sum)


def past_points(prefix: str, paths: int, windows: int, first: int = PAST) -> Points:
    """Two samples a point."""
    return {
        (f"{prefix}.p{path:03}", first + window * STEP_S): (2, float(3 * path + window))
        for window in range(windows)
        for path in range(paths)
    }


def lines_of(points: Points) -> list[str]:
    """The samples of each point one after the other, windows in order of time: their sum is exact."""
    return [
        line for (path, at), (_, total) in points.items() for line in (f"{path} {total - 1} {at}", f"{path} 1 {at + STEP_S - 1}")
    ]


def shown(service: Cadent, patterns: str | list[str], start: int, stop: int) -> Points:
    """All points with times in [start, stop) that a query finds."""
    answer = service.web.post("/graphite/rawrender", target=patterns, to=stop - 1, **{"from": start - 1})
    return {(one["metric"], point["time"]): (point["count"], point["sum"]) for one in answer.json for point in one["data"]}


def wait_until_shown(service: Cadent, pattern: str, points: Points) -> None:
    """Exactly these and no others."""
    times = [at for _, at in points]
    seen: list[Points] = []

    def look() -> bool:
        # While the API or the writer starts again there is no answer.
        with suppress(OSError, AssertionError):
            seen.append(shown(service, pattern, min(times), max(times) + STEP_S))
        return bool(seen) and seen[-1] == points

    try:
        eventually(look, f"exactly {len(points)} points of {pattern} are shown")
    except AssertionError:
        assert seen[-1:] == [points]  # with the difference
        raise


def written(service: Cadent) -> int:
    """Points that the running writer has acknowledged: on disk, synced."""
    client = ControlClient(service.data)
    try:
        return client.ask("stats")["stats"]["points.written"]
    finally:
        client.close()


def wait_until_written(service: Cadent, points: int) -> None:
    def look() -> bool:
        with suppress(WriterGone):  # it is just being started
            return written(service) >= points
        return False

    eventually(look, f"{points} points are written")

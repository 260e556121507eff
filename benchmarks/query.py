"""Series out of sealed chunks through /metrics, warm."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .latency import milliseconds, percentile
from .lines import STEP_S, Load, gauges, history
from .loading import check, newest_complete_window, running, send
from .servers import Cadent
from .table import Row

DAY = 86_400 // STEP_S
SIX_HOURS = DAY // 4


def measure(folder: Path, *, quick: bool) -> list[Row]:
    series, times = (100, 10) if quick else (1000, 30)
    newest = newest_complete_window(time.time())
    one = history(folder / "one", "bench.day", gauges(1, DAY), newest - (DAY - 1) * STEP_S)
    many = history(folder / "many", "bench.many", gauges(series, SIX_HOURS), newest - (SIX_HOURS - 1) * STEP_S)
    with running(Cadent, folder) as server:
        for load in (one, many):
            send(server, load)
            check(server, load)
        server.seal()
        day = median_ms(fetch(server, one, "json"), times * 10)
        binary = median_ms(fetch(server, many, "binary"), times)
        as_json = median_ms(fetch(server, many, "json"), times)
    return [
        Row("1 series x 24 h at 10 s, JSON", day, "ms", 4),
        Row(f"{series:,} series x 6 h at 10 s, binary", binary, "ms", 120),
        Row(f"{series:,} series x 6 h at 10 s, JSON", as_json, "ms", 500),
    ]


def fetch(server: Cadent, load: Load, form: str) -> Callable[[], bytes]:
    """A request for every point of the load."""
    span = {"from": load.first_time - 1, "to": load.first_time + load.windows * STEP_S}
    return partial(server.http.get, "/graphite/metrics", target=load.targets[0], format=form, **span)


def median_ms(request: Callable[[], bytes], times: int) -> float:
    return percentile(milliseconds(request, times, warm_up=5), 50)

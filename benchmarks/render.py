"""Graphs of a thousand series and a day, 800 points out, through /render, warm: JSON over HTTP."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import orjson

from . import graphite_web
from .graphite_web import GraphiteWeb
from .latency import milliseconds, percentile
from .lines import STEP_S, Load, gauges, history
from .loading import check, newest_complete_window, send
from .servers import Cadent, Http, peers
from .table import Row
from .tree import command_line, forget_most_memory, status_mb

DAY = 86_400 // STEP_S
POINTS = 800
PATHS = "bench.render.*"

# One process, which answers from the disk: the API without gunicorn, supervisor and writer.
FIRST_ANSWER = """
import sys
from pathlib import Path
from cadent.service.config.settings import Config, SettingName
from cadent.service.web.server import build_app
config = Config().replace({SettingName("store", "data"): Path(sys.argv[1])})
answer = build_app(config).test_client().post("/render", data={"target": sys.argv[2], "format": "json", "from": sys.argv[3]})
assert len(answer.json) == 1, answer.text
"""

# What is asked, and how long it may take at most.
QUERIES = {
    "sumSeries": (f"sumSeries({PATHS})", 100),
    "nonNegativeDerivative, summed": (f"sumSeries(nonNegativeDerivative({PATHS}))", 180),
    "movingAverage(60), summed": (f"sumSeries(movingAverage({PATHS},60))", 350),
    "all series": (PATHS, 250),
    "one series": ("bench.render.0007", 4),
}


def measure(folder: Path, *, quick: bool) -> list[Row]:
    series, times = (50, 5) if quick else (1_000, 15)
    newest = newest_complete_window(time.time())
    load = history(folder / "lines", PATHS.removesuffix(".*"), gauges(series, DAY), newest - (DAY - 1) * STEP_S)
    beside = {}
    for peer in () if quick else peers():
        beside[peer.name] = of_peer(peer, folder, load)
    if graphite_web.is_there() and not quick:
        beside["graphite-web"] = of_graphite_web(folder, load, series)
    server = Cadent(folder)
    try:
        send(server, load)
        check(server, load)
        server.seal()
        workers = [pid for pid in server.tree.pids() if "cadent.service.web.server" in command_line(pid)]
        for pid in workers:
            forget_most_memory(pid)
        taken = {name: median_ms(server.http, "/render", target, load, times) for name, (target, _) in QUERIES.items()}
        memory_mb = max(status_mb(pid, "VmHWM:") for pid in workers)
        server.stop()
        alone_s = statistics.median(import_and_answer_s(server, load) for _ in range(5))
        first_s = first_answer_s(server, load)
    finally:
        server.stop()
    title = f"{series:,} series x 24 h"
    rows = [
        Row(f"/render {name}" if "one" in name else f"/render {title}: {name}", taken[name], "ms", limit, peer=cell(beside, name))
        for name, (_, limit) in QUERIES.items()
    ]
    rows.append(Row("most memory of a worker during these", memory_mb, "MB", 350))
    rows.append(Row("import and first answer of /render, in one process", alone_s, "s", 0.5))
    rows.append(Row("start of the service to the answer of a first /render", first_s, "s"))
    return rows


def median_ms(http: Http, route: str, target: str, load: Load, times: int) -> float:
    return percentile(milliseconds(request(http, route, target, load), times, warm_up=min(2, times - 1)), 50)


def request(http: Http, route: str, target: str, load: Load) -> Callable[[], bytes]:
    span = {"from": load.first_time - 1, "until": load.first_time + load.windows * STEP_S - 1}
    return partial(http.post, route, target=target, format="json", maxDataPoints=POINTS, noCache=1, **span)


def of_peer(start: Callable[[Path], object], folder: Path, load: Load) -> dict[str, float]:
    """VictoriaMetrics answers Graphite's targets below /graphite in some of its releases; empty where it does not."""
    server = start(folder)
    try:
        send(server, load)
        return {name: median_ms(server.http, "/graphite/render", target, load, 5) for name, (target, _) in QUERIES.items()}
    except RuntimeError as error:
        print(f"   {server.name}: {error}")
        return {}
    finally:
        server.stop()


def of_graphite_web(folder: Path, load: Load, series: int) -> dict[str, float]:
    server = GraphiteWeb(folder, series, DAY)
    try:
        return {name: median_ms(server.http, "/render/", target, load, 1) for name, (target, _) in QUERIES.items()}
    finally:
        server.stop()


def import_and_answer_s(server: Cadent, load: Load) -> float:
    """In the environment that the service gives its API."""
    command = [sys.executable, "-c", FIRST_ANSWER, server.data, QUERIES["one series"][0], str(load.first_time - 1)]
    begun = time.monotonic()
    subprocess.run(command, check=True, cwd=server.data.parent, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    return time.monotonic() - begun


def first_answer_s(server: Cadent, load: Load) -> float:
    """From the start of the process on; the operating system has its files in memory."""
    begun = time.monotonic()
    server.start()
    answer = orjson.loads(request(server.http, "/render", QUERIES["one series"][0], load)())
    if len(answer) != 1:
        raise RuntimeError(f"want one series, got {answer}")
    return time.monotonic() - begun


def cell(beside: dict[str, dict[str, float]], name: str) -> str:
    return ", ".join(f"{peer} {taken[name]:,.0f} ms" for peer, taken in beside.items() if name in taken)

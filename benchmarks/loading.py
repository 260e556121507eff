"""Sends a load to a server and meters what it costs until every point is found and on disk."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .lines import STEP_S, Load
from .servers import Server
from .tree import sampled, settled_cpu_s

SENDER = Path(__file__).with_name("sender.py")
POLL_S = 0.1
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Cost:
    """Of one load on one server. ``rss_mb`` is of all its processes together, ``anon_mb`` of the one that takes the lines."""

    cpu_s_per_million: float
    lines_per_s: float
    rss_mb: float
    anon_mb: float


@contextmanager
def sender(port: int, files: list[Path]) -> Iterator[subprocess.Popen]:
    """A sending process that has read its files and connected."""
    command = [sys.executable, SENDER, str(port), *files]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the sender does not start")
        yield process


def newest_complete_window(now: float) -> int:
    """The time of the newest window that has ended and had its grace of one step."""
    return int(now) // STEP_S * STEP_S - 2 * STEP_S


@contextmanager
def running(start: Callable[[Path], Server], folder: Path) -> Iterator[Server]:
    """A server with an empty folder of its own below ``folder``."""
    with TemporaryDirectory(dir=folder) as data:
        server = start(Path(data))
        try:
            yield server
        finally:
            server.stop()


def send(server: Server, load: Load) -> tuple[float, float]:
    """When the first byte was handed over and when the lines sent last were found, on the monotonic clock."""
    with sender(server.graphite_port, load.files) as sending:
        sending.stdin.write("go\n")
        sending.stdin.flush()
        first_byte, _ = float(sending.stdout.readline()), sending.stdout.readline()
        wait_until_found(server, load)
        return first_byte, time.monotonic()


def check(server: Server, load: Load) -> None:
    found = server.all_points(load)
    if found != load.lines:
        raise RuntimeError(f"{server.name}: {found} of {load.lines} points found")


def cost_of(server: Server, load: Load) -> Cost:
    """Raises when a point is missing in the end."""
    before = server.tree.cpu_s()
    with sampled(server.tree) as peaks:
        first_byte, found = send(server, load)
        cpu_s = settled_cpu_s(server.tree) - before
    check(server, load)
    return Cost(cpu_s * 1e6 / load.lines, load.lines / (found - first_byte), peaks.rss_mb, peaks.anon_mb[server.writer_pid])


def wait_until_found(server: Server, load: Load) -> None:
    """Until the lines sent last by each connection are found: a cheap question. That nothing else is missing is checked after."""
    give_up = time.monotonic() + PATIENCE_S
    while server.points(load.last, load) < len(load.last) * load.windows:
        if time.monotonic() > give_up:
            raise TimeoutError(f"{server.name}: the last lines are not found after {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)


def medians(
    servers: list[Callable[[Path], Server]], make_load: Callable[[Path], Load], runs: int, folder: Path
) -> dict[str, Cost]:
    """Each server's median cost over ``runs`` rounds; in a round all servers get the same files, one after the other."""
    costs: dict[str, list[Cost]] = {}
    for _ in range(runs):
        with TemporaryDirectory(dir=folder) as files:
            load = make_load(Path(files))
            for start in servers:
                with running(start, folder) as server:
                    cost = cost_of(server, load)
                costs.setdefault(server.name, []).append(cost)
                print(f"   {server.name}: {cost}", file=sys.stderr, flush=True)
    return {name: median(of_runs) for name, of_runs in costs.items()}


def median(costs: list[Cost]) -> Cost:
    columns = zip(*(vars(cost).values() for cost in costs), strict=True)
    return Cost(*map(statistics.median, columns))

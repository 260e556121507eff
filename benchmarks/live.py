"""100,000 metrics each 10 s in real time, as 500 hosts send them: what the service costs when it just runs."""

import multiprocessing
import time
from pathlib import Path

from .lines import METRICS
from .live_sender import send_live
from .loading import running
from .servers import Cadent
from .table import Row
from .tree import sampled

HOSTS = 500
# All names are new in the first step; what comes after is daily life.
SETTLE_S = 20.0


def measure(folder: Path, *, quick: bool) -> list[Row]:
    minutes = 1 if quick else 10
    with running(Cadent, folder) as server:
        arguments = (server.graphite_port, HOSTS, SETTLE_S + minutes * 60 + 1)
        sending = multiprocessing.get_context("spawn").Process(target=send_live, args=arguments)
        sending.start()
        time.sleep(SETTLE_S)
        before, since = server.tree.cpu_s(), time.monotonic()
        with sampled(server.tree) as peaks:
            time.sleep(minutes * 60)
            cpu_share = (server.tree.cpu_s() - before) / (time.monotonic() - since)
        anon_mb = peaks.anon_mb[server.writer_pid]
        stall_ms = longest_stall_ms(server)
        sending.join()
    note = f"{HOSTS * len(METRICS):,} metrics each 10 s, {minutes} min"
    return [
        Row("live: CPU of all processes", cpu_share * 100, "% of a core", 3, note=note),
        Row("live: longest stall of the event loop", stall_ms, "ms", 50, note="since the start"),
        Row("live: anonymous memory of the writer", anon_mb, "MB", 150),
    ]


def longest_stall_ms(server: Cadent) -> float:
    return server.stats()["loop.longest_stall_s"] * 1e3

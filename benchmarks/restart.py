"""How long a service that was killed takes until it answers again."""

import os
import signal
import time
from pathlib import Path

from .lines import backfill
from .loading import newest_complete_window, running, send
from .servers import Cadent
from .table import Row

WINDOWS = 6
# Past windows close after a second without a line, and are in the log soon after.
SETTLE_S = 5.0


def measure(folder: Path, *, quick: bool) -> list[Row]:
    sizes = [(10, 0.5)] if quick else [(500, 0.5), (5_000, 3.0)]
    return [row for hosts, limit in sizes for row in restart(folder, hosts, limit)]


def restart(folder: Path, hosts: int, limit: float) -> list[Row]:
    """200 metrics a host."""
    load = backfill(folder, hosts, WINDOWS, newest_complete_window(time.time()))
    with running(Cadent, folder) as server:
        send(server, load)
        time.sleep(SETTLE_S)
        kill(server)
        killed = time.monotonic()
        server.start()
        answered = time.monotonic()
        found = server.points(load.last, load)
        if found != len(load.last) * load.windows:
            raise RuntimeError(f"{found} of {len(load.last) * load.windows} points found after the restart")
    note = f"in the log: {load.lines:,} points"
    return [Row(f"restart after kill -9, {load.lines // load.windows:,} metrics", answered - killed, "s", limit, note=note)]


def kill(server: Cadent) -> None:
    """All of its processes at once, and until none is left."""
    pids = server.tree.pids()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    server.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        time.sleep(0.01)

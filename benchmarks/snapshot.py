"""A snapshot of 10 GB while 100,000 points arrive each second."""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cadent.schema.grid import COLUMNS, Grid
from cadent.schema.identity import Identity, Level
from cadent.schema.protocols import Slice
from cadent.schema.resolution import DAY_S, span_of
from cadent.stores.files.store import FilesStore

from .lines import SEED, STEP_S
from .live import longest_stall_ms
from .live_sender import send_live
from .names import give_names
from .servers import Cadent
from .table import Row

LEVEL = Level("default", STEP_S)
PATHS = 2_000
# 200 metrics each, once in 10 s.
HOSTS = 5_000
SETTLE_S, AFTER_S = 20.0, 5.0


def measure(folder: Path, *, quick: bool) -> list[Row]:
    size, hosts = (2e8, 50) if quick else (1e10, HOSTS)
    data = folder / "data"
    give_names(data, [f"snapshot.path-{number:04d}" for number in range(PATHS)], int(time.time()))
    fill(data, size)
    server = Cadent(folder)
    try:
        sending = multiprocessing.get_context("spawn").Process(
            target=send_live, args=(server.graphite_port, hosts, SETTLE_S + AFTER_S + 10)
        )
        sending.start()
        time.sleep(SETTLE_S)
        seconds = snapshot(server, folder / "copy")
        sending.join()
        stats = server.stats()
        if stats["lines.refused"]:
            raise RuntimeError(f"{stats['lines.refused']} lines were refused")
        stall_ms = longest_stall_ms(server)
    finally:
        server.stop()
    note = f"{size / 1e9:g} GB, {hosts * 20:,} points/s meanwhile"
    return [
        Row("snapshot", seconds, "s", 5, note=note),
        Row("snapshot: longest stall of the event loop", stall_ms, "ms", 50, note="since the start"),
    ]


def snapshot(server: Cadent, folder: Path) -> float:
    start = time.monotonic()
    command = [sys.executable, "-m", "cadent", "snapshot", str(folder), f"--data={server.data}"]
    subprocess.run(command, check=True, cwd=server.data.parent)
    return time.monotonic() - start


def fill(data: Path, size: float) -> None:
    """Days of points that do not compress, until there are ``size`` bytes."""
    store, day = FilesStore(data, write=True), int(time.time()) // DAY_S - 6
    span_s, sequence, stored = span_of(STEP_S), 0, 0
    shape = (PATHS, span_s // STEP_S)
    noise = [np.random.default_rng(SEED + column).random(shape) for column in range(len(COLUMNS))]
    while stored < size:
        sequence += 1
        low, high = np.minimum(noise[0], noise[1]), np.maximum(noise[0], noise[1])
        start = day * DAY_S + sequence % (5 * DAY_S // span_s) * span_s
        grid = Grid(start, STEP_S, np.full(shape, 2), low + high, low, high, noise[2])
        store.seal(LEVEL, sequence, slices(grid, sequence))
        stored = sum(one.size_bytes for one in store.snapshot().sets(LEVEL))
    store.close()


def slices(grid: Grid, sequence: int) -> Iterator[Slice]:
    yield Slice(LEVEL, Identity("main/1", sequence, sequence), np.arange(PATHS, dtype=np.uint32), grid)

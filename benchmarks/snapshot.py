"""A snapshot of 10 GB while 100,000 points arrive each second."""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cadent.codec.chunk import MAX_SLOTS, encode
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level
from cadent.schema.protocols import Slice
from cadent.schema.resolution import DAY_S
from cadent.stores.files.store import FilesStore
from cadent.writers.keeping.levels import Keeping

from .lines import SEED
from .live import longest_stall_ms
from .live_sender import send_live
from .names import give_names
from .servers import Cadent
from .table import Row

LEVEL = Level("default", 600)
BUCKETS = 10
PATHS, PATHS_AT_ONCE = 20_000, 50
# 200 metrics each, once in 10 s.
HOSTS = 5_000
SETTLE_S, AFTER_S = 20.0, 5.0


def measure(folder: Path, *, quick: bool) -> list[Row]:
    size, hosts = (2e8, 50) if quick else (1e10, HOSTS)
    data = folder / "data"
    give_names(data, [f"snapshot.path-{number:05d}" for number in range(PATHS)], int(time.time()))
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
    """Points that do not compress, at the coarsest step and in one set a bucket, so that upkeep has nothing to do."""
    shape = (PATHS_AT_ONCE, MAX_SLOTS)
    noise = [np.random.default_rng(SEED + column).random(shape) for column in range(3)]
    low, high = np.minimum(*noise[:2]), np.maximum(*noise[:2])
    bucket_s = Keeping(LEVEL, 2 * 365 * DAY_S, None).bucket_s
    newest = int(time.time()) // bucket_s - 1
    store = FilesStore(data, write=True)
    for sequence in range(1, BUCKETS + 1):
        start = (newest - BUCKETS + sequence) * bucket_s
        grid = Grid(start, LEVEL.step_s, np.full(shape, 2), low + high, low, high, noise[2])
        store.seal(LEVEL, sequence, slices(grid, sequence, size / BUCKETS))
    store.close()


def slices(grid: Grid, sequence: int, size: float) -> Iterator[Slice]:
    """The same points for ever more paths, until they take about ``size`` bytes."""
    data, _ = encode(grid)
    for number in range(max(1, round(size / len(data)))):
        ids = np.arange(number * PATHS_AT_ONCE, (number + 1) * PATHS_AT_ONCE, dtype=np.uint32)
        yield Slice(LEVEL, Identity("main/1", sequence, sequence), ids, grid)

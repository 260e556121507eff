"""A day of 1,000 series over one connection, in three orders; then what it takes on disk."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .lines import SEED, STEP_S, Load, counters, gauges
from .live import longest_stall_ms
from .loading import Cost, cost_of, newest_complete_window, running
from .servers import Cadent
from .table import Row

HOUR = 3600 // STEP_S
SERIES_A_GROUP = 100
MOST_MB = 400


def measure(folder: Path, *, quick: bool) -> list[Row]:
    series, hours = (100, 2) if quick else (1000, 24)
    readings = np.concatenate([gauges(series // 2, hours * HOUR), counters(series // 2, hours * HOUR)])
    rows = []
    for order, lines, limit in (
        ("in order of time", by_time, 1.2e6),
        ("series by series", by_series, 0.8e6),
        ("shuffled within an hour", shuffled, 0.6e6),
    ):
        with TemporaryDirectory(dir=folder) as files, running(Cadent, folder) as server:
            load = day(Path(files), readings, lines)
            cost = cost_of(server, load)
            rows += rows_of(order, cost, limit)
            rows += disk(order, server, load)
            rows.append(Row(f"backfill {order}: longest stall of the event loop", longest_stall_ms(server), "ms", 50))
    return rows


def rows_of(order: str, cost: Cost, limit: float) -> list[Row]:
    return [
        Row(f"backfill {order}", cost.lines_per_s, "/s", limit, at_least=True),
        Row(f"backfill {order}: CPU per million lines", cost.cpu_s_per_million, "s"),
        Row(f"backfill {order}: anonymous memory of the writer", cost.anon_mb, "MB", MOST_MB),
    ]


def disk(order: str, server: Cadent, load: Load) -> list[Row]:
    """Bytes a point before and after a compaction. The base level alone: what lies in the folder of its step."""
    server.seal()
    sealed = level_bytes(server)
    compact(server)
    base, whole = level_bytes(server)
    return [
        Row(f"backfill {order}: sealed, base step, bytes a point", sealed[0] / load.lines, "B"),
        Row(f"backfill {order}: sealed, all steps, bytes a base point", sealed[1] / load.lines, "B"),
        Row(f"backfill {order}: compacted, base step, bytes a point", base / load.lines, "B", 1.5),
        Row(f"backfill {order}: compacted, all steps, bytes a base point", whole / load.lines, "B", 2.6),
    ]


def compact(server: Cadent) -> None:
    command = [sys.executable, "-m", "cadent", "compact", f"--data={server.data}"]
    subprocess.run(command, check=True, cwd=server.data.parent)


def level_bytes(server: Cadent) -> tuple[int, int]:
    """Of the blocks of the base step, and of all steps."""
    sizes = {file: file.stat().st_size for file in (server.data / "default").rglob("*.block")}
    return sum(size for file, size in sizes.items() if file.parent.name == str(STEP_S)), sum(sizes.values())


def day(folder: Path, readings: np.ndarray, lines: Callable[[list[str], np.ndarray, int], Iterator[str]]) -> Load:
    """A load of a series for each row of ``readings``, up to the newest window that has ended, in the order of ``lines``."""
    series, windows = readings.shape
    first = newest_complete_window(time.time()) - (windows - 1) * STEP_S
    groups = range(-(-series // SERIES_A_GROUP))
    paths = [f"backfill.g{number // SERIES_A_GROUP}.s{number % SERIES_A_GROUP:02d}" for number in range(series)]
    file = folder / "lines"
    last = ""
    with file.open("w") as out:
        for text in lines(paths, readings, first):
            out.write(text)
            last = text
    newest = last.rstrip("\n").rpartition("\n")[2].partition(" ")[0]
    return Load([file], [[f"backfill.g{group}.*"] for group in groups], [newest], first, windows, readings.size)


def by_time(paths: list[str], readings: np.ndarray, first: int) -> Iterator[str]:
    for window, column in enumerate(readings.T.tolist()):
        time = first + window * STEP_S
        yield "".join(f"{path} {value!r} {time}\n" for path, value in zip(paths, column, strict=True))


def by_series(paths: list[str], readings: np.ndarray, first: int) -> Iterator[str]:
    for path, row in zip(paths, readings.tolist(), strict=True):
        yield "".join(f"{path} {value!r} {first + window * STEP_S}\n" for window, value in enumerate(row))


def shuffled(paths: list[str], readings: np.ndarray, first: int) -> Iterator[str]:
    """Hour by hour, the lines of one in any order."""
    rng = random.Random(SEED)
    for begin in range(0, readings.shape[1], HOUR):
        hour = readings[:, begin : begin + HOUR]
        lines = "".join(by_time(paths, hour, first + begin * STEP_S)).splitlines(keepends=True)
        rng.shuffle(lines)
        yield "".join(lines)

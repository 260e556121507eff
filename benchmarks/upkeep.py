"""What a day of 1,000 series costs after it is in the log: sealed, rolled up twice, merged into days."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from cadent.schema.resolution import DAY_S

from .folder import Folder
from .lines import STEP_S
from .mix import mix
from .table import Row

LADDER = "10s:7d,1m:30d,10m:2y"
HOUR_S = 3_600
# The newest hour has to settle before the day's last spans are rolled up.
AFTER_S = DAY_S + HOUR_S


def measure(folder: Path, *, quick: bool) -> list[Row]:
    copies = 1 if quick else 10
    readings = mix(DAY_S // STEP_S)
    first = int(time.time()) // DAY_S * DAY_S - DAY_S
    with closing(Folder(folder, LADDER, first)) as data:
        for now, lines in windows(readings, copies, first):
            data.feed(lines)
            data.pass_time(now)
            if now % HOUR_S == 0:
                data.settle()
        data.pass_time(first + AFTER_S)
        data.engine.compact().result()
        data.settle()
        cpu_s = thread_cpu_s("store")
    points = np.count_nonzero(~np.isnan(readings)) * copies
    note = f"{points:,} points of {len(readings) * copies:,} series"
    return [Row("seal, both roll-ups and compaction: CPU per million points", cpu_s / points * 1e6, "s", 0.12, note=note)]


def windows(readings: np.ndarray, copies: int, first: int) -> Iterator[tuple[int, bytes]]:
    """When each window is over, and its lines: each series under so many names."""
    names = [[f"upkeep.copy-{copy}.series-{number:02d} " for copy in range(copies)] for number in range(len(readings))]
    for window, column in enumerate(readings.T):
        begin = first + window * STEP_S
        present = np.flatnonzero(~np.isnan(column)).tolist()
        endings = [f"{value!r} {begin}\n" for value in column[present].tolist()]
        lines = [name + ending for number, ending in zip(present, endings, strict=True) for name in names[number]]
        yield begin + 2 * STEP_S, "".join(lines).encode()


def thread_cpu_s(name: str) -> float:
    """User and system seconds of the thread of that name."""
    thread = next(thread for thread in threading.enumerate() if thread.name == name)
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))

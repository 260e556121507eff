"""100,000 live paths of which each ten minutes 5 % end and as many begin, for three simulated days at a step of a minute."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path

from cadent.schema.resolution import DAY_S

from .folder import Folder
from .lines import values
from .table import Row
from .tree import status_mb

LADDER = "1m:30d,10m:2y"
STEP_S, TURN_S, HOUR_S = 60, 600, 3_600
SHARE = 20  # of the paths, one in so many each turn


def measure(folder: Path, *, quick: bool) -> list[Row]:
    live, marks = (2_000, [6, 12, 18]) if quick else (100_000, [6, 24, 48, 72])
    first = int(time.time()) // DAY_S * DAY_S - 3 * DAY_S
    rows: list[Row] = []
    data = folder / "data"
    data.mkdir()
    for begin, end in zip([0, *marks], marks, strict=False):
        start = time.perf_counter()
        with closing(Folder(data, LADDER, first + begin * HOUR_S)) as writer:
            restart_s = time.perf_counter() - start
            rows += [Row(f"churn, {begin} h: restart", restart_s, "s")] if begin else []
            run(writer, live, range(first + begin * HOUR_S, first + end * HOUR_S, STEP_S), begin * HOUR_S // TURN_S)
            writer.settle()
            rows += figures(data, f"churn, {end} h", live + live // SHARE * (end * HOUR_S // TURN_S))
    return rows


def run(folder: Folder, live: int, times: range, turn: int) -> None:
    """``turn``: how many have gone by."""
    readings = values(1_000)
    for at in times:
        if at > times.start and at % TURN_S == 0:
            turn += 1
        paths = names(range(turn * live // SHARE, turn * live // SHARE + live))
        endings = cycle([f" {reading} {at}\n" for reading in readings])
        folder.feed("".join(path + ending for path, ending in zip(paths, endings, strict=False)).encode())
        folder.pass_time(at + 2 * STEP_S)
        if at % HOUR_S == 0:
            folder.settle()


def names(numbers: range) -> Iterator[str]:
    return (f"churn.cluster-{number % 7}.pod-{number:08d}.memory.used_bytes" for number in numbers)


def figures(data: Path, when: str, paths: int) -> list[Row]:
    note = f"{paths:,} paths ever"
    return [
        Row(f"{when}: log", size_mb(data, "*.log", but="names"), "MB", note=note),
        Row(f"{when}: blocks", size_mb(data, "*.block"), "MB"),
        Row(f"{when}: names", size_mb(data / "names", "*"), "MB"),
        Row(f"{when}: anonymous memory", status_mb(os.getpid(), "RssAnon:"), "MB"),
    ]


def size_mb(folder: Path, pattern: str, but: str = "") -> float:
    return sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file() and file.parent.name != but) / 1e6

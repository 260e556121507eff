"""Bytes a point of a sealed day, all five statistics: half gauges, half counters."""

import time
from pathlib import Path

from cadent.schema.identity import Level
from cadent.stores.files.block import Block
from cadent.stores.files.manifest import Manifest
from cadent.stores.layout import level_folder

from .lines import STEP_S, counters, gauges, history
from .loading import check, newest_complete_window, running, send
from .servers import Cadent
from .table import Row

DAY = 86_400 // STEP_S
LEVEL = Level("default", STEP_S)


def measure(folder: Path, *, quick: bool) -> list[Row]:
    half = 10 if quick else 250
    first = newest_complete_window(time.time()) - (DAY - 1) * STEP_S
    walks = history(folder / "gauges", "bench.gauges", gauges(half, DAY), first)
    steps = history(folder / "counters", "bench.counters", counters(half, DAY), first)
    with running(Cadent, folder) as server:
        for load in (walks, steps):
            send(server, load)
        server.seal()
        for load in (walks, steps):
            check(server, load)
        points, chunks, rest = sealed(server.data)
    note = f"{2 * half} series, {points:,} points"
    return [
        Row("sealed day: chunks, bytes a point", chunks / points, "B", 1.15, note=note),
        Row("sealed day: ids, offsets, headers, bytes a point", rest / points, "B"),
    ]


def sealed(data: Path) -> tuple[int, int, int]:
    """Points, bytes of chunks and bytes of all else in the blocks of the base level. Every slot of the day has a point, and of
    what the service recorded of itself meanwhile there is next to nothing."""
    file = data / "manifest"
    manifest = Manifest.parse(file.read_bytes(), str(file))
    headers = [Block(level_folder(data, LEVEL) / entry.name).header for entry in manifest.level(LEVEL).blocks]
    chunks = sum(header.data_bytes for header in headers)
    points = sum(header.ids * header.slots for header in headers)
    return points, chunks, sum(header.file_bytes for header in headers) - chunks

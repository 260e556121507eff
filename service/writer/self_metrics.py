"""The service's own metrics, as lines that it takes like anybody's: ``cadent.<host>.*``."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..processes import host

# Not lines or seconds since the start but those since the last report, as carbon does it.
_COUNTED = (
    "lines.",
    "connections.total",
    "connections.refused",
    "bytes.received",
    "points.written",
    "flush.count",
    "flush.seconds",
    "seal.segments",
    "seal.seconds",
    "seal.refused",
    "rollup.",
    "merge.",
    "expiry.",
    "upkeep.",
    "publish.points",
    "publish.seconds",
)


class SelfMetrics:
    """Turns what is counted and measured into lines, once a step."""

    def __init__(self, folder: Path, supervisor: int) -> None:
        """``supervisor``: the process above all others of the service."""
        self._folder = folder
        self._supervisor = supervisor
        self._before: dict[str, float] = {}
        self.prefix = f"cadent.{re.sub('[^A-Za-z0-9_-]', '_', socket.gethostname())}."  # of all its paths

    def lines(self, stats: Mapping[str, float], now: int) -> bytes:
        """Lines of the time ``now`` (unix seconds). Of a figure that grows from the start on: its growth since the last call."""
        figures = {**stats, **dict(self._measured())}
        shown = {name: self._since_last(name, value) for name, value in figures.items()}
        return "".join(f"{self.prefix}{name} {value!r} {now}\n" for name, value in shown.items() if value is not None).encode()

    def _since_last(self, name: str, value: float) -> float | None:
        if not name.startswith((*_COUNTED, "cpu.seconds", "host.cpu")):
            return value
        before = self._before.get(name)
        self._before[name] = value
        return None if before is None else max(0.0, round(value - before, 6))

    def _measured(self) -> Iterator[tuple[str, float]]:
        processes = [self._supervisor, *host.children(self._supervisor)]
        yield "cpu.seconds", sum(map(host.cpu_seconds, processes))
        yield "memory.resident_bytes", sum(map(host.resident_bytes, processes))
        yield "host.cpu.busy_seconds", host.host_cpu_seconds()
        yield "host.load.1min", host.load_average()
        total, available = host.memory_bytes()
        yield "host.memory.used_bytes", total - available
        yield "host.memory.available_bytes", available
        used, free = host.disk_bytes(self._folder)
        yield "host.disk.used_bytes", used
        yield "host.disk.free_bytes", free

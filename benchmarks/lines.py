"""Loads: the lines of a fleet of hosts, built before any clock starts."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

STEP_S = 10
SEED = 3

_ENVIRONMENTS = ("prod", "stage")
_ROLES = ("web", "api", "kafka", "cassandra", "worker")
_ZONES = ("euw1a", "euw1b", "use1a", "use1c", "apse2b")
_DEVICES = {
    "cpu": [f"core{core:02d}" for core in range(16)],
    "disk": ["nvme0n1", "nvme1n1", "sda", "sdb"],
    "network": ["eth0", "eth1", "lo"],
    "jvm": ["eden-space", "old-gen", "survivor", "metaspace", "codecache"],
}
_FIGURES = {
    "cpu": "user_pct system_pct idle_pct iowait_pct steal_pct",
    "disk": (
        "read_bytes_per_sec write_bytes_per_sec read_ops write_ops io_time_ms "
        "queue_depth await_ms util_pct merged_reads merged_writes"
    ),
    "network": "rx_bytes tx_bytes rx_packets tx_packets rx_errors tx_errors rx_dropped tx_dropped collisions carrier",
    "jvm": (
        "used_bytes committed_bytes max_bytes gc_count gc_time_ms alloc_rate promo_rate pause_p50_ms pause_p95_ms pause_p99_ms"
    ),
}
METRICS = [f"{kind}.{device}.{name}" for kind in _DEVICES for device in _DEVICES[kind] for name in _FIGURES[kind].split()]


# Below the service's limit of 10,000 series a query.
HOSTS_A_QUERY = 40


@dataclass(frozen=True)
class Load:
    """``files[i]`` is what connection i sends, one window after the other; each line is a point of its own.

    ``targets`` are lists of patterns that together match every path once; ``last`` are the paths of lines that are sent last,
    some of each connection.
    """

    files: list[Path]
    targets: list[list[str]]
    last: list[str]
    first_time: int
    windows: int
    lines: int


def hosts(count: int) -> list[str]:
    rng = random.Random(SEED)
    return [f"{rng.choice(_ENVIRONMENTS)}.{rng.choice(_ROLES)}-{rng.choice(_ZONES)}-{number:05d}" for number in range(count)]


def values(count: int) -> list[str]:
    """What hosts report: whole numbers, a few decimals, all digits, now and then a negative or an exponent."""
    rng = random.Random(SEED)
    kinds = (
        (40, lambda: str(rng.randrange(10 ** rng.randrange(1, 10)))),
        (25, lambda: f"{rng.random() * 100:.2f}"),
        (10, lambda: f"{rng.random() * 10_000:.3f}"),
        (13, lambda: f"{rng.random() * 1_000:.6f}"),
        (10, lambda: repr(rng.random() * rng.choice((1, 100, 1e6)))),
        (1, lambda: f"-{rng.random() * 100:.2f}"),
        (1, lambda: f"{rng.random() * 10.0 ** rng.randrange(-12, 12):.3e}"),
    )
    weights = [weight for weight, _ in kinds]
    return [kind() for _, kind in rng.choices(kinds, weights, k=count)]


def host_lines(host: str, readings: list[str], at: int, time: int) -> str:
    """The lines of one host at one time; its values are those from position ``at`` on."""
    return "".join(f"{host}.{metric} {readings[at + i]} {time}\n" for i, metric in enumerate(METRICS))


def backfill(folder: Path, host_count: int, windows: int, newest: int, connections: int = 4) -> Load:
    """A load of ``windows`` windows of which ``newest`` is the last one's time, one sample each for 200 metrics a host."""
    names, first = hosts(host_count), newest - (windows - 1) * STEP_S
    shares = [names[connection::connections] for connection in range(connections)]
    files = [folder / f"connection-{connection}" for connection in range(connections)]
    for file, share in zip(files, shares, strict=True):
        with file.open("w") as out:
            out.writelines(_windows(share, range(first, newest + 1, STEP_S)))
    patterns = [f"{name}.*.*.*" for name in names]
    targets = [patterns[i : i + HOSTS_A_QUERY] for i in range(0, len(patterns), HOSTS_A_QUERY)]
    last = [f"{share[-1]}.{metric}" for share in shares for metric in METRICS[-2:]]
    return Load(files, targets, last, first, windows, host_count * len(METRICS) * windows)


def _windows(share: list[str], times: range) -> Iterator[str]:
    rng = random.Random(SEED)
    readings = values(50_000)
    for time in times:
        for host in share:
            yield host_lines(host, readings, rng.randrange(len(readings) - len(METRICS)), time + rng.randrange(STEP_S))


def history(file: Path, folder: str, readings: np.ndarray, first: int) -> Load:
    """A load over one connection: series ``<folder>.0000``, ... with a row of ``readings`` each, from the window ``first`` on."""
    paths = [f"{folder}.{number:04d}" for number in range(len(readings))]
    with file.open("w") as out:
        for window, column in enumerate(readings.T.tolist()):
            time = first + window * STEP_S
            out.write("".join(f"{path} {value!r} {time}\n" for path, value in zip(paths, column, strict=True)))
    return Load([file], [[f"{folder}.*"]], paths[-1:], first, readings.shape[1], readings.size)


def gauges(count: int, windows: int) -> np.ndarray:
    """Random walks with two decimals, sigma 0.5 a step."""
    rng = np.random.default_rng(SEED)
    starts = rng.uniform(20, 80, (count, 1))
    return np.round(starts + np.cumsum(rng.normal(0, 0.5, (count, windows)), axis=1), 2)


def counters(count: int, windows: int) -> np.ndarray:
    """Whole numbers that grow by 0 to 49 a step."""
    rng = np.random.default_rng(SEED)
    return rng.integers(0, 10**9, (count, 1)) + np.cumsum(rng.integers(0, 50, (count, windows)), axis=1)

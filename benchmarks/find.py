"""Globs over a million paths through the HTTP API, every match listed."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from .latency import milliseconds, percentile
from .lines import Load
from .loading import newest_complete_window, running, send
from .servers import Cadent
from .table import Row
from .tree import resident_mb

HOSTS = {"web": 800, "db": 300, "cache": 300, "app": 400, "edge-eu-web": 200}
NARROW, WIDE = "servers.*.cpu.total", "servers.*.disk.sd[ab].read.*"
PATIENCE_S = 60.0


def measure(folder: Path, *, quick: bool) -> list[Row]:
    share, times = (20, 50) if quick else (1, 1000)
    with running(Cadent, folder) as server:
        load = one_line_a_path(folder / "paths", share)
        send(server, load)
        host_count = sum(count // share for count in HOSTS.values())
        wait_for_nodes(server, NARROW, host_count)
        narrow = milliseconds(lambda: find(server, NARROW), times, warm_up=50)
        wide = milliseconds(lambda: find(server, WIDE), times // 4, warm_up=10)
        nodes = len(json.loads(find(server, WIDE)))
        further_us = (percentile(wide, 50) - percentile(narrow, 50)) * 1e3 / (nodes - host_count)
        rss_mb = max(resident_mb(pid) for pid in server.tree.pids() if pid != server.writer_pid)
    return [
        Row(f"find {NARROW}, p50", percentile(narrow, 50), "ms", 2.5, note=f"{host_count:,} nodes of {load.lines:,} paths"),
        Row(f"find {NARROW}, p99", percentile(narrow, 99), "ms", 8),
        Row("find, each further node", further_us, "µs", 1.5, note=f"{WIDE}: {nodes:,} nodes"),
        Row("RSS of an API worker with that index", rss_mb, "MB"),
    ]


def find(server: Cadent, pattern: str) -> bytes:
    return server.http.get("/graphite/find", query=pattern)


def wait_for_nodes(server: Cadent, pattern: str, count: int) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while len(json.loads(find(server, pattern))) < count:
        if time.monotonic() > give_up:
            raise TimeoutError(f"find {pattern} does not list {count} nodes within {PATIENCE_S:.0f} s")
        time.sleep(0.5)


def one_line_a_path(file: Path, share: int) -> Load:
    """500 metrics of each host; of the hosts every ``share``-th."""
    paths = [f"servers.{host}.{metric}" for host in hosts(share) for metric in metrics()]
    newest = newest_complete_window(time.time())
    file.write_text("".join(f"{path} 1 {newest}\n" for path in paths))
    return Load([file], [], paths[-1:], newest, 1, len(paths))


def hosts(share: int) -> Iterator[str]:
    for role, count in HOSTS.items():
        yield from (f"{role}-{number:04d}" for number in range(count // share))


def metrics() -> list[str]:
    """Of one host: a few wide and deep levels, as collectors make them."""
    names = ["load", "uptime", "users.count", "threads.count", "procs.count", "cpu.total", "cpu.idle", "cpu.count"]
    names += [
        f"mem.{kind}" for kind in ("used", "free", "cached", "buffers", "slab", "dirty", "shmem", "active", "inactive", "total")
    ]
    modes = ("user", "system", "idle", "iowait", "nice", "irq", "softirq", "steal")
    names += [f"cpu.core{core}.{mode}" for core in range(32) for mode in modes]
    figures = ("bytes", "count", "latency")
    names += [f"disk.sd{disk}.{way}.{figure}" for disk in "abcdefgh" for way in ("read", "write") for figure in figures]
    traffic = ("bytes", "packets", "errors", "drops")
    names += [f"net.eth{port}.{way}.{figure}" for port in range(4) for way in ("rx", "tx") for figure in traffic]
    answers = [f"{status}.{figure}" for status in ("2xx", "3xx", "4xx", "5xx") for figure in ("count", "mean", "p99")]
    names += [f"app.svc{service}.http.{answer}" for service in range(10) for answer in answers]
    return names + [f"custom.group{item % 7}.item{item}.value" for item in range(500 - len(names))]

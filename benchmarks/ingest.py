"""100,000 metrics, 30 past windows, 3 M lines over 4 connections; the same lines go to VictoriaMetrics."""

import time
from pathlib import Path

from .lines import Load, backfill
from .loading import Cost, medians, newest_complete_window
from .servers import Cadent, peers
from .table import Row, number

RUNS = 3


def measure(folder: Path, *, quick: bool) -> list[Row]:
    hosts, windows = (50, 10) if quick else (500, 30)

    def load(files: Path) -> Load:
        return backfill(files, hosts, windows, newest_complete_window(time.time()))

    costs = medians([*peers(), Cadent], load, 1 if quick else RUNS, folder)
    return rows(costs["Cadent"], costs.get("VictoriaMetrics"))


def rows(ours: Cost, peer: Cost | None) -> list[Row]:
    cpu_limit = 0.2 * peer.cpu_s_per_million if peer else None
    rate_limit = max(1e6, 2 * peer.lines_per_s) if peer else 1e6
    return [
        Row("CPU per million lines, socket to durable point", ours.cpu_s_per_million, "s", cpu_limit, peer=ratio(ours, peer)),
        Row(
            "lines per second, first byte to all found",
            ours.lines_per_s,
            "/s",
            rate_limit,
            at_least=True,
            peer=f"{number(peer.lines_per_s)} /s" if peer else "",
        ),
        Row("peak RSS of all processes", ours.rss_mb, "MB", 500, peer=f"{number(peer.rss_mb)} MB" if peer else ""),
        Row("anonymous memory of the writer, 30 past windows", ours.anon_mb, "MB", 250),
    ]


def ratio(ours: Cost, peer: Cost | None) -> str:
    if peer is None:
        return "not installed"
    return f"{number(peer.cpu_s_per_million)} s ({ours.cpu_s_per_million / peer.cpu_s_per_million:.2f} of it)"

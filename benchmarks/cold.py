"""A million metrics never seen before, one line each; the same lines go to VictoriaMetrics."""

import time
from pathlib import Path

from .ingest import ratio
from .lines import Load, backfill
from .loading import medians, newest_complete_window
from .servers import Cadent, peers
from .table import Row


def measure(folder: Path, *, quick: bool) -> list[Row]:
    hosts = 100 if quick else 5000

    def load(files: Path) -> Load:
        return backfill(files, hosts, 1, newest_complete_window(time.time()))

    costs = medians([*peers(), Cadent], load, 1, folder)
    ours, peer = costs["Cadent"], costs.get("VictoriaMetrics")
    limit = 0.3 * peer.cpu_s_per_million if peer else None
    return [
        Row("CPU per million lines, 1 M new metrics", ours.cpu_s_per_million, "s", limit, peer=ratio(ours, peer)),
        Row("anonymous memory of the writer, 1 M metrics", ours.anon_mb, "MB", 900),
    ]

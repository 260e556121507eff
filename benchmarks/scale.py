"""Chunks in Cassandra: what a writer spends on them, what a service that only reads needs for its answers, how much is stored.
One node with a heap of 1 GB runs on the same cores."""

import contextlib
import multiprocessing
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import query
from .lines import METRICS, STEP_S, Load, gauges, history
from .live import HOSTS, SETTLE_S
from .live_sender import send_live
from .loading import check, newest_complete_window, send
from .rows_alone import cpu_s_per_million as rows_alone
from .servers import Cadent
from .table import Row

TESTS = Path(__file__).parent.parent / "tests"
DAY = query.DAY
BASE_TABLE = f"chunk_{STEP_S}"


def measure(folder: Path, *, quick: bool) -> list[Row]:
    sys.path += [str(TESTS), str(TESTS / "cassandra")]
    with node(folder / "node") as server:
        return [
            *reading(folder, server, quick=quick),
            *living(folder, server, quick=quick),
            Row("a row a point: CPU per million points", rows_alone(server.address, server.port, quick=quick), "s"),
        ]


@contextlib.contextmanager
def node(folder: Path) -> Iterator[object]:
    """As the tests start it."""
    from jars import runtime
    from node import CassandraNode

    one = CassandraNode(runtime(), folder, heap="1G")
    one.start()
    try:
        yield one
    finally:
        one.kill()


def reading(folder: Path, server: object, *, quick: bool) -> list[Row]:
    series, times = (100, 10) if quick else (1000, 30)
    newest = newest_complete_window(time.time())
    one = history(folder / "one", "bench.day", gauges(1, DAY), newest - (DAY - 1) * STEP_S)
    many = history(folder / "many", "bench.many", gauges(series, DAY // 4), newest - (DAY // 4 - 1) * STEP_S)
    store = f"--store={server.store('reading')}"
    with service(folder / "writer", store) as writer:
        for load in (one, many):
            send(writer, load)
            check(writer, load)
        writer.seal()
        with service(folder / "reader", store, "--read-only") as reader:
            for load in (one, many):
                wait_for_paths(reader, load)
            day = query.median_ms(query.fetch(reader, one, "json"), times)
            binary = query.median_ms(query.fetch(reader, many, "binary"), times)
    stored = stored_bytes(server, "reading", BASE_TABLE) / (one.lines + many.lines)
    return [
        Row("read-only over Cassandra: 1 series x 24 h, JSON", day, "ms", 25),
        Row(f"read-only over Cassandra: {series:,} series x 6 h, binary", binary, "ms", 1000),
        Row("bytes in Cassandra per point of the base step", stored, "B", 3),
    ]


def living(folder: Path, server: object, *, quick: bool) -> list[Row]:
    """100,000 metrics each 10 s, published every minute."""
    minutes = 1 if quick else 10
    with service(folder / "live", f"--store={server.store('living')}") as writer:
        arguments = (writer.graphite_port, HOSTS, SETTLE_S + minutes * 60 + 1)
        sending = multiprocessing.get_context("spawn").Process(target=send_live, args=arguments)
        sending.start()
        time.sleep(SETTLE_S)
        before, since = writer.tree.cpu_s(), time.monotonic()
        time.sleep(minutes * 60)
        cpu_s, seconds = writer.tree.cpu_s() - before, time.monotonic() - since
        stats = writer.stats()
        sending.join()
        writer.seal()
    points = HOSTS * len(METRICS) * seconds / STEP_S / 1e6
    note = f"{HOSTS * len(METRICS):,} metrics each 10 s, {minutes} min, all our processes"
    return [
        Row("live into Cassandra: CPU", cpu_s / seconds * 100, "% of a core", 8, note=note),
        Row("live into Cassandra: CPU per million points", cpu_s / points, "s", note=note),
        Row("live into Cassandra: what is published is older than", stats["publish.lag_s"], "s", 120),
    ]


@contextlib.contextmanager
def service(folder: Path, *flags: str) -> Iterator[Cadent]:
    folder.mkdir()
    one = Cadent(folder, *flags)
    try:
        yield one
    finally:
        one.stop()


def wait_for_paths(reader: Cadent, load: Load) -> None:
    found = partial(reader.points, load.last, load)
    give_up = time.monotonic() + 60
    while found() < len(load.last) * load.windows:
        if time.monotonic() > give_up:
            raise TimeoutError(f"the reader has {found()} of {load.windows} points")
        time.sleep(0.5)


def stored_bytes(server: object, keyspace: str, table: str) -> int:
    """Of its data files, once all is in them."""
    server.nodetool("flush", keyspace)
    files = (server.folder / "data" / keyspace).glob(f"{table}-*/*.db")
    return sum(file.stat().st_size for file in files)

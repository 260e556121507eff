"""The baseline of chunks: one row a point, each inserted by a request of its own, as the driver's documentation shows it."""

import random
import time

from .lines import SEED

PATHS = 2_000
WINDOWS = 50

TABLE = "CREATE TABLE alone.point (path text, time bigint, count bigint, sum double, min double, max double, last double, "
INSERT = "INSERT INTO alone.point (path, time, count, sum, min, max, last) VALUES (?, ?, ?, ?, ?, ?, ?)"


def cpu_s_per_million(address: str, port: int, *, quick: bool) -> float:
    """CPU seconds of this process."""
    from cassandra.cluster import Cluster
    from cassandra.concurrent import execute_concurrent_with_args

    with Cluster([address], port=port) as cluster:
        session = cluster.connect()
        session.execute("CREATE KEYSPACE alone WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        session.execute(f"{TABLE} PRIMARY KEY (path, time))")
        statement = session.prepare(INSERT)
        points = rows(5 if quick else WINDOWS)
        before = time.process_time()
        execute_concurrent_with_args(session, statement, points, concurrency=100)
        return (time.process_time() - before) / len(points) * 1e6


def rows(windows: int) -> list[tuple[object, ...]]:
    rng = random.Random(SEED)
    values = [[(1, *[round(rng.uniform(20, 80), 2)] * 4) for _ in range(windows)] for _ in range(PATHS)]
    return [(f"bench.alone.{path:04d}", 10 * window, *values[path][window]) for window in range(windows) for path in range(PATHS)]

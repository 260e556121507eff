"""A service that answers from what an old Cadent wrote in a real Cassandra."""

import time

import pytest
from points import wait_until_shown
from programs import run_cadent

SECOND = 1_000_000_000

DDL = """
CREATE TYPE metric_point (max double, mean double, min double, sum double, count int);
CREATE TYPE metric_id (path text, resolution int);
CREATE TABLE metric (id frozen<metric_id>, time bigint, point frozen<metric_point>, PRIMARY KEY (id, time));
CREATE TYPE segment_pos (pos int, segment text);
CREATE TABLE path (segment frozen<segment_pos>, path text, length int, has_data boolean, PRIMARY KEY (segment, path, has_data));
CREATE TABLE segment (pos int, segment text, PRIMARY KEY (pos, segment))
"""


@pytest.fixture
def old(cql, keyspace):
    """old(path, time, value): written as the old Cadent did."""
    cql.set_keyspace(keyspace)
    for statement in DDL.split(";"):
        cql.execute(statement)

    def write(path, time_, value):
        root = path.partition(".")[0]
        cql.execute(f"INSERT INTO segment (pos, segment) VALUES (0, '{root}')")
        segment = f"{{pos: 0, segment: '{root}'}}"
        cql.execute(f"INSERT INTO path (segment, path, length, has_data) VALUES ({segment}, '{path}', 1, true)")
        point = f"{{max: {value}, mean: {value}, min: {value}, sum: {value}, count: 1}}"
        key = f"{{path: '{path}', resolution: 10}}, {time_ * SECOND + 7}"
        cql.execute(f"INSERT INTO metric (id, time, point) VALUES ({key}, {point})")

    return write


def test_graphs_of_an_old_cadent_are_shown(serve, store_of, cassandra, keyspace, old):
    now = int(time.time()) // 10 * 10
    points = {(f"a.p{number}", now - back): (1, number + back / 10) for number in range(3) for back in (60, 50, 20)}
    for (path, at), (_, value) in points.items():
        old(path, at, value)
    reader = serve(*store_of(cassandra, keyspace, layout="seed"), "--read-only")
    wait_until_shown(reader, "a.*", points)


def test_an_old_cadents_keyspace_is_only_read(store_of, cassandra, keyspace, tmp_path):
    ended = run_cadent("serve", *store_of(cassandra, keyspace, layout="seed"), "--data", tmp_path / "data", cwd=tmp_path)
    assert (ended.returncode, "--read-only" in ended.stderr) == (1, True)


def test_a_keyspace_without_its_tables_is_refused(store_of, cassandra, keyspace, tmp_path):
    flags = store_of(cassandra, keyspace, layout="seed", seed_path_table="paths")
    ended = run_cadent("serve", *flags, "--read-only", "--http", "127.0.0.1:0", "--data", tmp_path / "data", cwd=tmp_path)
    assert ended.returncode == 1
    assert "has no table metric, paths, segment" in ended.stderr

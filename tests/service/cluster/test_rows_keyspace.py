"""Services whose points lie in rows in a real Cassandra."""

import pytest
from points import lines_of, past_points, wait_until_shown, wait_until_written
from programs import eventually, run_cadent


@pytest.fixture
def rows_store(store_of, cassandra, keyspace):
    return store_of(cassandra, keyspace, layout="rows")


def test_points_are_shown_elsewhere_and_by_cql(serve, rows_store, cql, keyspace):
    writer = serve(*rows_store)
    sealed, logged = past_points("a", 10, 50), past_points("b", 10, 5)
    writer.send(lines_of(sealed))
    wait_until_written(writer, len(sealed))
    assert writer.command("compact").returncode == 0
    writer.send(lines_of(logged))
    reader = serve(*rows_store, "--read-only")
    for service in (writer, reader):
        wait_until_shown(service, ["a.*", "b.*"], {**sealed, **logged})
    paths = f"SELECT path, ids FROM {keyspace}.path WHERE pos = 0 AND segment = 'a' AND path = 'a.p003' AND has_data = true"
    eventually(lambda: cql.execute(paths).one() is not None, "the path is in the tables")
    number = cql.execute(paths).one().ids["main/1"]
    points = cql.execute(f"SELECT time, count, sum FROM {keyspace}.row_10 WHERE id = {number} ALLOW FILTERING")
    assert {("a.p003", row.time): (row.count, row.sum) for row in points} == {
        key: point for key, point in sealed.items() if key[0] == "a.p003"
    }


def test_a_service_of_another_layout_is_refused(serve, rows_store, store_of, cassandra, keyspace, tmp_path):
    serve(*rows_store)
    flags = [*store_of(cassandra, keyspace, layout="chunks"), "--graphite", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    for more in ([], ["--read-only"]):
        ended = run_cadent("serve", *flags, *more, "--data", tmp_path / "other", cwd=tmp_path)
        assert ended.returncode == 1
        assert f"keyspace {keyspace} has layout 'rows', version 1; want layout 'chunks', version 1" in ended.stderr

"""What is particular to rows: who knows CQL can read them."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cadent.schema.errors import Unavailable
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.point import Point
from cadent.schema.protocols import Slice

pytest.importorskip("cassandra", reason="Cassandra's driver is missing: pip install cassandra-driver")

from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.link import Batch, Request
from cadent.stores.cassandra.points import NewSet
from cadent.stores.cassandra.row_table import RowTable
from cadent.stores.cassandra.settings import ClusterSettings
from cadent.stores.cassandra.store import CassandraStore

sys.path.append(str(Path(__file__).parent))

from faults import FaultyLink

LEVEL = Level("default", 10)
DAY_S = 86_400
DAY = 19_675 * DAY_S
TTL_S = 7 * DAY_S
ALL = "SELECT id, bucket, time, count, sum, min, max, last, mean FROM row_10 WHERE writer = 'w' ALLOW FILTERING"


@pytest.fixture
def tables(link, cassandra, keyspace):
    create(link, ClusterSettings.of_address(cassandra.store(keyspace), layout="rows"), {10: TTL_S})
    return FaultyLink(link)


@pytest.fixture
def store(tables):
    return CassandraStore(
        tables, "w", write=True, monotonic=time.monotonic, now=lambda: DAY, ttl_of=lambda _: TTL_S, layout="rows"
    )


def piece(points, sequence, slots=360, mode=Mode.ADD):
    """Of {id: its points}, from DAY on."""
    grid = Grid.empty(DAY, 10, len(points), slots)
    for row, id_ in enumerate(points):
        for one in points[id_]:
            for name in ("count", "sum", "min", "max", "last"):
                getattr(grid, name)[row, (one.time - DAY) // 10] = getattr(one, name)
    return Slice(LEVEL, Identity("w", sequence, sequence, mode), np.array(list(points), np.uint32), grid)


def read(store, ids, slots=360):
    snapshot, into = store.snapshot(), Grid.empty(DAY, 10, len(ids), slots)
    try:
        snapshot.read(LEVEL, snapshot.sets(LEVEL), np.array(ids, np.uint32), into)
    except Unavailable as error:
        return [list(into.points(row)) for row in range(len(ids))], str(error)
    return [list(into.points(row)) for row in range(len(ids))], ""


def test_a_point_is_a_row_with_all_of_its_statistics(store, tables):
    store.seal(LEVEL, 1, [piece({3: [Point(DAY + 20, 4, 10.0, 1.0, 5.0, 2.0)], 7: [Point.of(DAY, 8.0)]}, 1)])
    assert sorted(tables.read(Request(ALL))) == [
        (3, 19_675, DAY + 20, 4, 10.0, 1.0, 5.0, 2.0, 2.5),
        (7, 19_675, DAY, 1, 8.0, 8.0, 8.0, 8.0, 8.0),
    ]


def test_points_of_one_window_that_were_sealed_apart_add_up_in_cql_too(store, tables):
    store.seal(LEVEL, 1, [piece({3: [Point.of(DAY, 1.0)]}, 1)])
    store.seal(LEVEL, 2, [piece({3: [Point.of(DAY, 2.0)]}, 2)])
    sums = "SELECT sum(count), sum(sum) FROM row_10 WHERE writer = 'w' AND policy = 'default' AND id = 3 AND bucket = 19675"
    assert tables.read(Request(sums)) == [(2, 3.0)]
    assert read(store, [3]) == ([[Point(DAY, 2, 3.0, 1.0, 2.0, 2.0)]], "")


def test_a_path_that_takes_several_partitions_and_batches_is_whole(store, tables):
    slots = 2 * 8_640
    points = [Point.of(DAY + slot * 10, float(slot)) for slot in range(0, slots, 37)]
    store.seal(LEVEL, 1, [piece({3: points}, 1, slots)])
    assert read(store, [3], slots) == ([points], "")
    assert {bucket for _, bucket, *_ in tables.read(Request(ALL))} == {19_675, 19_676}


def test_a_batch_has_rows_of_one_partition_and_a_hundred_at_most():
    points = {id_: [Point.of(DAY + slot * 10, 1.0) for slot in range(250)] for id_ in (3, 4)}
    put = RowTable(None, "w").put(LEVEL, NewSet(1, DAY, DAY + 3_600, 60), piece(points, 1))
    batches = list(put.batches)
    assert all(isinstance(batch, Batch) for batch in batches)
    assert [len(batch.requests) for batch in batches] == [100, 100, 50] * 2
    assert all(len({request.values[:4] for request in batch.requests}) == 1 for batch in batches)
    assert put.ids.tolist() == [3, 4]


def test_ids_without_a_point_are_not_among_those_of_a_set(store):
    store.seal(LEVEL, 1, [piece({3: [], 4: [Point.of(DAY, 1.0)]}, 1)])
    snapshot = store.snapshot()
    assert snapshot.ids(LEVEL, snapshot.sets(LEVEL)).tolist() == [4]


@pytest.mark.parametrize("at", range(4))  # numbers, two paths, ids
def test_rows_of_a_seal_that_failed_do_not_count_before_it_is_repeated(store, tables, at):
    points = {3: [Point.of(DAY, 1.0)], 4: [Point.of(DAY, 2.0)]}
    tables.lose(at)
    with pytest.raises(Unavailable):
        store.seal(LEVEL, 1, [piece(points, 1)])
    assert read(store, [3, 4]) == ([[], []], "")
    tables.heal()
    store.seal(LEVEL, 1, [piece(points, 1)])
    assert read(store, [3, 4]) == (list(points.values()), "")
    assert len(tables.read(Request(ALL))) == 2


def test_what_cannot_be_read_is_missing_and_the_rest_is_there(store, tables):
    store.seal(LEVEL, 1, [piece({3: [Point.of(DAY, 1.0)], 4: [Point.of(DAY, 2.0)]}, 1)])
    tables.refuses = lambda request: request.values[2] == 3
    found, missing = read(store, [3, 4])
    assert found == [[], [Point.of(DAY, 2.0)]]
    assert "1 of 2 partitions of row_10, writer w, policy default" in missing

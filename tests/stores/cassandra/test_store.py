"""What is particular to chunks in Cassandra: faults between requests, hosts that forget, other processes, rows that expire."""

import contextlib
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pytest
from cadent.schema.errors import Damaged, Unavailable
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level
from cadent.schema.point import Point
from cadent.schema.protocols import Slice
from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.link import Link, Request
from cadent.stores.cassandra.settings import ClusterSettings
from cadent.stores.cassandra.store import CassandraStore

sys.path.append(str(Path(__file__).parent))

from faults import FaultyLink

LEVEL, COARSE = Level("default", 10), Level("default", 60)
DAY_S = 86_400
HOUR = 1_699_999_200  # a full hour
NOW = HOUR + 2 * 3_600
TTL_S = 7 * DAY_S
LONG_S = 60  # longer than the period, and what is added to it


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def pass_by(self, seconds):
        self.now += seconds


@pytest.fixture(scope="module")
def tables(cassandra, new_keyspace):
    """A link to a keyspace with all tables, which these tests share: each has a writer of its own."""
    settings = ClusterSettings.of_address(cassandra.store(new_keyspace()))
    with contextlib.closing(Link.open(settings)) as link:
        create(link, settings, {10: TTL_S, 60: TTL_S})
        yield link


@pytest.fixture
def link(tables):
    return FaultyLink(tables)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer():
    return uuid.uuid4().hex


@pytest.fixture
def opened(link, clock, writer):
    """opened(): the store of this test's writer."""

    def opened(*, write=True, link=link, writer=writer, **others):
        return CassandraStore(link, writer, write=write, monotonic=clock, now=lambda: NOW, ttl_of=lambda _: TTL_S, **others)

    return opened


@pytest.fixture
def store(opened, clock):
    store = opened()
    clock.pass_by(LONG_S)
    return store


def point(slot, value, step_s=10):
    return Point(HOUR + slot * step_s, 1, value, value, value, value)


def piece(points, sequence, level=LEVEL, start=HOUR):
    ids = np.array(sorted(points), np.uint32)
    grid = Grid.empty(start, level.step_s, len(ids), 360)
    for row, id_ in enumerate(ids.tolist()):
        for one in points[id_]:
            for name in ("count", "sum", "min", "max", "last"):
                getattr(grid, name)[row, (one.time - start) // level.step_s] = getattr(one, name)
    return Slice(level, Identity("w", sequence, sequence), ids, grid)


def seal(store, sequence, points=None):
    points = points or {id_: [point(sequence, float(id_))] for id_ in (1, 2, 200)}
    store.seal(LEVEL, sequence, [piece(points, sequence)])
    return points


def read(store, ids=(1, 2, 200), level=LEVEL):
    snapshot = store.snapshot()
    grid = Grid.empty(HOUR, level.step_s, len(ids), 360)
    snapshot.read(level, snapshot.sets(level), np.array(ids, np.uint32), grid)
    return {id_: points for row, id_ in enumerate(ids) if (points := list(grid.points(row)))}


def numbers(store, level=LEVEL):
    return [one.number for one in store.snapshot().sets(level)]


def ids(*values):
    return np.array(values, np.uint32)


def keys(link, writer):
    """Of all rows with chunks of this writer."""
    statement = "SELECT id, start, number FROM chunk_10 WHERE writer = ? ALLOW FILTERING"
    return sorted(link.read(Request(statement, (writer,))))


# -- hosts that forget ---------------------------------------------------------------------------------------------------


def test_what_was_sealed_lasts_when_the_commit_log_was_synced_since(store, clock):
    seal(store, 5)
    assert store.lasting(LEVEL) == 0
    clock.pass_by(10)
    assert store.lasting(LEVEL) == 0
    clock.pass_by(LONG_S)
    assert store.lasting(LEVEL) == 5


def test_a_seal_is_taken_back_when_the_connection_is_lost_soon_after(store, link, clock, opened):
    seal(store, 5)
    clock.pass_by(LONG_S)
    assert store.lasting(LEVEL) == 5
    seal(store, 6)
    link.interruptions += 1
    assert store.lasting(LEVEL) == 5
    assert (store.snapshot().sealed(LEVEL), len(numbers(store))) == (5, 1)
    assert read(opened(write=False)) == {id_: [point(5, float(id_))] for id_ in (1, 2, 200)}


def test_what_was_taken_back_is_sealed_again_under_the_same_keys(store, link, writer):
    points = seal(store, 5)
    before, rows = numbers(store), keys(link, writer)
    link.interruptions += 1
    store.lasting(LEVEL)
    assert numbers(store) == []
    seal(store, 5)
    assert (numbers(store), keys(link, writer), read(store)) == (before, rows, points)


def test_no_later_change_overtakes_what_was_taken_back(store, link, clock):
    """Else the log would give up what is in no chunk."""
    first = seal(store, 5)
    link.interruptions += 1
    with pytest.raises(Unavailable):
        seal(store, 6)
    assert (store.snapshot().sealed(LEVEL), numbers(store)) == (0, [])
    seal(store, 5)
    assert read(store) == first
    link.interruptions += 1
    with pytest.raises(Unavailable):
        store.roll_up(LEVEL, store.snapshot().sets(LEVEL), COARSE, [piece({1: [point(0, 1.0, 60)]}, 5, COARSE)])
    assert numbers(store, COARSE) == []


def test_a_connection_lost_later_takes_nothing_back(store, link, clock):
    points = seal(store, 5)
    clock.pass_by(LONG_S)
    assert store.lasting(LEVEL) == 5
    link.interruptions += 1
    assert store.lasting(LEVEL) == 5
    assert read(store) == points


def test_a_roll_up_is_taken_back_with_its_marks(store, link, clock):
    seal(store, 5)
    clock.pass_by(LONG_S)
    store.lasting(LEVEL)
    store.roll_up(LEVEL, store.snapshot().sets(LEVEL), COARSE, [piece({1: [point(0, 1.0, 60)]}, 5, COARSE)])
    link.interruptions += 1
    store.lasting(LEVEL)
    assert [one.rolled_up_to_s for one in store.snapshot().sets(LEVEL)] == [0]
    assert numbers(store, COARSE) == []


def test_what_was_erased_stays_erased_when_its_seal_is_taken_back_and_repeated(store, link):
    points = {1: [point(0, 1.0), point(1, 2.0)], 2: [point(0, 3.0)]}
    seal(store, 5, points)
    store.erase(LEVEL, ids(1), HOUR, HOUR + 10)
    link.interruptions += 1
    store.lasting(LEVEL)
    assert read(store) == {}
    seal(store, 5, points)
    assert read(store) == {1: [point(1, 2.0)], 2: [point(0, 3.0)]}


def test_an_erasure_outlives_its_sets_while_their_seal_may_be_repeated(store, link):
    points = {1: [point(0, 1.0), point(1, 2.0)]}
    seal(store, 5, points)
    store.erase(LEVEL, ids(1), HOUR, HOUR + 10)
    store.delete(LEVEL, store.snapshot().sets(LEVEL))
    link.interruptions += 1
    store.lasting(LEVEL)
    seal(store, 5, points)
    assert read(store) == {1: [point(1, 2.0)]}


def test_an_erasure_goes_with_its_last_set(store, clock, tables, writer):
    seal(store, 5, {1: [point(0, 1.0), point(1, 2.0)]})
    store.erase(LEVEL, ids(1), HOUR, HOUR + 10)
    clock.pass_by(LONG_S)
    store.delete(LEVEL, store.snapshot().sets(LEVEL))
    assert tables.read(Request("SELECT number, kind FROM chunk_set WHERE writer = ?", (writer,))) == [(None, None)]


def test_sets_that_were_dropped_with_a_change_that_is_lost_are_back(store, link, clock):
    points = seal(store, 5)
    clock.pass_by(LONG_S)
    store.lasting(LEVEL)
    store.delete(LEVEL, store.snapshot().sets(LEVEL))
    assert read(store) == {}
    link.interruptions += 1
    store.lasting(LEVEL)
    assert read(store) == points


def test_a_store_that_was_opened_just_now_takes_back_what_the_server_forgot(opened, link, tables, writer):
    seal(opened(), 5)
    again = opened()
    assert (again.lasting(LEVEL), again.snapshot().sealed(LEVEL)) == (0, 5)
    ((_, revision),) = tables.read(Request("SELECT DISTINCT writer, revision FROM chunk_set WHERE writer = ?", (writer,)))
    tables.write(Request("DELETE FROM chunk_set USING TIMESTAMP ? WHERE writer = ?", (revision, writer)))
    link.interruptions += 1
    again.lasting(LEVEL)
    assert (again.snapshot().sealed(LEVEL), read(again)) == (0, {})


def test_a_crashed_host_costs_no_point(cassandra_node, clock):
    node = cassandra_node()
    settings = ClusterSettings.of_address(node.store("cadent"))
    with contextlib.closing(Link.open(settings)) as link:
        create(link, settings, {10: TTL_S})
        store = CassandraStore(link, "w", write=True, monotonic=clock, now=lambda: NOW, ttl_of=lambda _: TTL_S)
        clock.pass_by(LONG_S)
        points = seal(store, 5)
        node.kill()
        node.start()
        deadline = time.monotonic() + 60
        while store.snapshot().sealed(LEVEL) and time.monotonic() < deadline:
            store.lasting(LEVEL)
            time.sleep(0.1)
        assert store.snapshot().sealed(LEVEL) == 0
        seal(store, 5)
        reader = CassandraStore(link, "w", write=False, monotonic=clock, now=lambda: NOW, ttl_of=lambda _: TTL_S)
        assert read(reader) == points


# -- faults between requests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lose", "swallow"])
@pytest.mark.parametrize("at", range(5))  # numbers, two shards, ids, manifest
def test_a_seal_that_fails_anywhere_counts_once_when_it_is_repeated(store, link, opened, writer, fault, at):
    getattr(link, fault)(at)
    with pytest.raises(Unavailable):
        seal(store, 5)
    assert (store.snapshot().sealed(LEVEL), numbers(store)) == (0, [])
    link.heal()
    points = seal(store, 5)
    assert read(store) == read(opened(write=False)) == points
    assert len(keys(link, writer)) == 3


@pytest.mark.parametrize("fault", ["lose", "swallow"])
@pytest.mark.parametrize("at", range(4))  # numbers, chunk, ids, manifest
def test_a_roll_up_that_fails_anywhere_leaves_nothing_that_counts(store, link, opened, fault, at):
    seal(store, 5)
    coarse = {1: [point(0, 1.0, 60)]}
    getattr(link, fault)(at)
    with pytest.raises(Unavailable):
        store.roll_up(LEVEL, store.snapshot().sets(LEVEL), COARSE, [piece(coarse, 5, COARSE)])
    link.heal()
    store.delete(LEVEL, [])  # any change ends what is in doubt
    reader = opened(write=False)
    assert [one.rolled_up_to_s for one in reader.snapshot().sets(LEVEL)] == [0]
    assert (numbers(reader, COARSE), read(reader, level=COARSE)) == ([], {})
    store.roll_up(LEVEL, store.snapshot().sets(LEVEL), COARSE, [piece(coarse, 5, COARSE)])
    assert read(store, level=COARSE) == coarse


def test_what_a_former_process_sends_late_has_no_effect(opened):
    former = opened()
    points = seal(former, 5)
    newer = opened()
    seal(former, 6)
    assert read(newer) == read(opened()) == points


def test_slices_that_fail_get_other_numbers_the_next_time(store, link, writer):
    def failing():
        yield piece({1: [point(0, 9.0)], 2: [point(0, 9.0)]}, 5)
        raise Damaged("segment", 0, "test")

    with pytest.raises(Damaged):
        store.seal(LEVEL, 5, failing())
    left = keys(link, writer)
    seal(store, 5, {1: [point(0, 1.0)]})
    assert len(left) == 2
    assert not set(left) & {key for key in keys(link, writer) if key not in left}
    assert read(store) == {1: [point(0, 1.0)]}


# -- other processes -----------------------------------------------------------------------------------------------------


def test_writers_have_stores_of_their_own(store, opened):
    points = seal(store, 5)
    other = opened(writer=uuid.uuid4().hex)
    assert (other.snapshot().levels(), read(other)) == ([], {})
    seal(other, 9, {1: [point(0, 4.0)]})
    assert (read(store), read(other)) == (points, {1: [point(0, 4.0)]})


def test_a_reader_follows_and_asks_only_now_and_then(store, opened, clock, tables):
    own = FaultyLink(tables)
    reader = opened(write=False, link=own)
    assert reader.snapshot().sealed(LEVEL) == 0
    seal(store, 5)
    reads = own.reads
    assert (reader.snapshot().sealed(LEVEL), own.reads) == (0, reads)
    clock.pass_by(1)
    assert reader.snapshot().sealed(LEVEL) == 5
    clock.pass_by(1)
    reads = own.reads
    assert (reader.snapshot().sealed(LEVEL), own.reads) == (5, reads + 1)


def test_a_reader_keeps_to_what_it_knows_while_the_server_is_away(store, opened, clock, tables):
    own = FaultyLink(tables)
    reader = opened(write=False, link=own)
    own.away = True
    with pytest.raises(Unavailable):
        reader.snapshot()
    own.away = False
    seal(store, 5)
    assert reader.snapshot().sealed(LEVEL) == 5
    own.away = True
    clock.pass_by(5)
    assert reader.snapshot().sealed(LEVEL) == 5
    with pytest.raises(Unavailable):
        read(reader)
    with pytest.raises(Unavailable):  # there may be chunks by now where it knows of none
        reader.snapshot().read(LEVEL, [], ids(1), Grid.empty(HOUR, 10, 1, 1))
    seal(store, 6)
    own.away = False
    clock.pass_by(5)
    assert reader.snapshot().sealed(LEVEL) == 6


def test_a_store_that_only_reads_changes_nothing(opened):
    with pytest.raises(ValueError, match="not opened to write"):
        seal(opened(write=False), 1)


# -- what cannot be read -------------------------------------------------------------------------------------------------


def test_what_can_be_read_is_merged_before_the_rest_is_missed(store, link):
    points = seal(store, 5)
    link.refuses = lambda request: 200 in request.values[4]
    grid = Grid.empty(HOUR, 10, 2, 360)
    with pytest.raises(Unavailable, match="1 of 2 partitions of chunk_10"):
        store.snapshot().read(LEVEL, store.snapshot().sets(LEVEL), ids(1, 200), grid)
    assert (list(grid.points(0)), list(grid.points(1))) == (points[1], [])


def test_a_damaged_chunk_is_named_and_the_others_are_read(store, tables, writer):
    points = seal(store, 5)
    where = "writer = ? AND policy = 'default' AND shard = 0 AND bucket = ? AND id = 1 AND start = ? AND number = ?"
    key = (writer, HOUR // DAY_S, HOUR, numbers(store)[0])
    ((value,),) = tables.read(Request(f"SELECT value FROM chunk_10 WHERE {where}", key))
    damaged = bytes([value[0] ^ 1]) + value[1:]
    tables.write(Request(f"UPDATE chunk_10 SET value = ? WHERE {where}", (damaged, *key)))
    grid = Grid.empty(HOUR, 10, 2, 360)
    with pytest.raises(Damaged, match=r"chunk_10 \(policy default, id 1, .* checksum"):
        store.snapshot().read(LEVEL, store.snapshot().sets(LEVEL), ids(1, 2), grid)
    assert (list(grid.points(0)), list(grid.points(1))) == ([], points[2])


# -- rows that expire ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "least_s", "most_s"),
    [
        (HOUR, TTL_S, TTL_S + 3 * DAY_S),
        (HOUR - 40 * DAY_S, DAY_S, DAY_S),
        (HOUR + 30 * DAY_S, TTL_S + 29 * DAY_S, TTL_S + 33 * DAY_S),
    ],
)
def test_rows_live_for_the_ttl_of_their_points_and_a_day_at_least(store, tables, writer, start, least_s, most_s):
    one = Point(start, 1, 1.0, 1.0, 1.0, 1.0)
    store.seal(LEVEL, 1, [piece({1: [one]}, 1, start=start)])
    statement = "SELECT ttl(value) FROM chunk_10 WHERE writer = ? ALLOW FILTERING"
    ((ttl_s,),) = tables.read(Request(statement, (writer,)))
    assert least_s - 60 <= ttl_s <= most_s

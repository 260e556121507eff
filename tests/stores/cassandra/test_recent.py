"""What a writer publishes is what readers elsewhere merge, once."""

import contextlib
import struct
import uuid
import zlib

import numpy as np
import pytest
from cadent.schema.errors import Damaged, Unavailable
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.point import Point
from cadent.schema.protocols import Slice
from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.link import Link, Request
from cadent.stores.cassandra.published import Publisher
from cadent.stores.cassandra.recent import RecentWriter
from cadent.stores.cassandra.recent_rows import pack
from cadent.stores.cassandra.settings import ClusterSettings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LEVEL, COARSE = Level("default", 10), Level("default", 60)
START = 1_700_002_800
SLOTS = 30
SPAN_SLOTS = 10
ALL = 2**63 - 1
IDS = [0, 1, 7, 254, 255, 256, 257, 511, 512, 70_000]
ALL_IDS = np.array(IDS, np.uint32)


@pytest.fixture(scope="module")
def tables(cassandra, new_keyspace):
    """A link to a keyspace with all tables, which these tests share: each has a writer of its own."""
    found = ClusterSettings.of_address(cassandra.store(new_keyspace()))
    with contextlib.closing(Link.open(found)) as link:
        create(link, found, {10: 3_600, 60: 3_600})
        yield link


class Broken:
    """A link whose ``trouble`` makes those requests fail whose statement has ``where`` in it."""

    def __init__(self, link):
        self.link = link
        self.trouble = ""
        self.where = ""
        self.interruptions = 0
        self.reads = 0

    def write(self, request):
        self.write_many([request])

    def write_many(self, requests):
        self.link.write_many(self.refusing(requests))

    def read(self, request, **options):
        self.reads += 1
        list(self.refusing([request]))
        return self.link.read(request, **options)

    def read_many(self, requests, **options):
        list(self.refusing(requests))
        return self.link.read_many(requests, **options)

    def refusing(self, requests):
        for request in requests:
            if self.trouble and self.where in request.statement:
                raise Unavailable(self.trouble)
            yield request


class Writing:
    """A writer of its own, the clock of it and of its readers, and what is published."""

    def __init__(self, link):
        self.link = Broken(link)
        self.name = f"main/{uuid.uuid4().hex[:8]}"
        self.now = 100.0
        self.sealed = 0
        self.ttl_s = 3_600
        self.begin()

    def begin(self):
        """As a new process does."""
        self.recent = RecentWriter(
            self.link,
            self.name,
            ttl_of=lambda _: self.ttl_s,
            sealed=lambda _: self.sealed,
            monotonic=lambda: self.now,
            lost_s=30.0,
        )

    def publish(self, first, last, points, mode=Mode.ADD, level=LEVEL, at_once=1_000):
        self.recent.publish(level, pieces(level, Identity(self.name, first, last, mode), points, at_once))

    def log(self, level=LEVEL):
        """As a reader sees it that asks for the first time."""
        return Publisher(self.link, self.name, lambda: self.now).log(level)

    def found(self, after=0, through=ALL, ids=ALL_IDS, level=LEVEL, first=0, stop=SLOTS):
        grid = Grid.empty(START + first * level.step_s, level.step_s, len(ids), stop - first)
        self.log(level).read(ids, after, through, grid)
        return points_of(grid, ids)

    def row(self, column):
        """What the row of table ``writer`` has in ``column``."""
        return self.link.link.read(Request(f"SELECT {column} FROM writer WHERE writer = ?", (self.name,)))[0][0]


def points_of(grid, ids):
    return {(int(id_), point.time): point for row, id_ in enumerate(ids) for point in grid.points(row)}


def pieces(level, identity, points, at_once):
    """Slices of {(id, time): Point}: span by span, ``at_once`` ids at a time."""
    span_s = SPAN_SLOTS * level.step_s
    for span in sorted({time // span_s for _, time in points}):
        of_span = {(id_, time): point for (id_, time), point in points.items() if time // span_s == span}
        yield from pieces_of_span(level, identity, of_span, at_once)


def pieces_of_span(level, identity, points, at_once):
    times = [time for _, time in points]
    start, slots = min(times), (max(times) - min(times)) // level.step_s + 1
    ids = sorted({id_ for id_, _ in points})
    for at in range(0, len(ids), at_once):
        some = ids[at : at + at_once]
        grid = Grid.empty(start, level.step_s, len(some), slots)
        for (id_, time), point in points.items():
            if id_ in some:
                cell = some.index(id_), (time - start) // level.step_s
                for name in ("count", "sum", "min", "max", "last"):
                    getattr(grid, name)[cell] = getattr(point, name)
        yield Slice(level, identity, np.array(some, np.uint32), grid)


def single(id_, value, slot=0, step_s=10):
    return {(id_, START + step_s * slot): Point.of(START + step_s * slot, value)}


@pytest.fixture
def writing(tables):
    return Writing(tables)


# Sums of quarters are exact.
SAMPLES = st.lists(st.integers(-4_000, 4_000).map(lambda number: number / 4), min_size=1, max_size=3)
PARTS = st.lists(
    st.tuples(
        st.dictionaries(st.tuples(st.sampled_from(IDS), st.integers(0, SLOTS - 1)), SAMPLES, min_size=1, max_size=12),
        st.sampled_from(list(Mode)),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PARTS, st.integers(0, 5), st.permutations(IDS), st.integers(0, SLOTS - 1), st.integers(1, SLOTS))
def test_readers_merge_what_was_published_in_order(tables, parts, after, ids, first, slots):
    writing, expected = Writing(tables), {}
    for number, (samples, mode, at_once) in enumerate(parts, 1):
        points = {(id_, START + 10 * slot): fold(START + 10 * slot, some) for (id_, slot), some in samples.items()}
        writing.publish(number, number, points, mode, at_once=at_once)
        for key, point in points.items() if number > after else ():
            expected[key] = expected[key].add(point) if key in expected and mode is Mode.ADD else point
    writing.recent.count()
    some, stop = ids[: len(ids) // 2], first + slots
    assert writing.found(after, ids=np.array(ids, np.uint32)) == expected
    assert writing.found(after, ids=np.array(some, np.uint32), first=first, stop=stop) == {
        (id_, time): point for (id_, time), point in expected.items() if id_ in some and first <= (time - START) // 10 < stop
    }


def fold(time, samples):
    point = Point.of(time, samples[0])
    for sample in samples[1:]:
        point = point.add(Point.of(time, sample))
    return point


def test_a_row_has_the_documented_bytes():
    points = single(256, 1.5) | single(258, 2.5)
    (row,) = pack(pieces(LEVEL, Identity("w", 7, 9, Mode.REPLACE), points, 1))
    last, slots, count, mode, width = struct.unpack_from("<QIHBB", row.value)
    assert (row.shard, row.first, row.start) == (1, 7, START)
    assert (last, slots, count, mode, width) == (9, 1, 2, 1, 1)
    assert row.value[16:18] == bytes([0, 2])
    assert sum(row.value[18:20]) == len(row.value) - 20 - 4
    assert zlib.crc32(row.value[:-4]) == int.from_bytes(row.value[-4:], "little")


def test_nothing_counts_before_all_of_it_is_there(writing):
    writing.publish(1, 1, single(1, 1.0))
    assert writing.found() == {}
    writing.recent.count()
    assert writing.found() == single(1, 1.0)
    writing.publish(2, 2, single(1, 2.0, 1))
    assert writing.found() == single(1, 1.0) | single(1, 2.0, 1)


def test_what_a_former_process_published_counts_until_the_next_one_says_so_and_never_with_it(writing):
    writing.publish(1, 2, single(1, 1.0) | single(1, 2.0, 1))
    writing.recent.count()
    writing.begin()
    writing.publish(1, 3, single(1, 1.0) | single(1, 2.0, 1) | single(1, 4.0, 2))
    assert writing.found() == single(1, 1.0) | single(1, 2.0, 1)
    writing.recent.count()
    assert writing.found() == single(1, 1.0) | single(1, 2.0, 1) | single(1, 4.0, 2)


def test_a_process_that_never_counted_leaves_nothing_that_does(writing):
    writing.publish(1, 1, single(1, 1.0))
    writing.begin()
    writing.publish(1, 2, single(1, 1.0) | single(1, 2.0, 1))
    writing.recent.count()
    assert writing.found() == single(1, 1.0) | single(1, 2.0, 1)


def test_a_part_that_is_given_once_more_changes_nothing(writing):
    writing.recent.count()
    for _ in range(3):
        writing.publish(1, 1, single(1, 1.0))
    assert writing.found() == single(1, 1.0)


def test_what_chunks_hold_is_left_out(writing):
    writing.publish(1, 3, single(1, 1.0))
    writing.publish(4, 6, single(1, 2.0, 1))
    writing.recent.count()
    assert writing.found(after=3) == single(1, 2.0, 1)
    assert writing.found(after=6) == {}
    assert (writing.log().span(3, ALL), writing.log().span(6, ALL)) == ((START, START + 20), None)


def test_a_part_of_which_rows_are_missing_does_not_count(writing):
    writing.recent.count()
    writing.publish(1, 1, single(1, 1.0))

    def torn():
        yield from pieces(LEVEL, Identity(writing.name, 2, 2), single(1, 2.0, 1) | single(300, 2.0, 1), 1)
        raise Unavailable("no host is up")

    with pytest.raises(Unavailable, match="no host is up"):
        writing.recent.publish(LEVEL, torn())
    assert writing.found() == single(1, 1.0)


def test_levels_do_not_meet(writing):
    writing.publish(1, 1, single(1, 1.0))
    writing.publish(2, 2, single(1, 5.0, step_s=60), Mode.REPLACE, COARSE)
    writing.recent.count()
    assert (writing.found(), writing.found(level=COARSE)) == (single(1, 1.0), single(1, 5.0, step_s=60))
    assert (writing.log().replaces(0, ALL), writing.log(COARSE).replaces(0, ALL)) == (False, True)


def test_what_is_in_chunks_for_long_is_not_looked_for_any_more(writing):
    writing.recent.count()
    writing.publish(1, 1, single(1, 1.0), Mode.REPLACE)
    writing.sealed = 1
    starts = []
    for number in (2, 3, 4):
        writing.publish(number, number, single(1, 2.0, number))
        starts.append(writing.log().span(1, ALL)[0])
        writing.now += 31.0
    assert starts == [START, START, START + 20], "chunks may lose it again soon after they have it"
    assert not writing.log().replaces(1, ALL)


def test_what_chunks_have_lost_again_is_looked_for(writing):
    writing.recent.count()
    writing.publish(1, 1, single(1, 1.0))
    for number, writing.sealed in enumerate((1, 0, 1), 2):
        writing.now += 31.0
        writing.publish(number, number, single(1, 2.0, number))
    assert writing.log().span(0, ALL) == (START, START + 50)


def test_after_a_lost_connection_all_that_counts_is_said_again(writing, tables):
    writing.publish(1, 1, single(1, 1.0))
    writing.publish(2, 2, single(1, 5.0, step_s=60), level=COARSE)
    writing.recent.count()
    tables.write(
        Request("DELETE FROM writer USING TIMESTAMP ? WHERE writer = ?", (writing.row("WRITETIME(epoch)"), writing.name))
    )
    assert writing.found() == {}
    writing.link.interruptions += 1
    writing.publish(1, 1, single(1, 1.0))
    assert (writing.found(), writing.found(level=COARSE)) == (single(1, 1.0), single(1, 5.0, step_s=60))


def test_a_damaged_row_is_named_and_all_else_is_read(writing, tables):
    writing.publish(1, 1, single(1, 1.0) | single(300, 3.0))
    writing.publish(2, 2, single(1, 2.0, 1))
    writing.recent.count()
    epoch = writing.row("epoch")
    key = "writer = ? AND epoch = ? AND policy = 'default' AND step = 10 AND shard = 0 AND first = 1 AND start = ?"
    where = (writing.name, epoch, START)
    value = bytearray(tables.read(Request(f"SELECT value FROM recent WHERE {key}", where))[0][0])
    value[18] ^= 1
    later = (START + 20) * 1_000_000  # than what was published
    for damaged in (bytes(value), bytes(value[:9]), bytes(4), b""):
        later += 1
        tables.write(Request(f"UPDATE recent USING TIMESTAMP ? SET value = ? WHERE {key}", (later, damaged, *where)))
        grid = Grid.empty(START, 10, 2, 2)
        with pytest.raises(Damaged, match=rf"recent \(writer {writing.name}, level default/10, shard 0, first 1, .*checksum"):
            writing.log().read(np.array([1, 300], np.uint32), 0, ALL, grid)
        assert grid.count.tolist() == [[0, 1], [1, 0]]


def test_rows_expire(writing, tables):
    writing.publish(1, 1, single(1, 1.0))
    writing.recent.count()
    found = tables.read(Request("SELECT writer, TTL(value) FROM recent"))
    ((_, ttl_s),) = [row for row in found if row[0] == writing.name]
    assert 3_500 < ttl_s <= 3_600


def test_what_counts_is_asked_for_once_a_second_for_all_levels(writing):
    writing.publish(1, 1, single(1, 1.0))
    writing.recent.count()
    publisher = Publisher(writing.link, writing.name, lambda: writing.now)
    logs = [publisher.log(level) for level in (LEVEL, COARSE)]
    before = writing.link.reads
    for _ in range(5):
        assert [log.span(0, ALL) for log in logs] == [(START, START + 10), None]
    assert writing.link.reads == before + 1
    writing.publish(2, 2, single(1, 1.0, 1))
    writing.now += 1.0
    assert logs[0].span(0, ALL) == (START, START + 20)
    assert writing.link.reads == before + 2


def test_while_no_server_answers_what_was_known_counts_and_reads_say_so(writing):
    writing.publish(1, 1, single(1, 1.0))
    writing.recent.count()
    log = Publisher(writing.link, writing.name, lambda: writing.now).log(LEVEL)
    assert log.span(0, ALL) == (START, START + 10)
    writing.link.trouble = "no host is up"
    writing.now += 60.0
    assert log.span(0, ALL) == (START, START + 10)
    with pytest.raises(Unavailable, match="no host is up"):
        log.read(ALL_IDS, 0, ALL, Grid.empty(START, 10, len(IDS), 1))
    with pytest.raises(Unavailable, match="no host is up"):
        writing.log().span(0, ALL)


def test_where_only_the_row_of_the_writer_cannot_be_had_what_counted_is_read_and_more_may_be_missing(writing):
    writing.publish(1, 1, single(1, 1.0))
    writing.recent.count()
    log = Publisher(writing.link, writing.name, lambda: writing.now).log(LEVEL)
    log.span(0, ALL)
    writing.link.trouble, writing.link.where = "no host is up", "FROM writer"
    writing.now += 1.0
    for after in (0, 1):
        grid = Grid.empty(START, 10, 1, 1)
        with pytest.raises(Unavailable, match="no host is up"):
            log.read(np.array([1], np.uint32), after, ALL, grid)
        assert grid.count.tolist() == [[1 - after]]
    writing.link.trouble = ""
    writing.now += 1.0
    log.read(np.array([1], np.uint32), 0, ALL, Grid.empty(START, 10, 1, 1))


def test_shards_that_cannot_be_had_are_said_when_all_others_are_merged(writing, tables):
    class OneShardAway(Broken):
        def read_many(self, requests, **options):
            for index, rows in self.link.read_many(requests, **options):
                yield index, Unavailable("a host is away") if requests[index].values[4] == 0 else rows

    writing.publish(1, 1, single(1, 1.0) | single(300, 3.0))
    writing.recent.count()
    ids, grid = np.array([300, 1], np.uint32), Grid.empty(START, 10, 2, 1)
    with pytest.raises(Unavailable, match="a host is away"):
        Publisher(OneShardAway(tables), writing.name, lambda: 0.0).log(LEVEL).read(ids, 0, ALL, grid)
    assert points_of(grid, ids) == single(300, 3.0)


def test_writers_do_not_meet(tables):
    one, other = Writing(tables), Writing(tables)
    for number, writing in enumerate((one, other), 1):
        writing.publish(number, number, single(1, float(number)))
        writing.recent.count()
    assert (one.found(), other.found()) == (single(1, 1.0), single(1, 2.0))


def test_what_a_former_process_sent_and_arrives_late_does_not_count(writing, tables):
    writing.publish(1, 1, single(1, 1.0))
    writing.recent.count()
    epoch, timestamp = writing.row("epoch"), writing.row("WRITETIME(epoch)")
    writing.begin()
    writing.publish(1, 1, single(1, 1.0))
    writing.recent.count()
    late = "UPDATE writer USING TIMESTAMP ? SET epoch = ? WHERE writer = ?"
    tables.write(Request(late, (timestamp + 1_000, epoch, writing.name)))
    assert writing.row("epoch") != epoch


def test_a_part_that_is_published_again_lives_longer_and_has_the_same_timestamp(writing, tables):
    writing.recent.count()
    where = "writer = ? AND epoch = ? AND policy = 'default' AND step = 10 AND shard = 0"
    found = Request(f"SELECT TTL(value), WRITETIME(value) FROM recent WHERE {where}", (writing.name, writing.row("epoch")))
    for ttl_s, lives_s in ((1_000, 1_000), (3_000, 3_000), (2_000, 3_000)):
        writing.ttl_s = ttl_s
        writing.publish(1, 1, single(1, 1.0))
        ((left_s, timestamp),) = tables.read(found)
        assert lives_s - 60 < left_s <= lives_s
        assert timestamp == (START + 10) * 1_000_000


def test_a_writer_that_never_published_has_nothing(writing):
    assert (writing.found(), writing.log().span(0, ALL), writing.log().replaces(0, ALL)) == ({}, None, False)

"""An old Cadent's keyspace is read as it is: its own tables, as its documentation made them, on a real server."""

import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from cadent.index.union import UnionIndex
from cadent.query.fetch import FetchQuery
from cadent.query.limits import Deadline
from cadent.query.origin import Origin
from cadent.query.reader import Reader
from cadent.schema.errors import ConfigError, Unavailable
from cadent.schema.grid import Grid
from cadent.schema.head import NoHead
from cadent.schema.point import Point
from cadent.schema.policy import Policies
from cadent.schema.resolution import Ladder
from cadent.schema.statistic import Statistic
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("cassandra", reason="Cassandra's driver is missing: pip install cassandra-driver")

from cadent.stores.cassandra import seed_names
from cadent.stores.cassandra.ddl import create
from cadent.stores.cassandra.link import Request
from cadent.stores.cassandra.seed import SeedStore
from cadent.stores.cassandra.seed_names import SeedNames
from cadent.stores.cassandra.seed_points import merge_rows
from cadent.stores.cassandra.seed_tables import SeedTables, check_tables
from cadent.stores.cassandra.settings import ClusterSettings

sys.path.append(str(Path(__file__).parent))

from faults import FaultyLink

HOUR = 1_699_999_200  # a full hour
NOW = HOUR + 3_600
POLICIES = Policies.single(Ladder.parse(["10s:1d", "60s:30d"]))
SECOND = 1_000_000_000

# As the old documentation has it, without the options that servers of today refuse.
DDL = """
CREATE TYPE metric_point (max double, mean double, min double, sum double, count int);
CREATE TYPE metric_id (path text, resolution int);
CREATE TABLE {metric} (id frozen<metric_id>, time bigint, point frozen<metric_point>, PRIMARY KEY (id, time))
    WITH CLUSTERING ORDER BY (time ASC);
CREATE TYPE segment_pos (pos int, segment text);
CREATE TABLE {path} (segment frozen<segment_pos>, path text, length int, has_data boolean,
    PRIMARY KEY (segment, path, has_data)) WITH CLUSTERING ORDER BY (path ASC, has_data ASC);
CREATE TABLE {segment} (pos int, segment text, PRIMARY KEY (pos, segment)) WITH CLUSTERING ORDER BY (segment ASC)
"""


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class OldCadent:
    """Writes as the old one did."""

    def __init__(self, link, tables):
        self._link = link
        self._tables = tables
        for statement in DDL.format(metric=tables.metric, path=tables.path, segment=tables.segment).split(";"):
            link.write(Request(statement.strip()))

    def index(self, key):
        """A row in ``segment`` for each prefix; in ``path`` one for each branch, and ``key`` below each prefix."""
        parts = key.split(".")
        prefixes = [".".join(parts[: size + 1]) for size in range(len(parts))]
        for pos, prefix in enumerate(prefixes):
            self._insert(self._tables.segment, "(pos, segment)", pos, prefix)
            if pos + 1 < len(prefixes):
                self._path(pos, prefix, prefixes[pos + 1], pos + 1, has_data=False)
            self._path(pos, prefix, key, len(parts) - 1, has_data=True)

    def point(self, key, resolution, time_ns, **point):
        fields = [point.get(name) for name in ("max", "mean", "min", "sum", "count")]
        self._insert(self._tables.metric, "(id, time, point)", (key, resolution), time_ns, tuple(fields))

    def _path(self, pos, prefix, path, length, *, has_data):
        self._insert(self._tables.path, "(segment, path, length, has_data)", (pos, prefix), path, length, has_data)

    def _insert(self, table, columns, *values):
        marks = ", ".join("?" * len(values))
        self._link.write(Request(f"INSERT INTO {table} {columns} VALUES ({marks})", values))


def listed(one):
    columns = (one.time, one.count, one.sum, one.min, one.max, one.last)
    return [Point(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


class Seed:
    """The keyspace as a service reads it."""

    def __init__(self, link, tables):
        self.clock = Clock()
        self.names = SeedNames(link, tables, POLICIES, self.clock)
        self.store = SeedStore(link, tables, self.names, POLICIES, lambda: NOW)
        self.index = UnionIndex([self.names])
        origin = Origin(
            self.names.writer, self.store, {}, NoHead(), lambda ids: self.index.ids_of(self.names.writer, ids), remote=True
        )
        self.reader = Reader(lambda: [origin], self.index, POLICIES)

    def look(self, after_s=0.0):
        """What the index does every few seconds, ``after_s`` later."""
        self.clock.now += after_s
        self.index._union.look()

    def paths(self, pattern, seen=None):
        return [match.path for match in self.index.find(pattern, 100, seen)]

    def ask(self, target, start=HOUR, stop=HOUR + 60, step_s=None):
        return self.reader.points(FetchQuery((target,), start - 1, stop - 1, NOW, step_s), Deadline(1, lambda: 0.0))

    def points(self, target, **bounds):
        """{path: its points}."""
        return {one.path: listed(one) for one in self.ask(target, **bounds).points}


@pytest.fixture
def tables(request):
    """Under their usual names, or others where a test wants that."""
    return getattr(request, "param", SeedTables())


@pytest.fixture
def old(link, tables):
    return OldCadent(link, tables)


@pytest.fixture
def seed(link, old, tables):
    return Seed(link, tables)


@pytest.mark.parametrize("tables", [SeedTables(), SeedTables("points", "paths", "segments")], indirect=True)
def test_points_are_found_by_path_and_time(old, seed):
    for key in ("a.b.c", "a.b", "d"):
        old.index(key)
    old.point("a.b.c", 10, HOUR * SECOND, max=3.0, mean=2.0, min=1.0, sum=4.0, count=2)
    old.point("a.b.c", 10, (HOUR + 50) * SECOND, max=7.0, mean=7.0, min=7.0, sum=7.0, count=1)
    old.point("a.b.c", 10, (HOUR + 60) * SECOND, max=9.0, mean=9.0, min=9.0, sum=9.0, count=1)
    old.point("d", 10, (HOUR - 1) * SECOND, max=9.0, mean=9.0, min=9.0, sum=9.0, count=1)
    seed.look()
    assert seed.points("a.b.*") == {"a.b.c": [Point(HOUR, 2, 4.0, 1.0, 3.0, 2.0), Point.of(HOUR + 50, 7.0)]}
    assert seed.points("{a.b,d}") == {"a.b": [], "d": []}


def test_rows_off_the_grid_go_to_the_window_they_lie_in_and_merge_there(old, seed):
    old.index("a")
    old.point("a", 10, (HOUR + 10) * SECOND, max=1.0, mean=1.0, min=1.0, sum=3.0, count=3)
    old.point("a", 10, (HOUR + 20) * SECOND - 1, max=9.0, mean=6.0, min=5.0, sum=6.0, count=1)
    old.point("a", 10, (HOUR + 20) * SECOND + 3, max=2.0, mean=2.0, min=2.0, sum=2.0, count=1)
    seed.look()
    assert seed.points("a") == {"a": [Point(HOUR + 10, 4, 9.0, 1.0, 9.0, 6.0), Point.of(HOUR + 20, 2.0)]}
    answer = seed.reader.fetch(FetchQuery(("a",), HOUR - 1, HOUR + 59, NOW, statistic=Statistic.MEAN), Deadline(1, lambda: 0.0))
    assert answer.found[0].series.values[1] == 9.0 / 4


@pytest.mark.parametrize(
    ("fields", "point"),
    [
        ({"mean": 2.0, "count": 3}, Point(HOUR, 3, 6.0, 2.0, 2.0, 2.0)),
        ({"sum": 6.0, "count": 3}, Point(HOUR, 3, 6.0, 2.0, 2.0, 2.0)),
        ({"sum": 6.0, "count": 3, "min": 1.0, "max": 4.0}, Point(HOUR, 3, 6.0, 1.0, 4.0, 2.0)),
        ({"mean": 5.0}, Point.of(HOUR, 5.0)),
        ({"sum": 5.0}, Point.of(HOUR, 5.0)),
        ({"mean": 5.0, "sum": 0.0, "min": 5.0, "max": 5.0, "count": 0}, Point.of(HOUR, 5.0)),
        ({"mean": float("nan"), "sum": float("inf"), "count": 1}, None),
        ({"min": 1.0, "max": 2.0, "count": 1}, None),
        ({}, None),
    ],
)
def test_what_a_row_lacks_follows_from_the_rest(fields, point):
    names = ("count", "sum", "min", "max", "mean")
    into = Grid.empty(HOUR, 10, 1, 6)
    merge_rows([(HOUR * SECOND, *(fields.get(name) for name in names))], 0, into)
    assert list(into.points(0)) == ([point] if point else [])


numbers = st.integers(-1000, 1000).map(float)
samples = st.lists(numbers, min_size=1, max_size=4)


@given(st.lists(st.tuples(st.integers(0, 60 * SECOND - 1), samples), max_size=20))
def test_rows_merge_as_their_samples_would(records):
    records.sort(key=lambda record: record[0])
    into = Grid.empty(HOUR, 10, 2, 6)
    rows = [
        (HOUR * SECOND + after, len(values), sum(values), min(values), max(values), sum(values) / len(values))
        for after, values in records
    ]
    merge_rows(rows, 1, into)
    windows = {}
    for after, values in records:
        windows.setdefault(HOUR + after // (10 * SECOND) * 10, []).append(values)
    merged = {time: list(chain.from_iterable(parts)) for time, parts in windows.items()}
    assert list(into.points(0)) == []
    assert [(one.time, one.count, one.sum, one.min, one.max) for one in into.points(1)] == [
        (time, len(values), sum(values), min(values), max(values)) for time, values in sorted(merged.items())
    ]
    assert [one.last for one in into.points(1)] == [sum(windows[t][-1]) / len(windows[t][-1]) for t in sorted(windows)]


def test_a_coarse_query_reads_the_rows_of_its_own_resolution_alone(old, seed):
    old.index("a")
    old.point("a", 10, HOUR * SECOND, max=1.0, mean=1.0, min=1.0, sum=1.0, count=1)
    old.point("a", 60, HOUR * SECOND, max=4.0, mean=2.5, min=1.0, sum=5.0, count=2)
    seed.look()
    assert seed.points("a", step_s=60) == {"a": [Point(HOUR, 2, 5.0, 1.0, 4.0, 2.5)]}
    assert seed.points("a", step_s=10) == {"a": [Point.of(HOUR, 1.0)]}
    assert seed.points("a", stop=HOUR + 120, step_s=120) == {"a": [Point(HOUR, 2, 5.0, 1.0, 4.0, 2.5)]}


def test_a_path_that_is_younger_than_a_query_is_found_a_minute_later(old, seed):
    old.index("a.b")
    seed.look()
    old.index("a.c")
    old.point("a.c", 10, HOUR * SECOND, max=1.0, mean=1.0, min=1.0, sum=1.0, count=1)
    seed.look(59.0)
    assert seed.paths("a.*") == ["a.b"]
    seed.look(1.0)
    assert seed.paths("a.*") == ["a.b", "a.c"]
    assert seed.points("a.*") == {"a.b": [], "a.c": [Point.of(HOUR, 1.0)]}


def test_branches_are_no_leaves_and_a_path_may_be_both(old, seed):
    old.index("a.b.c")
    old.index("a.b")
    seed.look()
    found = seed.index.find("a.*", 100)
    assert [(match.path, match.branch, match.id is not None) for match in found] == [("a.b", True, True)]
    assert seed.paths("a.*.*") == ["a.b.c"]


def test_paths_are_found_whatever_day_is_asked_for(old, seed):
    old.index("a")
    seed.look()
    assert seed.paths("a", seen=(1, 1)) == seed.paths("a", seen=(20_000, 20_001)) == ["a"]


def test_keys_that_are_no_paths_are_left_out_and_told_once(old, seed, caplog):
    for key in ("a.b c", "a.*", "a.good"):
        old.index(key)
    seed.look()
    seed.look(60.0)
    assert seed.paths("a.*") == ["a.good"]
    (told,) = (record.getMessage() for record in caplog.records)
    assert "table path of keyspace" in told
    assert "2 keys are left out" in told


def test_many_paths_are_read_page_by_page(old, seed, monkeypatch):
    monkeypatch.setattr(seed_names, "_PAGE_PATHS", 2)
    monkeypatch.setattr(seed_names, "_PAGES_AT_ONCE", 2)
    keys = sorted([*(f"{root}.x{number}" for root in "abc" for number in range(5)), "a.x1.y", "b"])
    for key in keys:
        old.index(key)
    seed.look()
    found = sorted(match.path for each in seed.index.leaves(["*", "*.*", "*.*.*"], 100) for match in each)
    assert found == keys


def test_an_index_that_was_cut_short_goes_on_where_it_was(link, old, tables, monkeypatch):
    monkeypatch.setattr(seed_names, "_PAGES_AT_ONCE", 1)
    for key in ("a.b", "c.d"):
        old.index(key)
    faulty = FaultyLink(link)
    seed = Seed(faulty, tables)
    faulty.refuses = lambda request: request.values[0] == (0, "c")
    with pytest.raises(Unavailable):
        seed.look()
    assert seed.paths("*.*") == ["a.b"]
    faulty.refuses = lambda _: False
    seed.look()
    assert seed.paths("*.*") == ["a.b", "c.d"]


def test_a_second_index_gets_all_paths_under_the_same_ids(old, seed):
    old.index("a.b")
    seed.look()
    old.index("a.a")
    other = UnionIndex([seed.names])
    other._union.look()
    ids = {
        match.path: other.ids_of(seed.names.writer, np.array([match.id], np.uint32)).tolist() for match in other.find("a.*", 9)
    }
    assert ids == {"a.b": [0], "a.a": [1]}
    assert [seed.names.path_of(0), seed.names.path_of(1)] == ["a.b", "a.a"]


def test_partitions_that_cannot_be_read_are_missing_and_the_others_are_there(link, old, tables):
    for key in ("a", "b"):
        old.index(key)
        old.point(key, 10, HOUR * SECOND, max=1.0, mean=1.0, min=1.0, sum=1.0, count=1)
    faulty = FaultyLink(link)
    seed = Seed(faulty, tables)
    seed.look()
    faulty.refuses = lambda request: request.values[0] == ("a", 10)
    answer = seed.ask("*")
    assert [listed(one) for one in answer.points] == [[], [Point.of(HOUR, 1.0)]]
    assert f"1 of 2 partitions of {tables.metric}, resolution 10" in answer.missing.unreachable


@pytest.mark.parametrize("name", ["", "a b", "metric; DROP", "Metric", 'a"'])
def test_a_table_name_that_needs_quotes_is_refused(name):
    with pytest.raises(ConfigError, match="is not a letter"):
        SeedTables(path=name)


def test_the_tables_of_an_old_cadent_are_looked_for(link, old, tables):
    check_tables(link, tables)
    with pytest.raises(ConfigError, match="has no table points; want those of layout 'seed'"):
        check_tables(link, SeedTables("points", tables.path, tables.segment))


def test_a_keyspace_of_this_cadent_is_refused(link, cassandra, keyspace, tables):
    create(link, ClusterSettings.of_address(cassandra.store(keyspace)), {})
    with pytest.raises(ConfigError, match="has layout 'chunks'; want layout 'seed'"):
        check_tables(link, tables)

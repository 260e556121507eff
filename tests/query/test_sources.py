"""Queries over the origins of several writers."""

import threading
from dataclasses import dataclass, field
from unittest import mock

import numpy as np
import pytest
from cadent.index.id_map import NO_ID
from cadent.query import reader as reader_module
from cadent.query.fetch import FetchQuery
from cadent.query.limits import Deadline
from cadent.query.sources import Sources
from cadent.query.wanted import Wanted
from cadent.schema.errors import Damaged, Outdated, Unavailable
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level
from cadent.schema.point import Point
from cadent.schema.policy import Policy
from cadent.schema.protocols import Slice
from cadent.schema.resolution import Ladder
from cadent.stores.memory import MemoryStore
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = 1_700_000_000
DAY = 86_400
BASE, MINUTE = Level("default", 10), Level("default", 60)
POLICY = Policy("default", Ladder.parse("10s:7d,1m:30d,10m:2y"))
STATISTICS = ("count", "sum", "min", "max", "last")


def never():
    return Deadline(1, lambda: 0.0)


def ask(*targets, after=NOW - 61, until=NOW - 1, step_s=10, **wishes):
    return FetchQuery(targets, after, until, NOW, step_s, **wishes)


def points_of(reader, target="p*", **wishes):
    """The points of each path."""
    return {
        one.path: [Point(*row) for row in zip(*(getattr(one, name).tolist() for name in ("time", *STATISTICS)), strict=True)]
        for one in reader.points(ask(target, **wishes), never()).points
    }


def fold(windows, time, point):
    windows[time] = windows[time].add(point) if time in windows else point


def moved(point, time):
    return Point(time, point.count, point.sum, point.min, point.max, point.last)


# -- what is added, and what is not --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    path: int
    time: int
    value: float
    group: str
    heard: frozenset  # the replicas that got it


@dataclass
class Writer:
    """One writer's own ids, chunks, log and open windows of the samples that came to it."""

    name: str
    lists: object
    store: MemoryStore = field(default_factory=MemoryStore)
    ids: dict = field(default_factory=dict)

    def map(self, ids):
        return np.array([self.ids.get(number, NO_ID) for number in ids.tolist()], np.uint32)

    def take(self, samples, sealed, logged):
        """The first ``sealed`` into chunks, the next ``logged`` into the log, the others stay open."""
        points = [(self.id(sample.path), Point.of(sample.time, sample.value)) for sample in samples]
        for sequence, point in enumerate(points[:sealed], 1):
            self.store.seal(BASE, sequence, [piece(sequence, *point)])
        rows = [(sequence, *point) for sequence, point in enumerate(points[: sealed + logged], 1)]
        self.lists.logged[BASE] = rows  # with what was sealed: the writer has not dropped it yet
        self.lists.open[BASE] = points[sealed + logged :]

    def id(self, path):
        """By first appearance, counted down: in another order than the index's."""
        return self.ids.setdefault(path, 1_000 - len(self.ids))


def piece(sequence, number, point):
    grid = Grid.empty(point.time, 10, 1, 1)
    for name in STATISTICS:
        getattr(grid, name)[0, 0] = getattr(point, name)
    return Slice(BASE, Identity("w", sequence, sequence), np.array([number], np.uint32), grid)


@st.composite
def histories(draw):
    """(samples, step_s): of each group's window of ``step_s`` one replica heard all, and the others what they did."""
    step_s = draw(st.sampled_from([10, 60]))
    complete, samples = {}, []
    sent = st.tuples(st.integers(0, 2), st.integers(1, 40), st.integers(-50, 50).map(float), st.sampled_from(["a", "b-1", "b"]))
    for path, age, value, group in draw(st.lists(sent, max_size=25)):
        time = NOW - NOW % 10 - age * 10
        window = group, path, time // step_s
        if window not in complete:
            complete[window] = draw(st.integers(1, 3))
        heard = draw(st.frozensets(st.integers(1, 3))) | {complete[window]}
        samples.append(Sample(path, time, value, group, heard))
    return samples, step_s


def expected(samples, path, step_s):
    """A plain fold of what each group was sent, then of the groups in order of their names."""
    answer = {}
    for group in ("a", "b", "b-1"):
        fine, coarse = {}, {}
        for sample in samples:
            if (sample.group, sample.path) == (group, path):
                fold(fine, sample.time, Point.of(sample.time, sample.value))
        for time, point in sorted(fine.items()):
            fold(coarse, time - time % step_s, moved(point, time - time % step_s))
        for time, point in coarse.items():
            fold(answer, time, point)
    return [answer[time] for time in sorted(answer)]


@given(histories(), st.data(), st.sampled_from([1, 7, 1 << 20]), st.integers(1, 2))
@settings(max_examples=100, deadline=None)
def test_replicas_count_once_and_groups_add_up(new_lists, new_origin, reader_over, history, data, cells, threads):
    samples, step_s = history
    writers = [Writer(f"{group}/{replica}", new_lists()) for group in ("a", "b-1", "b") for replica in (1, 2, 3)]
    for writer in writers:
        group, replica = writer.name.split("/")
        own = [sample for sample in samples if sample.group == group and int(replica) in sample.heard]
        sealed = data.draw(st.integers(0, len(own)))
        writer.take(own, sealed, data.draw(st.integers(0, len(own) - sealed)))
    origins = [new_origin(writer.lists, writer.name, writer.store, ids=writer.map) for writer in writers]
    with mock.patch.object(reader_module, "_TILE_CELLS", cells):
        reader = reader_over(data.draw(st.permutations(origins)), "p0", "p1", "p2", threads=threads)
        found = points_of(reader, "p*", after=NOW - 600, until=NOW, step_s=step_s)
    assert found == {f"p{path}": expected(samples, path, step_s) for path in range(3)}


AT = NOW - 40


@pytest.fixture
def writers(new_lists, new_origin):
    """writers(name, ...): lists by writer and their origins, with the ids of the index."""

    def make(*names, **more):
        lists = {name: new_lists() for name in names}
        return lists, [new_origin(lists[name], name, **more) for name in names]

    return make


def test_each_window_is_that_of_the_replica_that_has_most_of_it(writers, reader_over):
    lists, origins = writers("a/1", "a/2")
    lists["a/1"].chunks[BASE] = [(0, Point(AT, 3, 6.0, 1.0, 3.0, 3.0)), (0, Point(AT + 10, 1, 9.0, 9.0, 9.0, 9.0))]
    lists["a/2"].chunks[BASE] = [(0, Point(AT + 10, 2, 5.0, 2.0, 3.0, 2.0)), (0, Point.of(AT + 20, 7.0))]
    assert points_of(reader_over(origins, "p")) == {
        "p": [Point(AT, 3, 6.0, 1.0, 3.0, 3.0), Point(AT + 10, 2, 5.0, 2.0, 3.0, 2.0), Point.of(AT + 20, 7.0)]
    }


def test_of_replicas_that_have_the_same_count_the_first_by_name_gives_all_five(writers, reader_over):
    lists, origins = writers("a/2", "a/1")
    lists["a/1"].chunks[BASE] = [(0, Point(AT, 2, 5.0, 2.0, 3.0, 2.0))]
    lists["a/2"].chunks[BASE] = [(0, Point(AT, 2, 9.0, 1.0, 8.0, 8.0))]
    assert points_of(reader_over(origins, "p")) == {"p": [Point(AT, 2, 5.0, 2.0, 3.0, 2.0)]}


def test_the_last_value_is_that_of_the_last_group_by_name_that_has_one(writers, reader_over):
    lists, origins = writers("b/1", "a-1/1", "a/1")
    lists["a/1"].chunks[BASE] = [(0, Point.of(AT, 1.0)), (0, Point.of(AT + 10, 1.0))]
    lists["a-1/1"].chunks[BASE] = [(0, Point.of(AT, 2.0)), (0, Point.of(AT + 10, 2.0))]
    lists["b/1"].chunks[BASE] = [(0, Point.of(AT, 4.0))]
    assert points_of(reader_over(origins, "p")) == {
        "p": [Point(AT, 3, 7.0, 1.0, 4.0, 4.0), Point(AT + 10, 2, 3.0, 1.0, 2.0, 2.0)]
    }


def test_series_of_one_statistic_add_up_too(writers, reader_over):
    lists, origins = writers("a/1", "b/1")
    lists["a/1"].chunks[BASE] = [(0, Point.of(AT, 1.0))]
    lists["b/1"].open[BASE] = [(0, Point.of(AT, 4.0))]
    (found,) = reader_over(origins, "p.count").fetch(ask("p.count", after=AT - 10, until=AT), never()).found
    assert found.series.values.tolist() == [5.0]


# -- which origins are read, and how -------------------------------------------------------------------------------------


def only(*numbers):
    return lambda ids: np.where(np.isin(ids, numbers), ids, NO_ID).astype(np.uint32)


def test_an_origin_is_not_asked_for_paths_that_it_does_not_have(new_lists, new_origin, reader_over):
    lists = [new_lists(), new_lists()]
    origins = [new_origin(lists[0], "a/1", ids=only(1)), new_origin(lists[1], "b/1", ids=only())]
    reader_over(origins, "p0", "p1", "p2").points(ask("p*"), never())
    assert [one.asked for one in lists] == [[1], []]


def test_a_path_that_no_origin_has_is_without_points(new_lists, new_origin, reader_over):
    assert points_of(reader_over([new_origin(new_lists(), "a/1", ids=only())], "p")) == {"p": []}
    assert points_of(reader_over([], "p")) == {"p": []}


def test_an_origin_that_comes_while_the_reader_runs_is_read(writers, reader_over):
    lists, (first, second) = writers("a/1", "b/1")
    for one in lists.values():
        one.chunks[BASE] = [(0, Point.of(AT, 1.0))]
    origins = [first]
    reader = reader_over(origins, "p")
    assert points_of(reader)["p"][0].count == 1
    origins.append(second)
    assert points_of(reader)["p"][0].count == 2


def test_one_origin_with_the_ids_of_the_index_is_read_straight_into_the_spare_grid(writers):
    lists, origins = writers("a/1")
    lists["a/1"].chunks[BASE] = [(0, Point.of(AT, 1.0))]
    spare = Grid.empty(0, 10, 1, 6)
    grid, _ = Sources(origins).read(Wanted(POLICY, np.array([0], np.uint32), NOW - 60, NOW, 10), spare)
    assert grid.count is spare.count
    assert grid.count.sum() == 1


def test_origins_are_read_at_the_same_time(writers, reader_over):
    lists, origins = writers("a/1", "a/2", "b/1")
    for one in lists.values():
        one.chunks[BASE] = [(0, Point.of(AT, 1.0))]
    together = threading.Barrier(3, timeout=60)
    with mock.patch.object(type(lists["a/1"].snapshot()), "read", side_effect=lambda *_: together.wait()):
        points_of(reader_over(origins, "p"))
    assert not together.broken


def test_tiles_are_smaller_where_more_origins_are_in_memory_together(writers, reader_over):
    lists, origins = writers("a/1", "b/1")
    with mock.patch.object(reader_module, "_TILE_CELLS", 12):
        reader_over(origins, "p0", "p1", "p2").points(ask("p*", after=NOW - 40), never())
    assert [one.asked for one in lists.values()] == [[2, 1], [2, 1]]


def test_the_newest_point_is_that_of_all_origins(writers, reader_over):
    lists, origins = writers("a/1", "b/1")
    lists["a/1"].chunks[BASE] = [(0, Point.of(NOW - 90, 1.0))]
    lists["b/1"].logged[BASE] = [(1, 0, Point.of(NOW - 30, 1.0))]
    assert reader_over(origins, "p").newest() == NOW - 30
    assert reader_over(origins[:1], "p").newest() == NOW - 90


def test_what_one_origin_kept_by_the_minute_is_shown_where_no_other_has_finer_points(writers, reader_over):
    begin = NOW - NOW % 600 - 3_600
    lists, origins = writers("a/1", "b/1")
    lists["a/1"].chunks[MINUTE] = [(0, Point.of(begin + at, 1.0)) for at in range(0, 1_800, 60)]
    lists["b/1"].chunks[BASE] = [(0, Point.of(begin + at, 1.0)) for at in range(1_800, 3_600, 10)]
    query = ask("p", after=begin, step_s=None)
    assert reader_over(origins, "p").steps(query) == {60}
    lists["b/1"].chunks[BASE].append((0, Point.of(begin, 1.0)))
    assert reader_over(origins, "p").steps(query) == {10}


# -- what is away --------------------------------------------------------------------------------------------------------


AWAY = "no host of keyspace metrics answers"


def away(*_):
    raise Unavailable(AWAY)


class Failing:
    """A store or log of which these methods fail."""

    def __init__(self, whole, **methods):
        self.whole = whole
        self.__dict__ |= methods

    def __getattr__(self, name):
        return getattr(self.whole, name)


def store_without(lists, **methods):
    """A store whose snapshots fail so."""
    return mock.Mock(snapshot=lambda: Failing(lists.snapshot(), **methods))


@pytest.fixture
def pair(new_lists, new_origin):
    """pair(store=..., logs=...): an origin that is well and has a point of 1 at AT, and a remote one with points of 2 in its
    chunks, 4 in its log and 8 in its open windows, of which store and logs may fail."""

    def make(store=None, logs=None, *, remote=True):
        well, ill = new_lists(), new_lists()
        well.chunks[BASE] = [(0, Point.of(AT, 1.0))]
        ill.chunks[BASE], ill.sealed_sequence[BASE] = [(0, Point.of(AT, 2.0))], 1
        ill.logged[BASE], ill.open[BASE] = [(2, 0, Point.of(AT, 4.0))], [(0, Point.of(AT, 8.0))]
        origin = new_origin(ill, "b/1", store(ill) if store else None, remote=remote)
        for level, log in origin.logs.items():
            origin.logs[level] = Failing(log, **(logs or {}))
        return [new_origin(well, "a/1"), origin]

    return make


NO_CHUNKS = {"store": lambda lists: store_without(lists, read=away)}
NO_SNAPSHOT = {"store": lambda lists: mock.Mock(snapshot=away)}
NO_LOG = {"logs": {"read": away}}
NOTHING_OF_THE_LOG = {"logs": {"read": away, "span": away, "replaces": away}}


@pytest.mark.parametrize("step_s", [10, 60])
@pytest.mark.parametrize(
    ("fault", "total"), [(NO_CHUNKS, 13.0), (NO_SNAPSHOT, 13.0), (NO_LOG, 11.0), (NOTHING_OF_THE_LOG, 11.0), ({}, 15.0)]
)
def test_what_is_away_is_missing_and_said_and_the_rest_is_there(pair, reader_over, fault, total, step_s):
    reader, query = reader_over(pair(**fault), "p.count"), ask("p.count", after=NOW - 120, step_s=step_s)
    for answer in (reader.fetch(query, never()), reader.points(query, never())):
        assert answer.missing.unreachable == (AWAY if fault else "")
    (found,) = reader.fetch(query, never()).found
    assert np.nansum(found.series.values) == total


@pytest.mark.parametrize("fault", [NO_CHUNKS, NO_SNAPSHOT, NO_LOG])
def test_where_answers_must_be_whole_it_is_an_error(pair, reader_over, fault):
    reader = reader_over(pair(**fault), "p", partial_answers=False)
    for read in (reader.fetch, reader.points):
        with pytest.raises(Unavailable, match=AWAY):
            read(ask("p"), never())


@pytest.mark.parametrize("fault", [NO_CHUNKS, NO_SNAPSHOT, NO_LOG])
def test_a_disk_of_this_machine_that_refuses_is_an_error_all_the_same(pair, reader_over, fault):
    reader = reader_over(pair(**fault, remote=False), "p")
    with pytest.raises(Unavailable, match=AWAY):
        reader.fetch(ask("p"), never())


@pytest.mark.parametrize("several", [True, False])
def test_what_can_be_reached_of_a_snapshot_is_kept(pair, reader_over, several):
    def read(level, sets, ids, into):
        into.count[0, 0] += 5
        away()

    origins = pair(store=lambda lists: store_without(lists, read=read))[0 if several else 1 :]
    answer = reader_over(origins, "p").points(ask("p", after=AT - 10, until=AT), never())
    assert answer.points[0].count.sum() == 5 + 2 + several
    assert answer.missing.unreachable == AWAY


def test_an_unreachable_origin_has_no_newest_point(pair, reader_over):
    origins = pair(**NO_SNAPSHOT, logs={"span": away})
    assert reader_over(origins, "p").newest() == AT
    with pytest.raises(Unavailable, match=AWAY):
        reader_over(origins, "p", partial_answers=False).newest()


def test_reading_begins_again_when_something_of_a_remote_origin_moved_and_nothing_is_missing_then(pair, reader_over):
    reads = []

    def read_from(lists):
        def read(*read_what):
            reads.append(1)
            if len(reads) == 1:
                raise Outdated("it is not there any more")
            lists.snapshot().read(*read_what)

        return store_without(lists, read=read)

    answer = reader_over(pair(store=read_from), "p").points(ask("p"), never())
    assert answer.points[0].count.sum() == 4
    assert answer.missing.unreachable == ""


def test_a_remote_origin_that_never_rests_is_unreachable(pair, reader_over):
    def moves(*_):
        raise Outdated("it is not there any more")

    answer = reader_over(pair(store=lambda lists: store_without(lists, read=moves)), "p").points(ask("p"), never())
    assert answer.points[0].count.tolist() == [1]
    assert "the store of b/1 changed 10 times while default/10 was read" in answer.missing.unreachable


def test_damage_at_one_origin_is_said_and_the_others_are_read(pair, reader_over):
    def damaged(*_):
        raise Damaged("chunk_10", 7, "test")

    answer = reader_over(pair(store=lambda lists: store_without(lists, read=damaged)), "p").points(ask("p"), never())
    assert answer.points[0].sum.tolist() == [13.0]
    assert answer.missing.damaged == "chunk_10 is damaged at byte 7: test"
    assert answer.missing.unreachable == ""


def test_all_is_an_error_while_no_origin_can_be_known(reader_of, lists):
    reader = reader_of(lists, "p")
    with mock.patch.object(reader, "_origins", away), pytest.raises(Unavailable, match=AWAY):
        reader.fetch(ask("p"), never())

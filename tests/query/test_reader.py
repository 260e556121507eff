import dataclasses
from unittest import mock

import numpy as np
import pytest
from cadent.query import reader as reader_module
from cadent.query.fetch import FetchQuery
from cadent.query.limits import Deadline, Limits
from cadent.query.window import Bounds
from cadent.schema.errors import Damaged, LimitExceeded, Outdated, QueryError, Unavailable, WriterGone
from cadent.schema.identity import Level
from cadent.schema.point import Point
from cadent.schema.statistic import Statistic
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = 1_700_000_000
DAY = 86_400
STEPS = (10, 60, 600)
BASE, MINUTE, TEN_MINUTES = (Level("default", step_s) for step_s in STEPS)


def ask(*targets, after=NOW - 60, until=NOW - 1, **wishes):
    return FetchQuery(targets, after, until, NOW, **wishes)


def never():
    return Deadline(1, lambda: 0.0)


def fetch(reader, *targets, **wishes):
    return {found.series.path: found.series for found in reader.fetch(ask(*targets, **wishes), never()).found}


def listed(values):
    return [None if np.isnan(value) else value for value in values.tolist()]


def fold(windows, time, point):
    windows[time] = windows[time].add(point) if time in windows else point


def expected(lists, number, bounds):
    """What the reader must find for one path, point by point: each level folded, rolled up in order of time, then added
    to the coarser ones."""
    answer = {}
    for level in (level for level in (TEN_MINUTES, MINUTE, BASE) if bounds.step_s % level.step_s == 0):
        windows = {}
        logged = [
            (n, point) for sequence, n, point in lists.logged.get(level, []) if sequence > lists.sealed_sequence.get(level, 0)
        ]
        for n, point in lists.chunks.get(level, []) + logged + lists.open.get(level, []):
            if n == number:
                fold(windows, point.time, point)
        rolled = {}
        for time in sorted(windows):
            fold(rolled, time - time % bounds.step_s, windows[time])
        for time, point in rolled.items():
            fold(answer, time, point)
    return [
        Point(time, point.count, point.sum, point.min, point.max, point.last)
        for time, point in sorted(answer.items())
        if bounds.start <= time < bounds.stop
    ]


def test_chunks_log_and_open_windows_add_up(lists, reader_of):
    at = NOW - 20
    lists.chunks[BASE] = [(0, Point.of(at, 1.0))]
    lists.logged[BASE] = [(1, 0, Point.of(at, 2.0)), (2, 0, Point.of(at + 10, 7.0))]
    lists.open[BASE] = [(0, Point.of(at, 4.0))]
    (point,) = reader_of(lists, "a").grid(BASE, np.array([0], np.uint32), at, at + 10).points(0)
    assert point == Point(at, 3, 7.0, 1.0, 4.0, 4.0)


def test_what_is_sealed_is_not_taken_from_the_log_again(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - 20, 1.0))]
    lists.sealed_sequence[BASE] = 5
    lists.logged[BASE] = [(5, 0, Point.of(NOW - 20, 1.0)), (6, 0, Point.of(NOW - 20, 1.0))]
    assert np.nansum(fetch(reader_of(lists, "a.count"), "a.count")["a.count"].values) == 2.0


def test_log_records_past_the_writers_word_are_in_its_answer_already(lists, reader_of):
    lists.acknowledged = 6
    lists.logged[BASE] = [(6, 0, Point.of(NOW - 20, 1.0)), (7, 0, Point.of(NOW - 20, 1.0))]
    lists.open[BASE] = [(0, Point.of(NOW - 20, 1.0))]
    assert np.nansum(fetch(reader_of(lists, "a.count"), "a.count")["a.count"].values) == 2.0


samples = st.tuples(
    st.integers(0, 2),
    st.sampled_from(("chunks", "logged", "open")),
    st.sampled_from((BASE, BASE, MINUTE, TEN_MINUTES)),
    st.one_of(st.integers(0, 150), st.integers(0, 20_000)),
    st.integers(-50, 50).map(float),
)


def put(lists, samples):
    for sequence, (number, place, level, age, value) in enumerate(samples, 11):
        point = Point.of((NOW - age * 10) // level.step_s * level.step_s, value)
        entry = (sequence, number, point) if place == "logged" else (number, point)
        getattr(lists, place).setdefault(level, []).append(entry)
    lists.sealed_sequence[BASE] = 10


@given(
    st.lists(samples, max_size=40),
    st.integers(1, 3_000),
    st.integers(0, 600),
    st.sampled_from([10, 30, 60, 120, 600, 3_600]),
    st.sampled_from([1, 7, 50, 1 << 20]),
)
@settings(max_examples=150, deadline=None)
def test_points_are_those_of_a_plain_fold_whatever_lies_where(new_lists, reader_of, samples, slots, age, step_s, cells):
    lists = new_lists()
    put(lists, samples)
    query = ask("p*", after=NOW - age - slots * 10, until=NOW - age, step_s=step_s)
    bounds = Bounds.of(query.after, query.until, step_s)
    with mock.patch.object(reader_module, "_TILE_CELLS", cells):
        answer = reader_of(lists, "p0", "p1", "p2").points(query, never())
    assert [points.path for points in answer.points] == ["p0", "p1", "p2"]
    for number, points in enumerate(answer.points):
        assert points.bounds == bounds
        rows = zip(*(getattr(points, name).tolist() for name in ("time", "count", "sum", "min", "max", "last")), strict=True)
        assert [Point(*row) for row in rows] == expected(lists, number, bounds)


@given(st.lists(samples, max_size=40), st.integers(1, 600), st.sampled_from([10, 60]), st.sampled_from([1, 7, 1 << 20]))
@settings(max_examples=100, deadline=None)
def test_series_show_the_statistic_of_each_path(new_lists, reader_of, samples, slots, step_s, cells):
    lists = new_lists()
    put(lists, samples)
    paths = ("p.count", "p.max", "p.temperature")
    with mock.patch.object(reader_module, "_TILE_CELLS", cells):
        series = fetch(reader_of(lists, *paths), "p*", after=NOW - slots * 10, until=NOW, step_s=step_s)
    for number, (path, statistic) in enumerate(zip(paths, ("sum", "max", "mean"), strict=True)):
        bounds = Bounds(series[path].start, series[path].stop, series[path].step_s)
        assert bounds == Bounds.of(NOW - slots * 10, NOW, step_s)
        want = dict.fromkeys(range(bounds.start, bounds.stop, step_s))
        want |= {point.time: getattr(point, statistic) for point in expected(lists, number, bounds)}
        assert listed(series[path].values) == list(want.values())


@pytest.mark.parametrize("statistic", Statistic)
def test_a_query_may_say_which_statistic_it_wants(lists, reader_of, statistic):
    point = Point(NOW - 20, 4, 10.0, 1.0, 5.0, 3.0)
    lists.chunks[BASE] = [(0, point)]
    series = fetch(reader_of(lists, "a.max"), "a.max", after=NOW - 30, until=NOW - 11, statistic=statistic)["a.max"]
    assert listed(series.values) == [getattr(point, statistic.value)]


def test_coarse_steps_are_rolled_up_and_added_to_what_was_logged_coarse(lists, reader_of):
    minute = NOW - NOW % 60
    lists.chunks[BASE] = [(0, Point.of(minute, 1.0)), (0, Point.of(minute + 50, 2.0))]
    lists.logged[MINUTE] = [(1, 0, Point.of(minute, 4.0))]
    series = fetch(reader_of(lists, "a.count"), "a.count", after=minute - 1, until=minute + 59, step_s=60)["a.count"]
    assert listed(series.values) == [7.0]


def test_the_finest_step_kept_since_the_start_is_read(lists, reader_of):
    reader = reader_of(lists, "a", "slow.a")
    steps = {age: fetch(reader, "*", after=NOW - age)["a"].step_s for age in (60, 7 * DAY, 8 * DAY, 31 * DAY)}
    assert steps == {60: 10, 7 * DAY: 10, 8 * DAY: 60, 31 * DAY: 600}
    assert fetch(reader, "*", after=NOW - 600)["slow.a"].step_s == 60


def test_series_of_several_policies_keep_their_own_grids(lists, reader_of):
    series = fetch(reader_of(lists, "a", "slow.a"), "*", after=NOW - 600)
    assert {path: one.step_s for path, one in series.items()} == {"a": 10, "slow.a": 60}
    assert all(one.start % one.step_s == 0 and len(one.values) for one in series.values())


def test_aligned_series_lie_on_one_grid_by_the_statistic_of_each(lists, reader_of):
    minute = NOW - NOW % 60
    lists.chunks[BASE] = [(0, Point.of(minute - 60, 5.0)), (0, Point.of(minute - 50, 7.0))]
    lists.chunks[Level("slow", 60)] = [(1, Point.of(minute - 60, 3.0))]
    answer = reader_of(lists, "a.max", "slow.a").fetch(ask("*", after=minute - 61, until=minute - 1, align=True), never())
    assert {(one.series.start, one.series.stop, one.series.step_s) for one in answer.found} == {(minute - 60, minute, 60)}
    assert [listed(one.series.values) for one in answer.found] == [[7.0], [3.0]]
    assert answer.bounds == Bounds(minute - 60, minute, 60)


@pytest.mark.parametrize(("path", "want"), [("a.count", 6.0), ("a.max", 5.0), ("a.min", 0.0), ("a.mean", 2.0), ("a.last", 1.0)])
def test_fewer_points_are_exact_merges(lists, reader_of, path, want):
    first = NOW - NOW % 30 - 60
    lists.chunks[BASE] = [(0, Point(first, 2, 5.0, 0.0, 5.0, 5.0)), (0, Point.of(first + 10, 1.0))]
    series = fetch(reader_of(lists, path), path, after=first - 1, until=first + 29, max_points=1)[path]
    assert (series.start, series.step_s, listed(series.values)) == (first, 30, [want])


def test_inner_gaps_are_filled_as_far_as_asked(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - 40, 1.0)), (0, Point.of(NOW - 20, 3.0))]
    reader = reader_of(lists, "a", interpolate_slots=1)
    assert listed(fetch(reader, "a", interpolate=0)["a"].values) == [None, 1.0, None, 3.0, None]
    assert listed(fetch(reader, "a")["a"].values) == [None, 1.0, 2.0, 3.0, None]


def test_a_path_is_found_once_for_each_target_that_matches_it(lists, reader_of):
    found = reader_of(lists, "a.x", "a.y", "b").fetch(ask("a.*", "none.*", "a.y"), never()).found
    assert [(one.target, one.series.path) for one in found] == [("a.*", "a.x"), ("a.*", "a.y"), ("a.y", "a.y")]


def test_nothing_found_is_an_answer_with_the_bounds_of_the_policy_for_all(lists, reader_of):
    answer = reader_of(lists, "a").fetch(ask("none", after=NOW - 8 * DAY), never())
    assert answer.found == ()
    assert answer.bounds == Bounds.of(NOW - 8 * DAY, NOW - 1, 60)


def test_without_a_writer_the_answer_comes_from_disk_and_says_so(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - 20, 1.0))]
    lists.logged[BASE] = [(1, 0, Point.of(NOW - 10, 2.0))]
    reader = reader_of(lists, "a")
    assert not reader.fetch(ask("a"), never()).missing.writer_gone
    with mock.patch.object(type(lists), "head", side_effect=WriterGone("no writer answers")):
        answer = reader.fetch(ask("a"), never())
        assert reader.points(ask("a"), never()).missing.writer_gone
    assert answer.missing.writer_gone
    assert listed(answer.found[0].series.values)[-2:] == [1.0, 2.0]


class SealsWhileRead:
    """A store that seals the log into chunks after the first look at it, ``times`` times."""

    def __init__(self, lists, times):
        self.lists = lists
        self.times = times
        self.looks = 0

    def snapshot(self):
        self.looks += 1
        if self.looks % 2 == 0 and self.times:
            self.times -= 1
            self.seal()
        return self.lists.snapshot()

    def seal(self):
        self.lists.generation += 1
        records = self.lists.logged.pop(BASE, [])
        self.lists.chunks.setdefault(BASE, []).extend((number, point) for _, number, point in records)
        sealed = self.lists.sealed_sequence.get(BASE, 0)
        self.lists.sealed_sequence[BASE] = max((sequence for sequence, _, _ in records), default=sealed + 1)


def test_reading_begins_again_when_a_segment_was_sealed_meanwhile(lists, reader_of):
    lists.logged[BASE] = [(1, 0, Point.of(NOW - 20, 1.0))]
    store = SealsWhileRead(lists, times=1)
    reader = reader_of(lists, "a", store=store)
    grid = reader.grid(BASE, np.array([0], np.uint32), NOW - 60, NOW)
    assert grid.count.sum() == 1
    assert store.looks == 4


def test_a_store_that_never_rests_is_unavailable(lists, reader_of):
    reader = reader_of(lists, "a", store=SealsWhileRead(lists, times=1_000))
    with pytest.raises(Unavailable, match="default/10"):
        reader.grid(BASE, np.array([0], np.uint32), NOW - 60, NOW)


def test_levels_without_points_in_the_range_are_not_read(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - DAY, 1.0))]
    lists.chunks[MINUTE] = [(0, Point.of(NOW - NOW % 60 - 60, 1.0))]
    reader = reader_of(lists, "a")
    read = []
    pinned = lists.snapshot()
    with mock.patch.object(type(pinned), "read", lambda self, level, sets, ids, into: read.append(level)):
        fetch(reader, "a", after=NOW - 600, step_s=60)
    assert read == [MINUTE]


@pytest.mark.parametrize(("cells", "paths_at_once"), [(1 << 20, [3]), (2 * 8_700, [2, 1]), (8_700, [1, 1, 1]), (4_350, [1] * 6)])
def test_a_query_is_cut_into_tiles_of_bounded_size(lists, reader_of, cells, paths_at_once):
    lists.chunks[BASE] = [(0, Point.of(NOW - DAY, 1.0)), (0, Point.of(NOW - 10, 1.0))]
    with mock.patch.object(reader_module, "_TILE_CELLS", cells):
        fetch(reader_of(lists, "a", "b", "c"), "*", after=NOW - DAY - 600, step_s=600)
    assert lists.asked == paths_at_once


def test_long_slots_of_few_points_are_read_few_paths_at_a_time(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - 10, 1.0))]
    with mock.patch.object(reader_module, "_TILE_CELLS", 2 * 8_640):
        fetch(reader_of(lists, "a", "b", "c"), "*", after=NOW - 10 * DAY, step_s=DAY)
    assert lists.asked == [2, 1]


@given(st.lists(samples, max_size=40), st.integers(1, 600), st.sampled_from([10, 60]), st.sampled_from([1, 7, 100]))
@settings(max_examples=50, deadline=None)
def test_many_threads_answer_what_one_does(new_lists, reader_of, samples, slots, step_s, cells):
    lists, paths = new_lists(), ("p.count", "p.max", "p.temperature")
    put(lists, samples)
    with mock.patch.object(reader_module, "_TILE_CELLS", cells):
        alone, together = (
            fetch(reader_of(lists, *paths, threads=threads), "p*", after=NOW - slots * 10, until=NOW, step_s=step_s)
            for threads in (1, 3)
        )
    assert {path: listed(series.values) for path, series in together.items()} == {
        path: listed(series.values) for path, series in alone.items()
    }


def test_an_error_in_one_thread_is_that_of_the_query(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - 10, 1.0))]
    ended = Deadline(1, iter([0.0, *[2.0] * 100]).__next__)
    with mock.patch.object(reader_module, "_TILE_CELLS", 1), pytest.raises(LimitExceeded, match="took longer"):
        reader_of(lists, "a", "b", threads=2).fetch(ask("*"), ended)


def test_too_many_series_name_the_limit(lists, reader_of):
    reader = reader_of(lists, "a", "b", "c", limits=Limits(max_series=2))
    with pytest.raises(LimitExceeded, match=r"more than 2 series.*\[query\] max_series"):
        reader.fetch(ask("*"), never())
    with pytest.raises(LimitExceeded, match=r"\[query\] max_series"):
        reader.fetch(ask("a", "a", "a"), never())


def test_too_many_points_name_the_limit_and_the_range(lists, reader_of):
    reader = reader_of(lists, "a", "b", limits=Limits(max_points=12))
    assert len(reader.fetch(ask("*"), never()).found) == 2
    with pytest.raises(LimitExceeded, match=rf"from {NOW - 80} to {NOW - 1} .* 14 points.*12.*\[query\] max_points"):
        reader.fetch(ask("*", after=NOW - 80), never())


def test_a_huge_range_is_refused_before_anything_is_read(lists, reader_of):
    with pytest.raises(LimitExceeded, match="max_points"):
        reader_of(lists, "a").fetch(ask("a", after=0, until=10**30), never())
    assert lists.asked == []


def test_a_query_that_takes_too_long_names_the_limit(lists, reader_of):
    ticks = iter([0.0, 31.0])
    with pytest.raises(LimitExceeded, match=r"30 s.*\[query\] timeout_s"):
        reader_of(lists, "a").fetch(ask("a"), Limits().deadline(lambda: next(ticks)))


@pytest.mark.parametrize(("wishes", "text"), [({"step_s": 15}, "10s:7d"), ({"after": NOW, "until": NOW - 1}, str(NOW))])
def test_a_query_that_makes_no_sense_is_refused(lists, reader_of, wishes, text):
    with pytest.raises(QueryError, match=text):
        reader_of(lists, "a").fetch(ask("a", **wishes), never())


def test_the_newest_point_is_the_last_on_disk(lists, reader_of):
    reader = reader_of(lists, "a")
    assert reader.newest() is None
    lists.chunks[TEN_MINUTES] = [(0, Point.of(NOW - NOW % 600 - 600, 1.0))]
    lists.logged[BASE] = [(1, 0, Point.of(NOW - 30, 1.0))]
    assert reader.newest() == NOW - 30


def test_another_limit_of_the_index_keeps_its_own_sentence(lists, reader_of, monkeypatch):
    def refuse(*_):
        raise LimitExceeded("the braces nest deeper than 32")

    reader = reader_of(lists, "a")
    monkeypatch.setattr(reader._index, "leaves", refuse)
    with pytest.raises(LimitExceeded, match="nest deeper than 32"):
        fetch(reader, "a")


def test_reading_begins_again_when_a_block_was_replaced_meanwhile(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - 20, 1.0))]
    reader, reads = reader_of(lists, "a"), []
    pinned = type(lists.snapshot())
    whole = pinned.read

    def read(self, level, sets, ids, into):
        reads.append(level)
        if len(reads) == 1:
            raise Outdated("it is not there any more")
        whole(self, level, sets, ids, into)

    with mock.patch.object(pinned, "read", read):
        grid = reader.grid(BASE, np.array([0], np.uint32), NOW - 60, NOW)
    assert (grid.count.sum(), len(reads)) == (1, 2)


def test_upkeep_does_not_make_a_reader_begin_again(lists, reader_of):
    lists.chunks[BASE] = [(0, Point.of(NOW - 20, 1.0))]
    generations = [dataclasses.replace(lists.snapshot(), generation=number) for number in (1, 2)]
    reader = reader_of(lists, "a", store=mock.Mock(snapshot=mock.Mock(side_effect=generations)))
    assert reader.grid(BASE, np.array([0], np.uint32), NOW - 60, NOW).count.sum() == 1


def test_a_ladder_that_became_finer_does_not_hide_what_was_kept_by_the_minute(lists, reader_of):
    begin = NOW - NOW % 600 - 3_600
    lists.chunks[MINUTE] = [(0, Point.of(begin + at, 1.0)) for at in range(0, 1_800, 60)]
    lists.chunks[BASE] = [(0, Point.of(begin + at, 1.0)) for at in range(1_800, 3_600, 10)]
    reader = reader_of(lists, "a.count")
    assert fetch(reader, "a.count", after=begin)["a.count"].step_s == 60
    assert np.nansum(fetch(reader, "a.count", after=begin - 1)["a.count"].values) == 30 + 180
    assert fetch(reader, "a.count", after=begin + 1_800)["a.count"].step_s == 10


def test_coarse_points_from_long_ago_do_not_make_recent_ones_coarse(lists, reader_of):
    lists.chunks[MINUTE] = [(0, Point.of(NOW - NOW % 60 - 9 * DAY, 1.0))]
    lists.chunks[BASE] = [(0, Point.of(NOW - 3_600, 1.0))]
    assert fetch(reader_of(lists, "a"), "a", after=NOW - 2 * DAY)["a"].step_s == 10


def test_a_window_that_was_rolled_up_does_not_make_an_answer_coarse(lists, reader_of):
    first = NOW - NOW % 600 - 3_600 + 590
    lists.chunks[BASE] = [(0, Point.of(first, 1.0))]
    lists.chunks[TEN_MINUTES] = [(0, Point.of(first // 600 * 600, 1.0))]
    assert fetch(reader_of(lists, "a"), "a", after=NOW - DAY)["a"].step_s == 10


def test_what_is_damaged_is_missing_and_said_and_the_rest_is_there(lists, reader_of, caplog):
    lists.chunks[BASE] = [(0, Point.of(NOW - 20, 1.0))]
    lists.logged[BASE] = [(1, 0, Point.of(NOW - 40, 2.0))]
    reader, pinned = reader_of(lists, "a.count"), type(lists.snapshot())
    with mock.patch.object(pinned, "read", side_effect=Damaged("x.block", 7, "test")):
        answers = [reader.fetch(ask("a.count"), never()) for _ in range(2)]
    assert [np.nansum(answer.found[0].series.values) for answer in answers] == [2.0, 2.0]
    assert answers[0].missing.damaged == "x.block is damaged at byte 7: test"
    assert caplog.text.count("x.block is damaged") == 1
    assert reader.fetch(ask("a.count"), never()).missing.damaged == ""

"""Lines in, closed windows out: what is open and what is closed is all that was folded, at any time."""

import functools
import threading

import numpy as np
import pytest
from cadent.accumulate.accumulator import Accumulator
from cadent.accumulate.limits import Limits
from cadent.schema.errors import ConfigError
from cadent.schema.identity import Level
from cadent.schema.point import Point
from cadent.schema.policy import Policies, Policy
from cadent.schema.protocols import NewNames
from cadent.schema.resolution import DAY_S, Ladder
from cadent.schema.rows import MULTI
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_fold import NOW, Gathered, PlainFold, PlainStream, bits, feed_all

BASE, MINUTE = Level("default", 10), Level("default", 60)
SEVERAL = Policies((Policy("fast", Ladder.parse("1s:1h,10s:1d"), r"^fast"), Policy("default", Ladder.parse("10s:1d,1m:7d"))))
YEAR_S = 365 * DAY_S


def send(accumulator, *lines):
    stream = accumulator.open()
    feed_all(stream, b"".join(line + b"\n" for line in lines))
    stream.close()


def closed(windows):
    return [(window.level, window.time) for window in windows]


# -- windows -------------------------------------------------------------------------------------------------------------


def test_a_live_window_closes_one_step_after_its_end(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a 1 %d" % (NOW + 9))
    assert accumulator.tick(NOW + 19.9) == []
    assert closed(accumulator.tick(NOW + 20)) == [(BASE, NOW)]
    assert accumulator.tick(NOW + 20) == []


def test_a_past_window_closes_after_a_second_without_samples(accumulator):
    accumulator = accumulator()
    line = b"a 1 %d" % (NOW - 7_200)
    send(accumulator, line)
    assert accumulator.tick(NOW + 0.5) == []
    send(accumulator, line)
    assert accumulator.tick(NOW + 1.4) == []
    assert closed(accumulator.tick(NOW + 1.5)) == [(BASE, NOW - 7_200)]


def test_live_lines_are_taken_before_the_clock_is_set_and_after(accumulator):
    accumulator = accumulator(now=30)
    send(accumulator, b"a 1 %d" % NOW)
    accumulator.tick(31)
    send(accumulator, b"a 2 %d" % (NOW + 1), b"a 3 %d" % (NOW + 10 * YEAR_S))
    accumulator.tick(NOW + 2)
    send(accumulator, b"a 4 %d" % (NOW + 2))
    assert accumulator.counters().folded == 3
    assert accumulator.counters().refused == {"too_new": 1}


def test_a_clock_that_jumps_back_delays_no_past_window_for_long(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a 1 %d" % (NOW - 7_200))
    assert accumulator.tick(NOW - 3_000) == []
    assert accumulator.tick(NOW - 2_999.5) == []
    assert closed(accumulator.tick(NOW - 2_999)) == [(BASE, NOW - 7_200)]


def test_with_a_slow_clock_live_windows_end_by_the_senders_time(accumulator):
    accumulator = accumulator(now=NOW - YEAR_S, newest=NOW)
    send(accumulator, b"a 1 %d" % NOW)
    assert accumulator.tick(NOW - YEAR_S + 1) == []
    for _ in range(3):
        send(accumulator, b"a 1 %d" % (NOW + 20))
    assert closed(accumulator.tick(NOW - YEAR_S + 2)) == [(BASE, NOW)]
    assert accumulator.counters().refused == {}


def test_with_a_clock_far_ahead_live_samples_are_taken_at_the_base_step(accumulator):
    accumulator = accumulator(now=NOW + 20 * YEAR_S, newest=NOW)
    for second in range(3):
        send(accumulator, b"a 1 %d" % (NOW + 10 * second))
        accumulator.tick(NOW + 20 * YEAR_S + 0.1 * second)
    assert accumulator.counters().refused == {}
    assert closed(accumulator.drain()) == [(BASE, NOW + 10 * second) for second in range(3)]


def test_a_sample_older_than_the_base_ttl_goes_to_the_next_step(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a 1 %d" % NOW, b"a 2 %d" % (NOW - DAY_S - 1), b"a 3 %d" % (NOW - 7 * DAY_S - 1))
    old = (NOW - DAY_S - 1) // 60 * 60
    assert closed(accumulator.drain()) == [(BASE, NOW), (MINUTE, old)]
    assert accumulator.counters().refused == {"too_old": 1}


def test_the_bounds_move_with_the_clock(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a 1 %d" % (NOW + 601))
    assert accumulator.counters().refused == {"too_new": 1}
    accumulator.tick(NOW + 1)
    send(accumulator, b"a 1 %d" % (NOW + 601), b"a 1 %d" % (NOW - DAY_S))
    assert closed(accumulator.drain()) == [(BASE, (NOW + 601) // 10 * 10), (MINUTE, (NOW - DAY_S) // 60 * 60)]


def test_drain_takes_every_window(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a 1 %d" % NOW, b"a 1 %d" % (NOW - 50), b"a 1 %d" % (NOW - 2 * DAY_S))
    assert len(accumulator.drain()) == 3
    assert accumulator.drain() == []
    assert (accumulator.counters().open_windows, accumulator.counters().open_bytes) == (0, 0)


def test_a_late_sample_opens_its_window_again(accumulator):
    accumulator = accumulator()
    gathered = Gathered(accumulator)
    send(accumulator, b"a 1 %d" % NOW)
    assert len(gathered.tick(NOW + 20)) == 1
    send(accumulator, b"a 5 %d" % NOW)
    assert gathered.open_points() == {(BASE, "a", NOW): Point.of(NOW, 5.0)}
    assert closed(gathered.tick(NOW + 21)) == [(BASE, NOW)]
    assert gathered.points() == {(BASE, "a", NOW): Point(NOW, 2, 6.0, 1.0, 5.0, 5.0)}


def test_open_windows_answer_by_position_of_the_ids_asked_for(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a 1 %d" % NOW, b"b 2 %d" % NOW, b"b 3 %d" % NOW, b"b 4 %d" % (NOW - 2 * DAY_S))
    points = accumulator.open_points("default", np.array([7, 1], np.uint32))
    assert [tuple(point) for point in points.tolist()] == [
        (1, 10, NOW, 2, 5.0, 2.0, 3.0, 3.0),
        (1, 60, (NOW - 2 * DAY_S) // 60 * 60, 1, 4.0, 4.0, 4.0, 4.0),
    ]
    with pytest.raises(ConfigError, match="nightly"):
        accumulator.open_points("nightly", np.array([0], np.uint32))


def test_a_closed_window_is_read_in_any_thread_while_lines_come_in(accumulator):
    accumulator = accumulator()
    send(accumulator, *(b"p%d %d %d" % (path, path, NOW) for path in range(1_000)))
    [window] = accumulator.tick(NOW + 20)
    answers = []

    def read():
        for _ in range(50):
            rows = window.rows()
            answers.append((rows.ids.tolist(), rows.cells.view(np.float64).tolist()))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        send(accumulator, *(b"p%d -1 %d" % (path, NOW) for path in range(1_000)))
    for thread in threads:
        thread.join()
    numbers = list(range(1_000))
    assert len(answers) == 150
    assert all(answer == (numbers, numbers) for answer in answers)


def test_a_cell_is_the_sample_itself_or_an_entry_of_the_five_arrays(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a -0.0 %d" % NOW, b"b 1 %d" % NOW, b"b -2 %d" % NOW, b"c 3 %d" % NOW, b"c 4 %d" % NOW, b"c 3 %d" % NOW)
    [window] = accumulator.drain()
    rows = window.rows()
    assert (window.present, rows.level, rows.time) == (3, BASE, NOW)
    assert window.size_bytes >= 3 * 8
    assert rows.ids.tolist() == [0, 1, 2]
    assert rows.cells.tolist() == [1 << 63, MULTI, MULTI | 1]
    assert [column.tolist() for column in (rows.count, rows.sum, rows.min, rows.max, rows.last)] == [
        [2, 3],
        [-1, 10],
        [-2, 3],
        [1, 4],
        [-2, 3],
    ]
    assert window.points(np.array([9, 2], np.uint32)).tolist() == [(1, 10, NOW, 3, 10.0, 3.0, 4.0, 3.0)]


@given(st.lists(st.sampled_from([0.0, -0.0, 1.5, -1.5, 1e308, 5e-324]), min_size=1, max_size=8))
def test_samples_of_one_cell_add_up_as_points_do(values):
    accumulator = Accumulator(SEVERAL, Limits(), 0, NOW)
    gathered = Gathered(accumulator)
    send(accumulator, *(b"a %r %d" % (value, NOW) for value in values))
    gathered.drain()
    want = functools.reduce(Point.add, (Point.of(NOW, value) for value in values))
    assert gathered.bits() == {(BASE, "a", NOW): bits(want)}


# -- the bound on open windows -------------------------------------------------------------------------------------------


def test_at_the_bound_the_windows_longest_without_a_sample_close_first(accumulator):
    accumulator = accumulator(open_windows_bytes=1 << 20, quiet_s=1_000)
    times = [NOW - 10 * number for number in range(400)]
    for at, time in enumerate(times):
        send(accumulator, b"a 1 %d" % time)
        if at % 100 == 99:
            assert accumulator.tick(NOW + at / 1_000) == []
    send(accumulator, *(b"a 1 %d" % time for time in times[:100]))  # the oldest by opening are the freshest now
    assert accumulator.tick(NOW + 0.5) == []
    told = []
    accumulator.on_full = lambda: told.append(accumulator.counters().open_bytes)
    stream, more = accumulator.open(), b"".join(b"a 1 %d\n" % (NOW - 10 * number) for number in range(400, 700))
    at = stream.feed(more)
    assert at < len(more)
    assert told == [accumulator.counters().open_bytes]
    first_closed = closed(accumulator.tick(NOW + 0.6))
    assert [time for _, time in first_closed] == times[100 : 100 + len(first_closed)]
    assert accumulator.counters().open_bytes <= (1 << 20) * 3 // 4
    assert stream.feed(more[at:]) > 0


def test_a_backfill_of_many_windows_loses_nothing_at_the_bound(accumulator):
    accumulator = accumulator("10s:7d", open_windows_bytes=1 << 20)
    gathered, fold = Gathered(accumulator), PlainFold(Policies.single(Ladder.parse("10s:7d")))
    lines = [b"p%d %d %d" % (at % 7, at, NOW - at * 37 % (6 * DAY_S)) for at in range(20_000)]
    for line in lines:
        fold.take(line)
    stream, rest, turns = accumulator.open(), b"\n".join(lines), 0
    while rest:
        rest = rest[stream.feed(rest) :]
        turns += 1
        gathered.tick(NOW + turns / 1_000)
        assert accumulator.counters().open_bytes <= 1 << 20
    stream.close()
    assert turns > 10
    assert gathered.bits() == fold.bits()


# -- paths ---------------------------------------------------------------------------------------------------------------


def test_new_names_come_once_by_policy_with_the_day_of_the_last_tick(accumulator):
    accumulator = accumulator(policies=SEVERAL, next_id=5)
    send(accumulator, b"a 1 %d" % NOW, b"fast.b 1 %d" % NOW, b"c;k=1 1 %d" % NOW, b"a 1 %d" % NOW)
    [fast, default] = accumulator.new_names()
    assert (fast.policy, fast.day, fast.ids.tolist(), list(fast.lengths), fast.paths) == (
        "fast",
        NOW // DAY_S,
        [6],
        [6],
        b"fast.b",
    )
    assert (default.policy, default.ids.tolist(), list(default.lengths), default.paths) == ("default", [5, 7], [1, 5], b"ac;k=1")
    assert accumulator.new_names() == []
    accumulator.tick(NOW + DAY_S)
    send(accumulator, b"d 1 %d" % NOW)
    [later] = accumulator.new_names()
    assert (later.day, later.ids.tolist()) == (NOW // DAY_S + 1, [8])


def test_an_id_is_not_given_again_when_its_windows_are_gone(accumulator):
    accumulator = accumulator(next_id=3)
    send(accumulator, b"a 1 %d" % NOW)
    accumulator.drain()
    accumulator.new_names()
    send(accumulator, b"b 1 %d" % NOW, b"a 1 %d" % NOW)
    assert [names.ids.tolist() for names in accumulator.new_names()] == [[4]]
    [window] = accumulator.drain()
    assert window.rows().ids.tolist() == [3, 4]


def test_names_from_before_keep_id_and_policy(accumulator):
    accumulator = accumulator(policies=SEVERAL, next_id=10)
    accumulator.load(NewNames("fast", 0, np.array([2, 9], np.uint32), [1, 2], b"abc"))
    send(accumulator, b"a 1 %d" % NOW, b"bc 1 %d" % NOW, b"new 1 %d" % NOW)
    windows = {window.level: window.rows().ids.tolist() for window in accumulator.drain()}
    assert windows == {Level("fast", 1): [2, 9], BASE: [10]}
    with pytest.raises(ConfigError, match="gone"):
        accumulator.load(NewNames("gone", 0, np.array([3], np.uint32), [1], b"d"))


def test_a_refused_line_makes_no_path(accumulator):
    accumulator = accumulator(policies=SEVERAL)
    send(accumulator, b"a nan %d" % NOW, b"b 1 0", b"c;k 1 %d" % NOW, b"fast.d 1 %d" % (NOW + 9_999))
    assert accumulator.counters().paths == 0
    assert accumulator.new_names() == []


def test_every_spelling_is_one_path_and_the_known_ones_are_fast(accumulator):
    accumulator = accumulator(aliases=2)
    spellings = [b"m;a=1;b=2", b"m;b=2;a=1", b"..m;a=1;b=2", b"m;b=3;b=2;a=1", b"~m;b=2;a=1"]
    for _ in range(3):
        send(accumulator, *(spelling + b" 1 %d" % NOW for spelling in spellings))
    counters = accumulator.counters()
    assert (counters.paths, counters.aliases, counters.folded, counters.refused) == (1, 2, 15, {})
    gathered = Gathered(accumulator)
    gathered.drain()
    assert gathered.points() == {(BASE, "m;a=1;b=2", NOW): Point(NOW, 15, 15.0, 1.0, 1.0, 1.0)}


def test_past_the_limit_of_paths_known_ones_are_taken_and_new_ones_refused(accumulator):
    for policies in (None, SEVERAL):
        limited = accumulator(policies=policies, paths=2)
        send(limited, *(b"%s 1 %d" % (path, NOW) for path in (b"a", b"b", b"c", b"c;k=v", b".a", b"a")))
        assert limited.counters().refused == {"path_limit": 2}
        assert (limited.counters().paths, limited.counters().folded) == (2, 4)


def test_refused_lines_can_be_seen_by_reason(accumulator):
    accumulator = accumulator()
    send(accumulator, b"a\x00 1 %d" % NOW, *(b"a x%d %d" % (number, NOW) for number in range(30)))
    shown = accumulator.refused_lines()
    assert shown["path_control"] == [rf"a\x00 1 {NOW}"]
    assert shown["value"] == [f"a x{number} {NOW}" for number in range(10, 30)]
    counters = accumulator.counters()
    assert (counters.received, counters.folded, counters.refused) == (31, 0, {"path_control": 1, "value": 30})


# -- whatever the order --------------------------------------------------------------------------------------------------

CONNECTIONS = 3
# Whole values: a point in two records sums exactly. Times: live, past, and far enough back for the next step.
some_lines = st.builds(
    lambda path, value, ago: b"%s %d %d" % (path, value, NOW - ago),
    st.sampled_from([b"a", b"b.c", b"fast.x", b"fast.y", b"t;b=1;a=2", b"..a", b"bad..path"]),
    st.integers(-9, 9),
    st.sampled_from([-60, -10, -1, 0, 1, 5, 30, 100, 3_000, 40_000, 100_000]),
)
texts = st.lists(some_lines, max_size=20).map(b"\n".join)
steps = st.one_of(
    st.tuples(st.just("feed"), st.integers(0, CONNECTIONS - 1), st.integers(1, 120)),
    st.tuples(st.just("feed"), st.integers(0, CONNECTIONS - 1), st.integers(1, 120)),
    st.tuples(st.just("tick"), st.sampled_from([0.0, 0.2, 1.0, 10.0, 30.0]), st.none()),
    st.tuples(st.just("names"), st.none(), st.none()),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, min_size=CONNECTIONS, max_size=CONNECTIONS), st.lists(steps, max_size=60))
def test_closed_and_open_windows_together_are_a_plain_fold_whatever_comes_between(texts, steps):
    accumulator = Accumulator(SEVERAL, Limits(), 0, NOW, newest=NOW)
    gathered, fold, now = Gathered(accumulator), PlainFold(SEVERAL), float(NOW)
    streams = [accumulator.open() for _ in texts]
    plain = [PlainStream(fold) for _ in texts]
    rests = list(texts)
    for what, number, size in steps:
        if what == "feed":
            piece, rests[number] = rests[number][:size], rests[number][size:]
            feed_all(streams[number], piece)
            plain[number].feed(piece)
        elif what == "tick":
            now += number
            gathered.tick(now)
            fold.now = now
        else:
            gathered.take_names()
        assert gathered.bits() == fold.bits()
    for stream, its_plain, rest in zip(streams, plain, rests, strict=True):
        feed_all(stream, rest)
        stream.close()
        its_plain.feed(rest)
        its_plain.close()
    gathered.drain()
    assert gathered.open_points() == {}
    assert gathered.bits() == fold.bits()
    assert accumulator.counters().refused == dict(fold.refused)


@given(texts)
def test_windows_closed_in_between_merge_to_what_one_window_holds(text):
    """The same lines, once with every window closed after each and once without."""
    cut, whole = (Accumulator(SEVERAL, Limits(), 0, NOW, newest=NOW) for _ in range(2))
    gathered, at_once = Gathered(cut), Gathered(whole)
    for line in text.split(b"\n"):
        send(cut, line)
        gathered.drain()
    send(whole, text)
    assert gathered.bits() == at_once.bits()

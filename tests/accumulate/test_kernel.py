"""Paths, ids, windows and cells of the kernel, and arguments it must not believe."""

import numpy as np
import pytest
from cadent.accumulate import _lines
from cadent.accumulate.closing import OPEN_WINDOW
from cadent.schema.head import HEAD_POINT
from cadent.schema.path import MAX_PATH_BYTES
from plain_fold import NOW

ALL = np.arange(1, dtype=np.uint32)


def ids(*numbers):
    return np.array(numbers, np.uint32)


def describe(kernel):
    return np.frombuffer(kernel.describe(), OPEN_WINDOW)


# -- paths ---------------------------------------------------------------------------------------------------------------


def test_a_path_gets_the_next_id_and_is_handed_out_once(bare):
    kernel = bare(next_id=41).kernel
    kernel.stream().feed(b"a 1 1700000000\nb.c 1 1700000000\na 2 1700000000\n")
    assert kernel.next_id == 43
    [(policy, id_bytes, lengths, paths)] = kernel.take_new()
    assert (policy, paths) == (0, b"ab.c")
    assert np.frombuffer(id_bytes, np.uint32).tolist() == [41, 42]
    assert np.frombuffer(lengths, np.uint32).tolist() == [1, 3]
    assert kernel.take_new() == []


def test_a_hundred_thousand_paths_of_all_lengths_keep_their_ids(bare):
    kernel = bare(max_paths=200_000).kernel
    paths = [(b"%d." % number).ljust(2 + number % 200, b"x").rstrip(b".") for number in range(100_000)]
    assert len(set(paths)) == len(paths)
    kernel.stream().feed(b"".join(path + b" 1 1700000000\n" for path in paths))
    assert [kernel.find(path) for path in paths] == [(number, 0) for number in range(100_000)]
    [(_, _, lengths, taken)] = kernel.take_new()
    assert taken == b"".join(paths)
    assert np.frombuffer(lengths, np.uint32).tolist() == [len(path) for path in paths]


def test_half_a_million_paths_of_one_length_are_all_different(bare):
    # So many that some share the 32 bits of hash by which the table knows them.
    kernel = bare(max_paths=500_000, max_open_bytes=1 << 30).kernel
    kernel.stream().feed(b"".join(b"path.%06d 1 1700000000\n" % number for number in range(500_000)))
    assert kernel.next_id == 500_000


@pytest.mark.parametrize("length", [1, 7, 8, 9, 55, 56, 57, 63, 64, 65, 1_023, MAX_PATH_BYTES])
def test_paths_that_differ_in_one_byte_are_different(bare, length):
    kernel = bare().kernel
    base = b"x" * length
    others = [base[:at] + b"y" + base[at + 1 :] for at in {0, length // 2, length - 1}]
    kernel.stream().feed(b"".join(path + b" 1 1700000000\n" for path in [base, *others]))
    assert [kernel.find(path)[0] for path in [base, *others]] == list(range(1 + len(others)))


def test_the_longest_path_is_what_the_schema_says(bare):
    kernel = bare().kernel
    assert kernel.add_path(b"x" * MAX_PATH_BYTES, 0) == 0
    assert kernel.find(b"x" * MAX_PATH_BYTES) == (0, 0)
    assert kernel.find(b"x" * (MAX_PATH_BYTES + 1)) is None
    assert kernel.find(b"") is None
    for path in (b"", b"x" * (MAX_PATH_BYTES + 1)):
        with pytest.raises(ValueError, match=f"a path of {len(path)} bytes"):
            kernel.add_path(path, 0)


def test_a_path_is_added_once_and_in_a_known_policy(bare):
    kernel = bare([(0, 10), (1, 10)]).kernel
    assert kernel.add_path(b"a", 1) == 0
    assert kernel.find(b"a") == (0, 1)
    with pytest.raises(ValueError, match="known already"):
        kernel.add_path(b"a", 0)
    for policy in (-1, 2):
        with pytest.raises(ValueError, match=f"policy {policy}"):
            kernel.add_path(b"b", policy)
    assert kernel.next_id == 1


def test_past_the_limit_no_path_is_added_but_known_ones_live_on(bare):
    bare = bare(max_paths=2)
    kernel = bare.kernel
    kernel.stream().feed(b"a 1 1700000000\nb 1 1700000000\nc 1 1700000000\na 1 1700000000\n")
    assert bare.slow == [b"c 1 1700000000"]
    assert kernel.folded == 3
    assert kernel.add_path(b"c", 0) is None
    assert (kernel.paths, kernel.next_id) == (2, 2)


def test_ids_end_where_a_number_of_32_bits_does(bare):
    kernel = bare(next_id=2**32 - 2).kernel
    assert kernel.add_path(b"a", 0) == 2**32 - 2
    assert kernel.add_path(b"b", 0) is None
    kernel.stream().feed(b"a 5 1700000000\n")
    [point] = np.frombuffer(kernel.open_points(0, ids(2**32 - 2)), HEAD_POINT)
    assert point["sum"] == 5


def test_an_alias_is_another_spelling_of_a_known_path(bare):
    bare = bare()
    kernel = bare.kernel
    kernel.add_path(b"m;a=1;b=2", 0)
    kernel.add_alias(b"m;b=2;a=1", b"m;a=1;b=2")
    kernel.stream().feed(b"m;b=2;a=1 5 1700000000\n")
    assert bare.slow == []
    assert kernel.find(b"m;b=2;a=1") == kernel.find(b"m;a=1;b=2") == (0, 0)
    assert (kernel.paths, kernel.aliases, kernel.next_id) == (1, 1, 1)
    [(_, _, _, paths)] = kernel.take_new()
    assert paths == b"m;a=1;b=2"
    for spelling, path in ((b"m;b=2;a=1", b"m;a=1;b=2"), (b"new", b"unknown"), (b"m;a=1;b=2", b"m;a=1;b=2")):
        with pytest.raises(ValueError, match="new spelling of a known path"):
            kernel.add_alias(spelling, path)


def test_loaded_paths_are_known_and_not_new(bare):
    bare = bare([(0, 10), (1, 60)], next_id=8)
    kernel = bare.kernel
    kernel.load(1, ids(3, 7), ids(1, 3), b"ab.c")
    assert (kernel.find(b"a"), kernel.find(b"b.c")) == ((3, 1), (7, 1))
    assert kernel.take_new() == []
    kernel.load(0, ids(5), ids(1), b"a")
    assert kernel.find(b"a") == (5, 0)
    assert kernel.paths == 2


@pytest.mark.parametrize(
    ("numbers", "lengths", "paths", "message"),
    [
        ([1, 2], [1], b"a", "for 2 ids and 1 lengths"),
        ([1], [2], b"a", "sum to 2"),
        ([1, 2], [1, 2**32 - 1], b"a", "sum to 4294967296"),
        ([1, 2], [0, 1], b"a", "of 0 to 1 bytes"),
        ([1], [1_025], b"a" * 1_025, "of 1025 to 1025 bytes"),
        ([10], [1], b"a", "id 10 is not below the next id, 10"),
    ],
)
def test_names_that_do_not_fit_together_are_not_loaded(bare, numbers, lengths, paths, message):
    kernel = bare(next_id=10).kernel
    with pytest.raises(ValueError, match=message):
        kernel.load(0, ids(*numbers), ids(*lengths), paths)
    assert kernel.paths == 0


# -- construction --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([], "at least one level"),
        ([(0, 0)], "level 0 has step 0"),
        ([(0, 86_401)], "level 0 has step 86401"),
        ([(1, 10)], "level 0 has policy 1"),
        ([(0, 10), (2, 10)], "level 1 has policy 2"),
        ([(0, 10), (1, 10), (0, 60)], "level 2 has policy 0"),
        ([(policy, 10) for policy in range(256)], "level 255 has policy 255"),
    ],
)
def test_levels_that_make_no_ladders_are_refused(bare, levels, message):
    with pytest.raises(ValueError, match=message):
        bare(levels)


def test_as_many_policies_as_allowed_work(bare):
    kernel = bare([(policy, 10) for policy in range(255)]).kernel
    assert kernel.add_path(b"a", 254) == 0
    kernel.set_bounds(254, NOW, NOW)
    kernel.stream().feed(b"a 1 %d\n" % NOW)
    assert describe(kernel)["level"].tolist() == [254]


# -- times ---------------------------------------------------------------------------------------------------------------


def test_times_outside_the_bounds_are_slow_lines(bare):
    bare = bare()
    bare.kernel.set_bounds(0, 1_000, 2_000)
    bare.kernel.add_path(b"a", 0)
    bare.kernel.stream().feed(b"".join(b"a 1 %d\nnew 1 %d\n" % (time, time) for time in (0, 999, 2_001, 3_999_999_999)))
    assert len(bare.slow) == 8
    assert bare.kernel.paths == 1
    bare.kernel.stream().feed(b"a 1 1000\na 1 2000\n")
    assert len(bare.slow) == 8
    assert sorted(bare.times()) == [1_000, 2_000]


@pytest.mark.parametrize("time", [2**32, 2**32 + NOW, 4_999_999_999, 3 * 2**32 + NOW, 25 * 2**32 + NOW, 2**64 + NOW])
def test_a_time_of_more_than_32_bits_is_a_slow_line(bare, time):
    bare = bare()
    bare.kernel.stream().feed(b"a 1 %d\n" % time)
    assert bare.slow == [b"a 1 %d" % time]


@pytest.mark.parametrize(("oldest", "newest"), [(-1, 5), (6, 5), (0, 2**32)])
def test_bounds_that_are_none_are_refused(bare, oldest, newest):
    with pytest.raises(ValueError, match="want 0 <= oldest <= newest"):
        bare().kernel.set_bounds(0, oldest, newest)


def test_recent_times_are_those_of_lines_just_taken(bare):
    kernel = bare().kernel
    assert kernel.recent_times() == []
    stream = kernel.stream()
    for time in range(100, 200):
        stream.feed(b"a 1 %d\n" % time)
    assert sorted(kernel.recent_times()) == list(range(136, 200))


# -- windows -------------------------------------------------------------------------------------------------------------


def test_windows_are_described_in_order_of_opening(bare):
    kernel = bare().kernel
    kernel.set_clock(500.0, 1.0)
    kernel.stream().feed(b"a 1 1005\n")
    kernel.set_clock(600.0, 2.0)
    kernel.stream().feed(b"a 1 995\nb 1 1001\n")
    rows = describe(kernel)
    assert rows["number"].tolist() == [100, 99]
    assert rows["opened"].tolist() == [500.0, 600.0]
    assert rows["touched"].tolist() == [2.0, 2.0]
    assert rows["present"].tolist() == [2, 1]
    assert rows["bytes"].sum() == kernel.open_bytes
    assert (kernel.newest, kernel.newest_start) == (1_010, 1_000)


def test_what_comes_for_a_window_taken_out_opens_a_new_one(bare):
    kernel = bare().kernel
    stream = kernel.stream()
    stream.feed(b"a 1 1700000000\n")
    [closed] = kernel.take(ALL)
    stream.feed(b"a 2 1700000000\na 3 1700000000\n")
    [again] = kernel.take(ALL)
    assert (closed.time, closed.present, closed.multis) == (1_700_000_000, 1, 0)
    assert (again.time, again.present, again.multis) == (1_700_000_000, 1, 1)
    assert np.frombuffer(closed.points(ids(0)), HEAD_POINT)["sum"].tolist() == [1]
    assert np.frombuffer(again.points(ids(0)), HEAD_POINT)["sum"].tolist() == [5]


def test_some_windows_are_taken_and_the_others_found_again(bare):
    kernel = bare(max_open_bytes=1 << 30).kernel
    times = [NOW + 10 * number for number in range(300)]
    stream = kernel.stream()
    stream.feed(b"".join(b"a 1 %d\n" % time for time in times))
    taken = kernel.take(np.arange(0, 300, 3, dtype=np.uint32))
    assert [closed.time for closed in taken] == times[::3]
    assert kernel.open_windows == 200
    assert kernel.open_bytes == describe(kernel)["bytes"].sum()
    stream.feed(b"".join(b"a 1 %d\n" % time for time in times))
    points = np.frombuffer(kernel.open_points(0, ids(0)), HEAD_POINT)
    assert dict(zip(points["time"].tolist(), points["count"].tolist(), strict=True)) == {
        time: 1 if number % 3 == 0 else 2 for number, time in enumerate(times)
    }


@pytest.mark.parametrize("positions", [(1,), (0, 0), (2**32 - 1,)])
def test_positions_of_no_window_are_refused_and_nothing_is_taken(bare, positions):
    kernel = bare().kernel
    kernel.stream().feed(b"a 1 1700000000\n")
    with pytest.raises(ValueError, match="want them to ascend, below 1"):
        kernel.take(ids(*positions))
    assert kernel.open_windows == 1


def test_a_window_of_few_ids_far_apart_stays_small(bare):
    kernel = bare(next_id=1_000_000).kernel
    kernel.load(0, ids(*range(0, 1_000_000, 1_000)), ids(*[6] * 1_000), b"".join(b"p%05d" % n for n in range(1_000)))
    for number in (500, 499, 501, 0, 999):
        kernel.stream().feed(b"p%05d %d 1700000000\n" % (number, number))
    asked = ids(999_000, 0, 499_000, 500_000, 501_000, 1_000, 999_999, 2**32 - 1)
    points = np.frombuffer(kernel.open_points(0, asked), HEAD_POINT)
    assert points["index"].tolist() == [0, 1, 2, 3, 4]
    assert points["sum"].tolist() == [999, 0, 499, 500, 501]
    assert kernel.open_bytes < 5 * 2_048 + 3 * 8 * 1_000_000 // 256
    [closed] = kernel.take(ALL)
    numbers, cells = np.empty(5, np.uint32), np.empty(5, np.uint64)
    closed.copy_cells(numbers, cells)
    assert numbers.tolist() == [0, 499_000, 500_000, 501_000, 999_000]
    assert cells.view(np.float64).tolist() == [0, 499, 500, 501, 999]


def test_windows_of_one_time_at_many_levels_are_kept_apart(bare):
    kernel = bare([(policy, 10) for policy in range(200)]).kernel
    for policy in range(200):
        kernel.fold(policy, kernel.add_path(b"p%d" % policy, policy), NOW, 1.0)
    rows = describe(kernel)
    assert rows["level"].tolist() == list(range(200))
    assert set(rows["present"].tolist()) == {1}


def test_open_points_are_those_of_one_policy(bare):
    kernel = bare([(0, 10), (0, 60), (1, 10)]).kernel
    kernel.add_path(b"a", 0)
    kernel.add_path(b"b", 1)
    for level, path_id in ((0, 0), (1, 0), (2, 1)):
        kernel.fold(level, path_id, 1_700_000_000, 1.0)
    points = np.frombuffer(kernel.open_points(0, ids(1, 0)), HEAD_POINT)
    assert sorted(zip(points["step_s"].tolist(), points["index"].tolist(), strict=True)) == [(10, 1), (60, 1)]
    assert len(np.frombuffer(kernel.open_points(1, ids(1, 0)), HEAD_POINT)) == 1


def test_arrays_of_the_wrong_size_are_refused(bare):
    kernel = bare().kernel
    kernel.stream().feed(b"a 1 1700000000\na 2 1700000000\n")
    [closed] = kernel.take(ALL)
    with pytest.raises(ValueError, match="2 ids and 1 cells; want 1 of each"):
        closed.copy_cells(np.empty(2, np.uint32), np.empty(1, np.uint64))
    with pytest.raises(ValueError, match="1 ids and 0 cells; want 1 of each"):
        closed.copy_cells(np.empty(1, np.uint32), np.empty(0, np.uint64))
    for short in range(5):
        columns = [np.empty(1 - (at == short)) for at in range(5)]
        columns[0] = columns[0].astype(np.int64)
        with pytest.raises(ValueError, match="five arrays of 1 entries"):
            closed.copy_multis(*columns)


@pytest.mark.parametrize(
    ("level", "path_id", "time", "value", "error"),
    [
        (1, 0, NOW, 1.0, ValueError),
        (-1, 0, NOW, 1.0, ValueError),
        (0, 1, NOW, 1.0, ValueError),
        (0, -1, NOW, 1.0, OverflowError),
        (0, 0, -1, 1.0, OverflowError),
        (0, 0, 2**32, 1.0, OverflowError),
        (0, 0, NOW, float("nan"), ValueError),
        (0, 0, NOW, float("-inf"), ValueError),
    ],
)
def test_a_sample_that_belongs_nowhere_is_refused(bare, level, path_id, time, value, error):
    kernel = bare().kernel
    kernel.add_path(b"a", 0)
    with pytest.raises(error):
        kernel.fold(level, path_id, time, value)
    assert (kernel.folded, kernel.open_windows) == (0, 0)


def test_a_number_is_given_as_bytes():
    with pytest.raises(TypeError):
        _lines.parse_number(None)

"""The lines of one connection: cut anywhere, too long, too slow, or more than the open windows may hold."""

import threading

import numpy as np
import pytest
from cadent.accumulate._lines import Closed, Stream
from cadent.accumulate.slow_line import MAX_LINE_BYTES
from plain_fold import NOW

SLOW_SHARE = 1_000  # slow lines that one call takes


def slow_lines(count):
    return b"".join(b"slow %d\n" % number for number in range(count))


# -- lines and pieces ----------------------------------------------------------------------------------------------------


def test_a_line_counts_once_its_newline_is_there(bare):
    bare = bare()
    stream = bare.kernel.stream()
    assert stream.feed(b"a 1 1700000") == 11
    assert stream.feed(b"000") == 3
    assert bare.kernel.folded == 0
    assert stream.feed(b"\n") == 1
    assert bare.kernel.folded == 1
    assert bare.times() == [1_700_000_000]


@pytest.mark.parametrize("last", [b"a 1 1700000000", b"a 1 1700000000\r"])
def test_the_last_line_counts_at_close_without_a_newline(bare, last):
    bare = bare()
    stream = bare.kernel.stream()
    stream.feed(last)
    stream.close()
    assert bare.kernel.folded == 1
    stream.close()
    assert bare.kernel.folded == 1


def test_the_pieces_of_two_connections_do_not_mix(bare):
    bare = bare()
    first, second = bare.kernel.stream(), bare.kernel.stream()
    first.feed(b"a ")
    second.feed(b"b 2 1700000000")
    first.feed(b"1 1700000000\n")
    second.close()
    assert bare.slow == []
    assert bare.kernel.find(b"a") == (0, 0)
    assert bare.kernel.find(b"b") == (1, 0)


def test_the_fed_buffer_may_be_used_again(bare):
    bare = bare()
    stream = bare.kernel.stream()
    buffer = bytearray(b"first.path 1 17000")
    stream.feed(memoryview(buffer))
    buffer[:] = b"00000\n" + b"#" * (len(buffer) - 6)
    assert stream.feed(memoryview(buffer)[:6]) == 6
    assert bare.kernel.find(b"first.path") == (0, 0)
    assert bare.slow == []


def test_blank_lines_are_nothing(bare):
    bare = bare()
    stream = bare.kernel.stream()
    data = b"\n\r\n" * 2_000
    assert stream.feed(data) == len(data)
    stream.feed(b"\r")
    stream.feed(b"\n")
    assert bare.slow == []


def test_nothing_fed_is_nothing_taken(bare):
    assert bare().kernel.stream().feed(b"") == 0


# -- long lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1_000, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 50_000])
def test_an_endless_line_is_handed_on_once_and_its_rest_dropped(bare, piece):
    bare = bare()
    stream = bare.kernel.stream()
    for _ in range(1_000_000 // piece):
        assert stream.feed(b"x" * piece) == piece
    assert bare.slow == [b"x" * (MAX_LINE_BYTES + 1)]
    stream.feed(b" 1 1700000000\na 1 1700000000\n")
    assert bare.slow == [b"x" * (MAX_LINE_BYTES + 1)]
    assert bare.kernel.folded == 1


@pytest.mark.parametrize("size", [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, MAX_LINE_BYTES + 2])
@pytest.mark.parametrize("cut", [0, 1, 5_000, MAX_LINE_BYTES - 1, MAX_LINE_BYTES])
def test_a_long_line_is_handed_on_alike_whole_or_cut(bare, size, cut):
    bare = bare()
    stream = bare.kernel.stream()
    line = (b"long " * size)[:size]
    for piece in (line[:cut], line[cut:] + b"\n"):
        assert stream.feed(piece) == len(piece)
    assert bare.slow == [line[: MAX_LINE_BYTES + 1]]


def test_an_endless_line_does_not_come_again_at_close(bare):
    bare = bare()
    stream = bare.kernel.stream()
    stream.feed(b"x" * 20_000)
    stream.close()
    assert len(bare.slow) == 1


# -- slow lines ----------------------------------------------------------------------------------------------------------


def test_one_call_takes_its_share_of_slow_lines_and_the_next_goes_on_from_there(bare):
    bare = bare()
    stream = bare.kernel.stream()
    data = slow_lines(2 * SLOW_SHARE + 500)
    at, shares = 0, []
    while at < len(data):
        before = len(bare.slow)
        at += stream.feed(memoryview(data)[at:])
        shares.append(len(bare.slow) - before)
    assert shares == [SLOW_SHARE, SLOW_SHARE, 500]
    assert b"\n".join([*bare.slow, b""]) == data


def test_an_unfinished_line_is_taken_even_before_a_whole_share(bare):
    bare = bare()
    stream = bare.kernel.stream()
    stream.feed(b"sl")
    data = b"ow first\n" + slow_lines(SLOW_SHARE) + b"rest"
    consumed = stream.feed(data)
    assert bare.slow[0] == b"slow first"
    assert len(bare.slow) in (SLOW_SHARE, SLOW_SHARE + 1)
    while consumed < len(data):
        consumed += stream.feed(data[consumed:])
    stream.close()
    assert bare.slow == [b"slow first", *slow_lines(SLOW_SHARE).splitlines(), b"rest"]


def test_slow_and_fast_lines_keep_their_order(bare):
    order = []

    def note(line):
        order.append((line, kernel.folded))

    kernel = bare(slow_line=note).kernel
    kernel.stream().feed(b"".join(b"a 1 1700000000\n" * fast + b"slow\n" for fast in (0, 1, 3, 63, 64, 65, 200)))
    assert [folded for _, folded in order] == [0, 1, 4, 67, 131, 196, 396]


def test_an_error_in_the_slow_path_reaches_the_caller_and_the_stream_lives_on(bare):
    def fail(line):
        raise LookupError(line)

    kernel = bare(slow_line=fail).kernel
    stream = kernel.stream()
    for data in (b"slow\n", b"x" * 10_000):
        with pytest.raises(LookupError):
            stream.feed(data)
    stream.feed(b"xxx\na 1 1700000000\n")
    assert kernel.folded == 1


# -- full ----------------------------------------------------------------------------------------------------------------


def many_windows(count):
    """A line for each of ``count`` windows of 10 s: a page of 2 KB each."""
    return b"".join(b"a 1 %d\n" % (NOW + 10 * number) for number in range(count))


def test_a_stream_stops_at_the_bound_and_goes_on_once_windows_are_taken_out(bare):
    bare = bare(max_open_bytes=1 << 20)
    stream = bare.kernel.stream()
    data, at, times = many_windows(2_000), 0, []
    while at < len(data):
        consumed = stream.feed(memoryview(data)[at:])
        assert bare.kernel.open_bytes < (1 << 20) + 64 * 4_096, "one batch at most beyond the bound"
        at += consumed
        if at < len(data):
            assert bare.full
            full = bare.full
            assert stream.feed(memoryview(data)[at:]) == 0
            assert bare.full == full + 1
            times += bare.times()
            assert bare.kernel.open_bytes == 0
    times += bare.times()
    assert bare.kernel.folded == 2_000
    assert times == [NOW + 10 * number for number in range(2_000)]


def test_an_unfinished_line_is_taken_at_close_though_windows_are_full(bare):
    bare = bare(max_open_bytes=1 << 20)
    stream, other = bare.kernel.stream(), bare.kernel.stream()
    stream.feed(b"b 1 1700000000")
    other.feed(many_windows(2_000))
    assert bare.full
    stream.close()
    assert bare.kernel.find(b"b") is not None


# -- misuse --------------------------------------------------------------------------------------------------------------


def wait_until_inside(kernel, thread):
    """Returns once ``thread`` folds lines."""
    while thread.is_alive():
        if is_inside(kernel):
            return
    pytest.fail("the kernel answered all the time")


def is_inside(kernel):
    try:
        kernel.find(b"z")
    except RuntimeError:
        return True
    return False


BULK = b"a 1 1700000000\n" * 4_000_000


def test_a_second_thread_is_turned_away_while_lines_are_folded(bare):
    kernel = bare().kernel
    stream, other = kernel.stream(), kernel.stream()
    ids = np.zeros(1, np.uint32)
    calls = [
        lambda: other.feed(b"b 1 1700000000\n"),
        other.close,
        lambda: kernel.find(b"a"),
        lambda: kernel.take(ids[:0]),
        lambda: kernel.open_points(0, ids),
        kernel.describe,
        kernel.take_new,
        lambda: kernel.set_clock(0, 0),
        lambda: kernel.set_bounds(0, 0, 2**32 - 1),
        lambda: kernel.add_path(b"c", 0),
    ]
    thread = threading.Thread(target=stream.feed, args=[BULK])
    thread.start()
    wait_until_inside(kernel, thread)
    for call in calls:
        with pytest.raises(RuntimeError, match="two threads at once"):
            call()
    thread.join()
    assert kernel.folded == 4_000_000


def test_a_thread_let_in_by_the_slow_path_is_not_joined_by_the_first(bare):
    threads = []

    def let_in(line):
        threads.append(threading.Thread(target=kernel.stream().feed, args=[BULK]))
        threads[0].start()
        wait_until_inside(kernel, threads[0])

    kernel = bare(slow_line=let_in).kernel
    with pytest.raises(RuntimeError, match="two threads at once"):
        kernel.stream().feed(b"slow\nb 1 1700000000\n")
    threads[0].join()
    assert kernel.folded == 4_000_000


def test_streams_and_closed_windows_come_from_a_kernel(bare):
    with pytest.raises(TypeError):
        Stream(None)
    with pytest.raises(TypeError):
        Closed()

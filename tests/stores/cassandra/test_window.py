"""A window lets in as many as are answered well."""

import threading

from cadent.stores.cassandra.window import Window
from hypothesis import given
from hypothesis import strategies as st

LEAST, MOST = 8, 128


def fill(window):
    """How many got in."""
    entered = 0
    while not window.is_full():
        assert window.enter(0)
        entered += 1
    return entered


def turn_over(window, *, troubled=False):
    """A full window, all of it answered."""
    for _ in range(fill(window)):
        window.leave(troubled=troubled)


def test_good_answers_widen_it_to_the_most_and_no_further():
    window = Window(LEAST, MOST)
    for _ in range(1_000):
        turn_over(window)
    assert window.limit == MOST


def test_a_window_that_is_not_used_is_not_widened():
    window = Window(LEAST, MOST)
    before = window.limit
    for _ in range(10_000):
        window.enter()
        window.leave(troubled=False)
    assert window.limit == before


def test_a_troubled_window_is_halved_once():
    window = Window(LEAST, MOST)
    before = window.limit
    turn_over(window, troubled=True)
    assert window.limit == before // 2


def test_trouble_that_goes_on_leaves_the_least():
    window = Window(LEAST, MOST)
    for _ in range(100):
        turn_over(window, troubled=True)
    assert window.limit == LEAST


@given(st.lists(st.booleans(), max_size=600), st.integers(1, 20), st.integers(0, 100))
def test_whatever_comes_back_no_more_are_under_way_than_the_most(answers, least, more):
    window = Window(least, least + more)
    under_way = 0
    for troubled in answers:
        under_way += fill(window)
        assert least <= window.limit <= least + more
        assert under_way <= least + more
        window.leave(troubled=troubled)
        under_way -= 1


def test_a_full_window_is_waited_for():
    window = Window(1, 1)
    assert window.enter(0)
    assert not window.enter(0.01)
    entered = threading.Event()
    waiting = threading.Thread(target=lambda: window.enter() and entered.set())
    waiting.start()
    assert not entered.is_set()
    window.leave(troubled=False)
    waiting.join(10)
    assert entered.is_set()

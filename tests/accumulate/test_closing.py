"""Which open windows are due, decided from their description alone."""

import numpy as np
from cadent.accumulate.closing import OPEN_WINDOW, Closing
from cadent.accumulate.limits import MIB, Limits
from hypothesis import given
from hypothesis import strategies as st

STEPS_S = (10, 60)
START = 1_700_000_000 // 60 * 60


def windows(*rows):
    """Rows (level, begin, bytes, opened, touched)."""
    return np.array(
        [(level, begin // STEPS_S[level], size, 1, opened, touched) for level, begin, size, opened, touched in rows], OPEN_WINDOW
    )


def due(rows, present, steady, **limits):
    return Closing(STEPS_S, Limits(**limits)).due(windows(*rows), present, steady).tolist()


def test_a_live_window_closes_one_step_after_its_end():
    rows = [(0, START, 0, START, 0.0), (1, START, 0, START, 0.0)]
    assert due(rows, START + 19.9, 99) == []
    assert due(rows, START + 20, 99) == [0]
    assert due(rows, START + 119.9, 99) == [0]
    assert due(rows, START + 120, 99) == [0, 1]


def test_a_grace_that_is_set_holds_for_every_step():
    rows = [(0, START, 0, START, 0.0), (1, START, 0, START, 0.0)]
    assert due(rows, START + 12, 99, grace_s=3) == []
    assert due(rows, START + 13, 99, grace_s=3) == [0]
    assert due(rows, START + 63, 99, grace_s=3) == [0, 1]
    assert due(rows, START + 10, 99, grace_s=0) == [0]


def test_a_past_window_closes_when_it_is_quiet():
    rows = [(0, START - 600, 0, START, 5.0), (0, START - 600, 0, START, 5.5)]
    assert due(rows, START, 5.9) == []
    assert due(rows, START, 6.0) == [0]
    assert due(rows, START, 6.5) == [0, 1]
    assert due(rows, START, 6.5, quiet_s=10) == []


def test_a_window_that_was_live_when_it_opened_waits_for_its_grace_even_if_quiet():
    assert due([(0, START, 0, START + 19.9, 0.0)], START + 19.9, 99) == []
    assert due([(0, START, 0, START + 20, 0.0)], START + 20, 0.5) == []  # opened after its grace: a past one, not quiet yet


def test_nothing_is_open_and_nothing_due():
    assert due([], START, 0) == []


def test_at_the_bound_those_longest_without_a_sample_close_whichever_they_are():
    live = [(0, START, MIB, START, 3.0), (0, START + 10, MIB, START, 1.0), (0, START + 20, MIB, START, 2.0)]
    assert due(live, START, 3.0, open_windows_bytes=3 * MIB) == []
    # 3 MB where 2 are allowed: down to one and a half, so two windows.
    assert due(live, START, 3.0, open_windows_bytes=2 * MIB) == [1, 2]


def test_among_equally_quiet_ones_those_opened_first_close():
    live = [(0, START + 10 * number, MIB, START, 1.0) for number in range(4)]
    assert due(live, START, 1.0, open_windows_bytes=3 * MIB) == [0, 1]


def test_windows_that_end_anyway_count_towards_the_bound():
    rows = [(0, START, 2 * MIB, START, 3.0), (0, START + 600, MIB, START, 1.0)]
    assert due(rows, START + 20, 3.0, open_windows_bytes=2 * MIB) == [0]


@given(st.lists(st.tuples(st.integers(0, MIB), st.integers(0, 5)), max_size=30))
def test_after_closing_the_bound_is_kept_and_no_window_closes_without_need(sizes):
    rows = [(0, START + 10 * at, size, START, float(touched)) for at, (size, touched) in enumerate(sizes)]
    chosen = due(rows, START, 5.0, open_windows_bytes=2 * MIB)
    kept = [row for at, row in enumerate(rows) if at not in chosen]
    kept_bytes = sum(row[2] for row in kept)
    assert chosen == sorted(set(chosen))
    assert kept_bytes <= 2 * MIB
    if chosen:
        assert sum(size for size, _ in sizes) > 2 * MIB
        latest = max((rows[at] for at in chosen), key=lambda row: (row[4], row[1]))
        assert all((row[4], row[1]) >= (latest[4], latest[1]) for row in kept)
        assert kept_bytes + latest[2] > 2 * MIB * 3 // 4

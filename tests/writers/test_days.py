import numpy as np
from cadent.writers.days import SeenDays
from hypothesis import given
from hypothesis import strategies as st

NOTES = st.lists(st.tuples(st.integers(0, 50), st.lists(st.integers(0, 300), unique=True, max_size=8).map(sorted)), max_size=20)


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint32)


@given(NOTES, st.integers(0, 50))
def test_news_are_the_ids_whose_days_do_not_reach_to_that_day(notes, day):
    days, noted = SeenDays(), {}
    for of, numbers in notes:
        days.note(of, ids(*numbers))
        for number in numbers:
            noted.setdefault(number, []).append(of)
    everyone = range(301)
    expected = [n for n in everyone if n not in noted or not min(noted[n]) <= day <= max(noted[n])]
    assert days.news(day, ids(*everyone)).tolist() == expected


def test_what_the_names_log_knows_is_no_news():
    days = SeenDays()
    days.load(ids(2, 9), ids(10, 20), ids(12, 20))
    assert days.news(11, ids(2, 9)).tolist() == [9]
    assert days.news(20, ids(2, 9)).tolist() == [2]


def test_what_windows_still_hold_of_forgotten_paths_is_no_news():
    days = SeenDays()
    days.note(10, ids(2, 3))
    days.forget(ids(2))
    assert days.news(11, ids(2, 3)).tolist() == [3]
    assert days.knows(ids(2, 3, 4)).tolist() == [False, True, False]


@given(
    st.lists(
        st.tuples(st.booleans(), st.lists(st.sampled_from([0, 1, 1_023, 1_024, 5_000, 9_999_999]), unique=True)), max_size=20
    )
)
def test_who_was_noted_last_and_not_forgotten_is_known(changes):
    days, known = SeenDays(), set()
    gone = set()
    for lives, numbers in changes:
        some = ids(*sorted(set(numbers) - gone))
        if lives:
            days.note(5, some)
            known |= set(some.tolist())
        else:
            days.forget(some)
            gone |= known & set(some.tolist())
            known -= gone
    everyone = ids(0, 1, 2, 1_023, 1_024, 5_000, 9_999_999)
    assert everyone[days.knows(everyone)].tolist() == sorted(known)


def test_memory_grows_with_the_paths_that_live():
    days = SeenDays()
    for first in range(0, 10_000_000, 100_000):
        some = np.arange(first, first + 100_000, dtype=np.uint32)
        days.note(5, some)
        days.forget(some)
    assert days.size_bytes < 8_000_000

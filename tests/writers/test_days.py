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

import pytest
from cadent.schema.errors import InputError
from cadent.schema.point import Point
from hypothesis import given
from hypothesis import strategies as st

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TIME = st.integers(0, 2**40)


@st.composite
def points(draw, values=FINITE):
    samples = draw(st.lists(values, min_size=1, max_size=5))
    return Point(draw(TIME), len(samples), sum(samples), min(samples), max(samples), samples[-1])


@given(points())
def test_a_point_reads_back_from_its_text_bit_for_bit(point):
    again = Point.parse(str(point))
    assert again == point
    assert repr(again) == repr(point)


@given(TIME, FINITE)
def test_a_single_sample_is_all_of_its_statistics(time, value):
    point = Point.of(time, value)
    assert (point.count, point.sum, point.min, point.max, point.last, point.mean) == (1, value, value, value, value, value)


@given(st.lists(st.integers(-(2**40), 2**40), min_size=2, max_size=12), st.data())
def test_adding_points_gives_the_point_of_all_samples_however_they_are_cut(samples, data):
    cut = data.draw(st.integers(1, len(samples) - 1))

    def point_of(part):
        return Point(60, len(part), float(sum(part)), float(min(part)), float(max(part)), float(part[-1]))

    assert point_of(samples[:cut]).add(point_of(samples[cut:])) == point_of(samples)


def test_the_last_value_is_that_of_the_later_point():
    earlier, later = Point.of(60, 9.0), Point.of(60, 1.0)
    assert earlier.add(later).last == 1.0
    assert later.add(earlier).last == 9.0


def test_the_mean_is_sum_over_count():
    assert Point(0, 4, 10.0, 1.0, 4.0, 4.0).mean == 2.5


def test_a_point_without_samples_is_refused_with_its_count():
    with pytest.raises(InputError, match=r"point at 60 has count 0"):
        Point(60, 0, 1.0, 1.0, 1.0, 1.0)


def test_min_above_max_is_refused_with_both_values():
    with pytest.raises(InputError, match=r"min 3\.5 above max 2\.25"):
        Point(60, 2, 5.75, 3.5, 2.25, 3.5)


@pytest.mark.parametrize("text", ["", "60 1 1.0", "60 1 1 1 1 1 1", "60 1.5 1 1 1 1", "now 1 1 1 1 1", "60 1 x 1 1 1"])
def test_text_that_is_no_point_is_refused_and_shown(text):
    with pytest.raises(InputError) as refused:
        Point.parse(text)
    assert repr(text) in str(refused.value)

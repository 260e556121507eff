import math

import pytest
from cadent.render.time_series import Style
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from several import names, of_several

PATHS = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.none() | st.integers(-9, 9), min_size=3, max_size=3), min_size=1, max_size=4
)


@pytest.mark.parametrize(
    ("target", "style"),
    [
        ("color(*,'red')", Style(color="red")),
        ("alpha(*,0.5)", Style(alpha=0.5)),
        ("lineWidth(*,3)", Style(line_width=3)),
        ("dashed(*)", Style(dash=5)),
        ("dashed(*,2.5)", Style(dash=2.5)),
        ("drawAsInfinite(*)", Style(infinite=True)),
        ("secondYAxis(*)", Style(second_axis=True)),
        ("stacked(*)", Style(filled=True)),
        ("color(dashed(*,'7'),'00ff00')", Style(color="00ff00", dash=7)),
    ],
)
def test_a_function_says_how_a_line_is_drawn(target, style):
    (found,) = of_several(target, {"a": [1]})
    assert found.style == style


def test_an_area_lies_between_two_lines_of_which_the_lower_is_not_seen():
    lower, upper = of_several("areaBetween(*)", {"a": [1], "b": [2]})
    assert lower.style == Style(filled=True, invisible=True)
    assert upper.style == Style(filled=True)
    assert (lower.values.tolist(), upper.values.tolist()) == ([1], [2])
    assert lower.name == upper.name == "areaBetween(*)"
    assert lower.tags == upper.tags == {"name": "b", "areaBetween": "1"}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_area_between_other_than_two_lines_is_refused(count):
    with pytest.raises(QueryError, match=f"areaBetween: seriesList has {count} series; want exactly 2"):
        of_several("areaBetween(*)", {str(path): [1] for path in "abc"[:count]})


@given(PATHS)
def test_a_line_of_a_stack_lies_on_all_before_it_and_keeps_its_gaps(paths):
    below = [0, 0, 0]
    found = of_several("stacked(*)", paths)
    assert names(found) == [f"stacked({path})" for path in sorted(paths)]
    for one, path in zip(found, sorted(paths), strict=True):
        below = [total + (value or 0) for total, value in zip(below, paths[path], strict=True)]
        expected = [None if value is None else total for total, value in zip(below, paths[path], strict=True)]
        assert [None if math.isnan(value) else value for value in one.values.tolist()] == expected


def test_a_stack_goes_on_in_later_calls_and_another_one_begins_at_zero():
    found = of_several("group(stacked(a), stacked(b), stacked(c,'x'), stacked(d,'x'))", {path: [1, 2] for path in "abcd"})
    assert [one.values.tolist() for one in found] == [[1, 2], [2, 4], [1, 2], [2, 4]]
    assert names(found) == ["stacked(a)", "stacked(b)", "c", "d"]


def test_a_stack_ends_with_its_request():
    first, second = (of_several("stacked(*)", {"a": [1, 2]}) for _ in range(2))
    assert first[0].values.tolist() == second[0].values.tolist() == [1, 2]


def test_a_stack_takes_no_style_of_its_lines():
    (found,) = of_several("stacked(color(*,'red'))", {"a": [1]})
    assert found.style == Style(filled=True)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("alpha(*,'half')", "alpha: alpha='half' is not a number"),
        ("lineWidth(*)", "lineWidth lacks its argument width"),
        ("dashed(*,'long')", "dashed: dashLength='long' is not a whole number"),
        ("color(*)", "color lacks its argument theColor"),
    ],
)
def test_an_argument_that_will_not_do_is_said(target, said):
    with pytest.raises(QueryError) as caught:
        of_several(target, {"a": [1]})
    assert str(caught.value).startswith(said)

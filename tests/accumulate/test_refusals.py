"""Refused lines: counted by reason, the last of each to look at."""

from cadent.accumulate.refusals import Refusals
from hypothesis import given
from hypothesis import strategies as st


def test_each_reason_is_counted_and_keeps_its_last_twenty_lines():
    refusals = Refusals()
    for number in range(50):
        refusals.add("value", b"line %d" % number)
    refusals.add("time", b"other")
    assert refusals.counts == {"value": 50, "time": 1}
    assert refusals.total == 51
    assert refusals.last() == {"value": [f"line {number}" for number in range(30, 50)], "time": ["other"]}


def test_a_long_line_is_kept_by_its_begin():
    refusals = Refusals()
    refusals.add("line_length", b"x" * 8_193)
    assert refusals.last() == {"line_length": ["x" * 200]}


def test_bytes_that_cannot_be_printed_are_shown_as_escapes():
    refusals = Refusals()
    refusals.add("path_control", b"a\x1b[31m\x00\xff \xc3\xa9\n")
    assert refusals.last()["path_control"] == [r"a\x1b[31m\x00\xff é\n"]


@given(st.lists(st.binary(max_size=300)))
def test_whatever_is_refused_can_be_printed(lines):
    refusals = Refusals()
    for line in lines:
        refusals.add("fields", line)
    assert all(text.isprintable() for texts in refusals.last().values() for text in texts)


def test_what_is_shown_does_not_change_with_later_lines():
    refusals = Refusals()
    refusals.add("time", b"first")
    shown = refusals.last()
    refusals.add("time", b"second")
    assert shown == {"time": ["first"]}

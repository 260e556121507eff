"""The meaning of a line, case by case. The expected values are written by hand, from what carbon takes and the issue refuses."""

import math

import pytest
from cadent.accumulate.slow_line import MAX_LINE_BYTES, Sample, parse_line
from cadent.schema.errors import InvalidLine
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_700_000_042.75


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        (b"a.b 1 1700000000", (b"a.b", 1.0, 1_700_000_000)),
        (b"a.b 1 1700000000\r", (b"a.b", 1.0, 1_700_000_000)),
        (b"a.b  1\t1700000000", (b"a.b", 1.0, 1_700_000_000)),
        (b" \ta.b 1 1700000000 \t ", (b"a.b", 1.0, 1_700_000_000)),
        (b"a.b -.5e-3 1700000000", (b"a.b", -0.0005, 1_700_000_000)),
        (b"a.b +7. 1700000000", (b"a.b", 7.0, 1_700_000_000)),
        (b"a.b 1 1700000000.999", (b"a.b", 1.0, 1_700_000_000)),
        (b"a.b 1 1700000000.", (b"a.b", 1.0, 1_700_000_000)),
        (b"a.b 1 1.7e9", (b"a.b", 1.0, 1_700_000_000)),
        (b"a.b 1 +1700000000", (b"a.b", 1.0, 1_700_000_000)),
        (b"a.b 1 0", (b"a.b", 1.0, 0)),
        (b"a.b 1 -1", (b"a.b", 1.0, 1_700_000_042)),
        (b"a.b 1 -1.0", (b"a.b", 1.0, 1_700_000_042)),
        (b"a.b 1 -1.9", (b"a.b", 1.0, 1_700_000_042)),  # carbon cuts it first
        (b"a.b 1 N", (b"a.b", 1.0, 1_700_000_042)),
        (b"a.b 1 1700000000000", (b"a.b", 1.0, 1_700_000_000_000)),
        (b"a.b 1e-400 1700000000", (b"a.b", 0.0, 1_700_000_000)),
        (b"\xff 1 1700000000", (b"\xff", 1.0, 1_700_000_000)),  # the path is not its business
    ],
)
def test_a_line_that_carbon_takes_is_a_sample(line, sample):
    assert parse_line(line, NOW) == Sample(*sample)


@pytest.mark.parametrize("line", [b"", b"\r", b"  ", b"\t \r", b"\r\r"])
def test_a_line_of_blanks_is_none(line):
    assert parse_line(line, NOW) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a.b", "fields"),
        (b"a.b 1", "fields"),
        (b"a.b 1 1700000000 x", "fields"),
        (b"a.b 1,5 1700000000", "value"),
        (b"a.b nan 1700000000", "value"),
        (b"a.b -inf 1700000000", "value"),
        (b"a.b 1e400 1700000000", "value"),
        (b"a.b 0x10 1700000000", "value"),
        (b"a.b 1_000 1700000000", "value"),
        (b"a.b 8.4e-_11 1700000000", "value"),
        (b"a.b one 1700000000", "value"),
        (b"a.b 1\x00 1700000000", "value"),
        (b"a.b \xd9\xa1 1700000000", "value"),  # a digit, but an Arabic one
        (b"a.b 1 yesterday", "time"),
        (b"a.b 1 -2", "time"),
        (b"a.b 1 -0.5", "time"),
        (b"a.b 1 nan", "time"),
        (b"a.b 1 1e400", "time"),
        (b"a.b 1 0x10", "time"),
        (b"a.b 1 1700000000\x00", "time"),
        (b"a.b 1 1700000000\r\x0b", "time"),
        (b"a" * (MAX_LINE_BYTES - 12) + b" 1 1700000000", "line_length"),
        (b" " * (MAX_LINE_BYTES + 1), "line_length"),
    ],
)
def test_any_other_line_is_refused_with_the_word_that_is_counted(line, reason):
    with pytest.raises(InvalidLine) as refused:
        parse_line(line, NOW)
    assert refused.value.reason == reason
    assert repr(line[:200]) in str(refused.value)


def test_the_longest_line_is_still_taken():
    line = b"a" * (MAX_LINE_BYTES - 13) + b" 1 1700000000"
    assert len(line) == MAX_LINE_BYTES
    assert parse_line(line, NOW).path == line[:-13]


@given(st.binary(max_size=60) | st.text("ab.;= \t\r0123456789+-eEnaN", max_size=40).map(str.encode))
def test_whatever_the_bytes_a_sample_is_finite_and_in_whole_seconds_or_the_line_is_refused(line):
    try:
        sample = parse_line(line, NOW)
    except InvalidLine:
        return
    if sample is not None:
        assert math.isfinite(sample.value)
        assert isinstance(sample.time, int)
        assert sample.time >= 0
        assert not set(sample.path) & set(b" \t")

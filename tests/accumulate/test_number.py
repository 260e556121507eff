"""The compiled reading of a number rounds as float() does, to the bit, or leaves the text to the slow path."""

import math
import os
import re
import struct
import subprocess
import sys

import pytest
from cadent.accumulate._lines import parse_number
from hypothesis import example, given, settings
from hypothesis import strategies as st

PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MANY = settings(max_examples=1_000)


def assert_reads(text):
    got = parse_number(text.encode())
    assert got is not None, text
    assert struct.pack("<d", got) == struct.pack("<d", float(text)), text


@MANY
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(2.2250738585072011e-308)
@example(2.2250738585072014e-308)
@example(1.7976931348623157e308)
@example(-0.0)
def test_every_float_is_read_back_from_its_repr(value):
    assert_reads(repr(value))


@MANY
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["%.0f", "%.3f", "%.6g", "%.17e", "%.25e", "%.60f"]))
def test_every_float_is_read_as_printf_writes_it(value, form):
    assert_reads(form % value)


digits = st.text("0123456789", max_size=40)


@MANY
@given(st.sampled_from(["", "-", "+"]), digits, st.none() | digits, st.none() | st.integers(-400, 400))
@example("", "9" * 19, None, None)
@example("", "18446744073709551616", None, None)  # 2**64: one digit more than a mantissa holds
@example("", "0" * 40, "0" * 40, 5)
@example("", "1", None, 308)
def test_any_digits_with_any_point_and_power_are_read_as_float_reads_them(sign, whole, fraction, power):
    text = sign + whole + ("" if fraction is None else f".{fraction}") + ("" if power is None else f"e{power}")
    has_digits = whole or fraction
    if not has_digits or math.isinf(float(text)):
        assert parse_number(text.encode()) is None
    else:
        assert_reads(text)


@st.composite
def between_two_floats(draw):
    """(w, q): w * 10**q lies exactly half way between two neighbouring floats, in at most 19 digits or in many."""
    odd = draw(st.integers(2**52, 2**53 - 1)) * 2 + 1  # 54 bits: one more than a float has
    power = draw(st.integers(-20, 0))
    shift = draw(st.integers(0, 40))
    return (odd << shift) * 5**-power, power


@MANY
@given(between_two_floats(), st.integers(-1, 1))
def test_a_number_half_way_goes_to_the_even_side_and_its_neighbours_to_theirs(halfway, nudge):
    mantissa, power = halfway
    assert_reads(f"{mantissa + nudge}e{power}")
    assert_reads(f"-{mantissa * 100 + nudge}e{power - 2}")


@MANY
@given(st.integers(1, 2**64 - 1), st.integers(-70, 70))
def test_mantissas_of_64_bits_are_rounded_once(mantissa, power):
    assert_reads(f"{mantissa}e{power}")


@MANY
@given(st.text("0123456789+-.eE_xXnaifNI ,\t\x00", max_size=30))
@example("1_000")
@example("0x1p3")
@example("00000000000000000000x1")
@example("1e")
@example("1e+")
@example(".")
@example("nan")
@example("inf")
@example("1 ")
def test_what_is_no_plain_number_is_left_to_the_slow_path(text):
    if PLAIN.fullmatch(text) and math.isfinite(float(text)):
        assert_reads(text)
    else:
        assert parse_number(text.encode()) is None


def test_what_is_too_great_for_a_float_is_left_to_the_slow_path():
    for text in (b"1e400", b"-1e309", b"1.8e308", b"9" * 310):
        assert parse_number(text) is None


def test_what_is_too_small_is_zero_as_float_has_it():
    for text in ("1e-400", "-1e-400", "0." + "0" * 350 + "1", "1e-99999999999999999999"):
        assert_reads(text)


@pytest.mark.parametrize("text", [b"1" * 401, b"0." + b"0" * 500, b"1e" + b"0" * 500 + b"1"])
def test_a_number_of_hundreds_of_digits_is_left_to_the_slow_path(text):
    assert parse_number(text) is None


def test_no_locale_changes_what_a_number_means(tmp_path):
    try:
        subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system cannot make a locale with a decimal comma: it has no localedef or no source of de_DE")
    program = """
import locale
from cadent.accumulate._lines import parse_number
locale.setlocale(locale.LC_NUMERIC, "de_DE.UTF-8")
assert locale.localeconv()["decimal_point"] == ","
assert parse_number(b"0.5") == 0.5
for text in (b"0.123456789012345678901234567890", b"123456789012345678901234567890.5", b"1.5e-300"):
    assert parse_number(text) in (None, float(text)), text
assert parse_number(b"1,5") is None
"""
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "LOCPATH": str(tmp_path)})

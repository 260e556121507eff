"""The kernel's reading of lines equals the slow path's, whatever the lines are and however the bytes are cut."""

import importlib.machinery
import random

import pytest
from cadent.accumulate import _lines
from cadent.accumulate.accumulator import Accumulator
from cadent.accumulate.limits import Limits
from cadent.schema.path import MAX_PATH_BYTES
from cadent.schema.policy import Policies, Policy
from cadent.schema.resolution import Ladder
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain_fold import NOW, Gathered, PlainFold, PlainStream, feed_all

SINGLE = Policies.single(Ladder.parse("10s:1h,1m:1d"))
SEVERAL = Policies(
    (
        Policy("fast", Ladder.parse("1s:1h,10s:1d"), r"^srv\."),
        Policy("flat", Ladder.parse("1h:7d"), r"é|;"),
        Policy("default", Ladder.parse("10s:2h,1m:1d")),
    )
)
GOOD = b"good.path 7 %d" % NOW


def test_the_kernel_under_test_is_the_compiled_one():
    assert _lines.__file__.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))


def pieces(data, sizes):
    """``data`` cut at these sizes, over and over."""
    at = turn = 0
    while at < len(data):
        yield data[at : at + sizes[turn % len(sizes)]]
        at, turn = at + sizes[turn % len(sizes)], turn + 1


def assert_folds_alike(policies, data, sizes):
    accumulator = Accumulator(policies, Limits(), 0, NOW, newest=NOW)
    fold = PlainFold(policies)
    stream, plain = accumulator.open(), PlainStream(fold)
    for piece in pieces(data, sizes):
        feed_all(stream, piece)
        plain.feed(piece)
    stream.close()
    plain.close()

    gathered = Gathered(accumulator)
    still_open = gathered.bits()
    assert still_open == fold.bits()
    gathered.drain()
    assert gathered.bits() == still_open
    assert [gathered.names[path_id] for path_id in range(len(gathered.names))] == fold.paths
    counters = accumulator.counters()
    assert counters.refused == dict(fold.refused)
    assert counters.folded == fold.folded
    assert counters.received == fold.folded + fold.refused.total()
    assert counters.paths == len(fold.paths)


# -- every kind of line --------------------------------------------------------------------------------------------------

LINES = {
    b"": None,
    b"\r": None,
    b"   ": None,
    b"a.b 1 %d": "taken",
    b"a.b 1 %d\r": "taken",
    b"a.b  1\t%d": "taken",
    b" a.b 1 %d": "taken",
    b"a.b 1 %d ": "taken",
    b"a.b 1 %d.75": "taken",
    b"a.b 1 %d." + b"0" * 40: "taken",
    b"a.b 1 1.7e9": "taken",
    b"a.b 1 -1": "taken",
    b"a.b 1 N": "taken",
    b"a.b +1.5E+3 %d": "taken",
    b"a.b " + b"0" * 600 + b"1 %d": "taken",
    b"..a.b 1 %d": "taken",
    b"a/../b 1 %d": "path_segment",
    b"/etc/passwd 1 %d": "taken",
    b"a\\b 1 %d": "taken",
    b"a{b,c}.*.d?[e] 1 %d": "taken",
    b"a;z=1;k=2 1 %d": "taken",
    b"disk.\xc3\xa9 1 %d": "taken",
    b"a" * MAX_PATH_BYTES + b" 1 %d": "taken",
    b"a.b": "fields",
    b"a.b 1": "fields",
    b"a.b %d": "fields",
    b"a.b 1 %d extra": "fields",
    b"a.b nan %d": "value",
    b"a.b inf %d": "value",
    b"a.b -infinity %d": "value",
    b"a.b 1e400 %d": "value",
    b"a.b 0x1F %d": "value",
    b"a.b 1_0 %d": "value",
    b"a.b 1,5 %d": "value",
    b"a.b text %d": "value",
    b"a.b 1\x00 %d": "value",
    b"a.b 1 -5": "time",
    b"a.b 1 soon": "time",
    b"a.b 1 %d\x00": "time",
    b"a.b 1 %d000": "too_new",
    b"a.b 1 4294967296": "too_new",
    b"a.b 1 99999999999999999999": "too_new",
    b"a.b 1 0": "too_old",
    b" 1 %d": "fields",
    b". 1 %d": "path_empty",
    b"... 1 %d": "path_empty",
    b"a..b 1 %d": "path_segment",
    b"a.b. 1 %d": "path_segment",
    b"a\x00b 1 %d": "path_control",
    b"a\x1bb 1 %d": "path_control",
    b"a\x7fb 1 %d": "path_control",
    b"a\xc2\x85b 1 %d": "path_control",
    b"a\rb 1 %d": "path_control",
    b"\xff\xfe.a 1 %d": "path_encoding",
    b"a\xed\xa0\x80 1 %d": "path_encoding",
    b"a;k 1 %d": "path_tag",
    b"a;=v 1 %d": "path_tag",
    b"a" * (MAX_PATH_BYTES + 1) + b" 1 %d": "path_length",
    b"a" * 5_000 + b" 1 %d": "path_length",
    b"a.b 1 %d" + b" " * 8_192: "line_length",
    b"a" * 100_000: "line_length",
    b"a.b 1e" + b"0" * 9_000 + b"1 %d": "line_length",  # the number is fine, but for its length
    b"a.b 1 " + b"0" * 9_000 + b"%d": "line_length",
    b"a.b 1 %d." + b"0" * 9_000: "line_length",
}


@pytest.mark.parametrize("size", [1, 7, 64, 65_536])
@pytest.mark.parametrize("number", range(len(LINES)), ids=[repr(line[:30]) for line in LINES])
def test_a_line_between_two_good_ones_is_taken_or_refused_by_its_reason(number, size):
    text, outcome = list(LINES.items())[number]
    line = text % NOW if b"%d" in text else text
    accumulator = Accumulator(SINGLE, Limits(), 0, NOW, newest=NOW)
    stream = accumulator.open()
    for piece in pieces(b"\n".join([GOOD, line, GOOD, b""]), [size]):
        assert stream.feed(piece) == len(piece)

    counters = accumulator.counters()
    assert counters.folded == (3 if outcome == "taken" else 2)
    assert counters.refused == ({} if outcome in ("taken", None) else {outcome: 1})
    assert counters.paths == (2 if outcome == "taken" else 1)


# -- differential fuzz ---------------------------------------------------------------------------------------------------

PATHS = [
    *(b"srv.web-%04d.cpu.core%02d.user" % (host, host % 16) for host in range(20)),
    *(b"x" * size for size in (1, 7, 8, 9, 15, 16, 17, 55, 56, 57, 1_023, 1_024)),
    *("é.ü%d".encode() % number for number in range(3)),
    b"disk;host=a;dc=b",
    b"disk;dc=b;host=a",
    b"..a.b",
    b"a.b",
    b"a.{b}",
    b"~a;k=v",
]
VALUES = [
    b"0",
    b"-0",
    b"-0.0",
    b"1",
    b"42.125",
    b"-7e-3",
    b"1e308",
    b"5e-324",
    b"9007199254740993",
    b"0.1",
    b"123456789012345678901",
]
TIMES = [b"%d" % (NOW + offset) for offset in (0, 1, 9, -3, -60, -3_600, -3_601, -86_400, -86_401, 600, 601)]
TIMES += [b"-1", b"N", b"%d.5" % NOW, b"1.7e9"]
ODD = b' \t\r\x00\x01\x7f\xff\xc3.-+eE0123456789nxaif_;=#*"\x0b\x0c\x1c\x85'

plain_lines = st.tuples(st.sampled_from(PATHS), st.sampled_from(VALUES), st.sampled_from(TIMES)).map(b" ".join)


@st.composite
def mutated_lines(draw):
    line = draw(plain_lines)
    at = draw(st.integers(0, len(line) - 1))
    return line[:at] + bytes([draw(st.sampled_from(ODD))]) + line[at + draw(st.integers(0, 1)) :]


lines = st.one_of(plain_lines, plain_lines, mutated_lines(), st.binary(max_size=40))
cuts = st.lists(st.integers(1, 200), min_size=1, max_size=5) | st.just([65_536])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([SINGLE, SEVERAL]), st.lists(lines, max_size=60), st.sampled_from([b"\n", b"\r\n"]), cuts)
@example(SINGLE, [b"a 1 %d" % NOW] * 200, b"\n", [65_536])
def test_lines_fold_as_a_plain_reading_folds_them(policies, batch, newline, sizes):
    assert_folds_alike(policies, newline.join(batch), sizes)


def random_line(rng):
    line = b" ".join([rng.choice(PATHS), repr(rng.gauss(0, 10.0 ** rng.randrange(-20, 20))).encode(), rng.choice(TIMES)])
    kind = rng.random()
    if kind < 0.10:
        at = rng.randrange(len(line))
        return line[:at] + bytes([rng.choice(ODD)]) + line[at + rng.randrange(2) :]
    if kind < 0.15:
        first, last = sorted((rng.randrange(len(line)), rng.randrange(len(line))))
        return line[:first] + line[last:]
    if kind < 0.17:
        return rng.randbytes(rng.randrange(12_000))
    if kind < 0.20:
        return rng.choice([b"", b" ", b"\r", b"a.b 1e" + b"0" * 8_190 + b"1 %d" % NOW])
    return line + rng.choice([b"", b"", b"\r"])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("policies", [SINGLE, SEVERAL], ids=["single", "several"])
def test_thousands_of_random_lines_fold_as_a_plain_reading_folds_them(policies, seed):
    rng = random.Random(seed)
    data = b"\n".join(random_line(rng) for _ in range(3_000))
    assert_folds_alike(policies, data, rng.choice([[1, 2, 3], [7, 64], [1_000, 5, 8_192], [65_536]]))

"""docs/formats/chunk.md is true: a decoder written from the page alone reads its example and all that the kernel writes."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from cadent.codec import chunk
from cadent.schema.grid import Grid
from cadent.schema.identity import Mode
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = (Path(__file__).parents[2] / "docs/formats/chunk.md").read_text()
WORD = 2**64


# -- the decoder of the page: plain Python, one value at a time ----------------------------------------------------------


def signed(word):
    """The int64 of 64 bits."""
    return (word + WORD // 2) % WORD - WORD // 2


def unzigzag(number):
    return number // 2 if number % 2 == 0 else -(number + 1) // 2


def float_of(bits):
    return struct.unpack("<d", struct.pack("<Q", bits % WORD))[0]


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def ordered(value):
    bits = bits_of(value)
    return bits if bits < WORD // 2 else WORD // 2 - 1 - bits


def from_ordered(order):
    return float_of(order if order >= 0 else WORD // 2 - 1 - order)


class Bytes:
    """The bytes of a chunk, read from the front."""

    def __init__(self, data):
        self.data = data

    def byte(self):
        byte, self.data = self.data[0], self.data[1:]
        return byte

    def varint(self):
        byte = self.byte()
        return byte if byte < 128 else byte - 128 + 128 * self.varint()

    def bitmap(self, n):
        size = (n + 7) // 8
        bits, self.data = int.from_bytes(self.data[:size], "little"), self.data[size:]
        return [bits >> i & 1 for i in range(n)]

    def rice(self, n):
        bits, values, k = Bits(self.data), [], None
        for block in range(0, n, 64):
            if k is None or bits.take(1) == 0:
                k = bits.take(6)
            values += [0 if k == 63 else bits.rice(k) for _ in range(block, min(block + 64, n))]
        self.data = self.data[(bits.used + 7) // 8 :]
        return values


class Bits:
    """The bits of some bytes, lowest first."""

    def __init__(self, data):
        self.bits = int.from_bytes(data, "little")
        self.used = 0

    def take(self, width):
        value = self.bits >> self.used & (1 << width) - 1
        self.used += width
        return value

    def rice(self, k):
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
        if zeros == 20:
            return self.take(self.take(6) + 1)
        return (zeros << k) + self.take(k)


def read_mask(data, n):
    count = data.varint()
    if count == 0:
        return data.bitmap(n)
    mask = []
    for i, run in enumerate(data.rice(count)):
        mask += [1 - i % 2] * run
    return mask + [1 - count % 2] * (n - len(mask))


def read_column(data, n, reference=None):
    head = data.byte()
    shift, low = (data.byte(), data.varint()) if head & 0x80 else (0, 0)
    return [signed((x << shift) | low) for x in read_values(data, n, head & 15, reference)]


def read_values(data, n, predictor, reference):
    if predictor == 0:
        return [unzigzag(data.varint())] * n
    parameter = unzigzag(data.varint()) if predictor in (1, 2) else None
    if predictor == 1:
        return [signed(parameter + unzigzag(u)) for u in data.rice(n)]
    if predictor == 5:
        return [signed(r + unzigzag(u)) for r, u in zip(reference, data.rice(n), strict=True)]
    x = [unzigzag(data.varint())]
    average = signed(x[0] * 16)
    for i, u in enumerate(data.rice(n - 1)):
        if predictor == 2:
            expected = x[i] + parameter
        elif predictor == 3:
            expected = x[i] + (x[i] - x[i - 1] if i else 0)
        else:
            expected = average >> 4
        x.append(signed(expected + unzigzag(u)))
        average = signed(average + (signed(x[-1] * 16 - average) >> 3))
    return x


def read_group(data, columns, n, counts=None):
    head = data.byte()
    raw = head == 0x3F
    scale = float(10 ** (head & 15))
    values, reference = [], None
    for column in range(columns):
        size = data.varint() if column else None
        before = len(data.data)
        x = read_column(data, n, reference)
        if columns == 4 and column == 0:
            reference = means(x, counts, raw)
        floats = [from_ordered(i) if raw else float(i) / scale for i in x]
        if not raw and head & 0x40:
            floats = [float_of(bits_of(value) + unzigzag(u)) for value, u in zip(floats, data.rice(n), strict=True)]
        values.append(floats)
        assert size in {None, before - len(data.data)}
    return values


def means(sums, counts, raw):
    if raw:
        return [ordered(from_ordered(total) / float(count)) for total, count in zip(sums, counts, strict=True)]
    return [round(float(total) / float(count)) for total, count in zip(sums, counts, strict=True)]


def read_chunk(data, slots):
    """{slot: (count, sum, min, max, last)}"""
    data = Bytes(data)
    flags = data.byte()
    present = [1] * slots if flags & 1 else read_mask(data, slots)
    at = [slot for slot in range(slots) if present[slot]]
    single = [flags >> 1 & 1] * len(at) if flags & 6 else read_mask(data, len(at))
    points = {}
    singles = [slot for slot, one in zip(at, single, strict=True) if one]
    if singles:
        (values,) = read_group(data, 1, len(singles))
        points |= {slot: (1, value, value, value, value) for slot, value in zip(singles, values, strict=True)}
    multis = [slot for slot, one in zip(at, single, strict=True) if not one]
    if multis:
        counts = read_column(data, len(multis))
        total, low, high, last = read_group(data, 4, len(multis), counts)
        points |= dict(zip(multis, zip(counts, total, low, high, last, strict=True), strict=True))
    assert not data.data
    return dict(sorted(points.items()))


# -- the page ------------------------------------------------------------------------------------------------------------


def example_bytes():
    """The second column of the example's table of bytes."""
    lines = re.findall(r"^\| *\d+ \| ((?:[0-9a-f]{2} ?)+)\|", PAGE, re.MULTILINE)
    return bytes.fromhex("".join(lines))


def example_points():
    """The rows of the example's table of points."""
    rows = re.findall(r"^\| (\d+) \| (\d+) \| ([-\d.]+) \| ([-\d.]+) \| ([-\d.]+) \| ([-\d.]+) \|$", PAGE, re.MULTILINE)
    return {int(slot): (int(count), *map(float, values)) for slot, count, *values in rows}


EXAMPLE_SLOTS = 8


def test_the_example_decodes_to_its_points():
    assert len(example_points()) == 7
    assert read_chunk(example_bytes(), EXAMPLE_SLOTS) == example_points()


def test_the_kernel_writes_the_example():
    grid = Grid.empty(0, 10, 1, EXAMPLE_SLOTS)
    for slot, point in example_points().items():
        for name, value in zip(("count", "sum", "min", "max", "last"), point, strict=True):
            getattr(grid, name)[0, slot] = value
    assert chunk.encode(grid)[0].hex() == example_bytes().hex()


def test_the_page_shows_the_directory():
    assert f"`{chunk.pack_directory().hex(' ')}`" in PAGE


# -- the kernel ----------------------------------------------------------------------------------------------------------


SHAPES_OF_DATA = {
    "constant": lambda rng, n: np.full(n, 0.1),
    "decimals": lambda rng, n: np.round(rng.normal(0, 3, n), 2),
    "walk": lambda rng, n: np.round(rng.normal(0, 3, n).cumsum(), 1),
    "counter": lambda rng, n: rng.integers(40, 50, n).cumsum() * 1.0,
    "accelerating": lambda rng, n: rng.integers(0, 5, n).cumsum().cumsum() * 1.0,
    "pages": lambda rng, n: rng.integers(0, 100, n) * 4096.0 + 8,
    "level": lambda rng, n: rng.integers(0, 4, n) + 1000.0,
    "noise": lambda rng, n: rng.poisson(30, n) / 10,
    "off by ulps": lambda rng, n: np.round(rng.random(n), 2) * 3,
    "full precision": lambda rng, n: rng.normal(0, 1, n) * 10.0 ** rng.integers(-300, 300),
    "odd ones": lambda rng, n: np.where(rng.random(n) < 0.04, rng.choice([-0.0, np.inf, 1 / 3], n), np.round(rng.random(n), 1)),
}


def grid_of(rng, kind, slots, most, presence):
    count = rng.integers(1, most + 1, slots) * (rng.random(slots) < presence)
    first, *others = (SHAPES_OF_DATA[kind](rng, slots) for _ in range(4))
    low = np.minimum.reduce([first, *others])
    high = np.maximum.reduce([first, *others])
    columns = [np.where(count == 1, first, column) for column in (low * count + others[0], low, high, others[1])]
    return Grid(0, 10, count[None], *(np.where(count == 0, np.nan, column)[None] for column in columns))


@pytest.mark.parametrize("kind", SHAPES_OF_DATA)
@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 2, 9, 64, 65, 200]),
    st.sampled_from([1, 2, 50]),
    st.sampled_from([1, 0.9, 0.4, 0.02]),
)
def test_all_that_the_kernel_writes_reads_by_the_page(kind, seed, slots, most, presence):
    grid = grid_of(np.random.default_rng(seed), kind, slots, most, presence)
    data, _ = chunk.encode(grid)
    want = {
        int(slot): tuple(getattr(grid, name)[0, slot].item() for name in ("count", "sum", "min", "max", "last"))
        for slot in np.flatnonzero(grid.count[0])
    }
    got = read_chunk(data, slots) if data else {}
    assert got == want
    assert str(got) == str(want)  # tells -0.0 from 0.0


def test_the_kernel_reads_what_only_the_page_allows():
    """A level where all values are equal: the encoder would have taken a constant."""
    data = bytes.fromhex("02 00 05 00 01 0a 3f".replace(" ", ""))
    into = Grid.empty(0, 10, 1, 3)
    chunk.decode(data, np.array([[0, len(data)]]), np.array([0]), 3, into, 0, Mode.ADD)
    assert {slot: point[1] for slot, point in read_chunk(data, 3).items()} == {0: 5.0, 2: 5.0}
    np.testing.assert_array_equal(into.sum, [[5.0, np.nan, 5.0]])

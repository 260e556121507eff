"""The kernel of strips against the page's rules in plain Python, and against bytes that make no sense."""

import numpy as np
import pytest
from cadent.stores.files import _strips
from hypothesis import given
from hypothesis import strategies as st

CHUNKS = st.binary(min_size=1, max_size=300)


@st.composite
def tables(draw):
    """(number of parts, [{part: chunk}]): strips of at least a chunk each."""
    parts = draw(st.integers(1, 40))
    strip = st.dictionaries(st.integers(0, parts - 1), CHUNKS, min_size=1, max_size=10)
    return parts, draw(st.lists(strip, max_size=8))


def varint(number):
    return bytes([number]) if number < 128 else bytes([number % 128 + 128]) + varint(number // 128)


def plain_strip(chunks, parts):
    """As the page has it."""
    present = sorted(chunks)
    if parts == 1:
        return chunks[0]
    mask = sum(1 << part for part in present).to_bytes((parts + 7) // 8, "little")
    lengths = b"".join(varint(len(chunks[part])) for part in present[:-1])
    return mask + lengths + b"".join(chunks[part] for part in present)


def array(rows, columns):
    return np.array(rows, np.int64).reshape(-1, columns)


def join(strips, parts):
    """Each chunk from a source of its own, between other bytes."""
    sources, rows = [], []
    for number, chunks in enumerate(strips):
        for part in sorted(chunks):
            rows.append((number, part, 2, 2 + len(chunks[part]), len(sources)))
            sources.append(np.frombuffer(b"<<" + chunks[part] + b">", np.uint8))
    ends = np.empty(len(strips), np.int64)
    return _strips.join(sources, array(rows, 5), parts, ends), ends


def locate(data, strips, wanted):
    """[(strip, part, chunk)]"""
    found = np.empty((len(strips) * max(1, len(wanted)), 4), np.int64)
    n = _strips.locate(np.frombuffer(data, np.uint8), array(strips, 2), np.array(wanted, np.uint8), found)
    return [(strip, part, data[begin:end]) for strip, part, begin, end in found[:n].tolist()]


@given(tables())
def test_strips_are_written_as_the_page_has_them(table):
    parts, strips = table
    data, ends = join(strips, parts)
    plain = [plain_strip(chunks, parts) for chunks in strips]
    assert data == b"".join(plain)
    assert ends.tolist() == np.cumsum([len(strip) for strip in plain]).tolist()


@given(tables(), st.data())
def test_the_wanted_chunks_are_found(table, data):
    parts, strips = table
    wanted = data.draw(st.lists(st.booleans(), min_size=parts, max_size=parts)) if parts > 1 else [True]
    joined, ends = join(strips, parts)
    ranges = list(zip([0, *ends.tolist()], ends.tolist(), strict=False))
    chosen = data.draw(st.permutations(range(len(strips))))
    assert locate(joined, [ranges[number] for number in chosen], wanted) == [
        (at, part, strips[number][part]) for at, number in enumerate(chosen) for part in sorted(strips[number]) if wanted[part]
    ]


def located_by_the_page(strip, parts):
    """[(part, chunk)], or None for bytes that make no sense."""
    size = (parts + 7) // 8
    if len(strip) < size:
        return None
    mask = int.from_bytes(strip[:size], "little")
    present, at, lengths = [part for part in range(8 * size) if mask >> part & 1], size, []
    if not present or present[-1] >= parts:
        return None
    for _ in present[1:]:
        length = 0
        for shift in range(0, 35, 7):
            if at == len(strip):
                return None
            length |= (strip[at] & 127) << shift
            at += 1
            if strip[at - 1] < 128:
                break
        else:
            return None
        lengths.append(length)
    lengths.append(len(strip) - at - sum(lengths))
    if min(lengths) <= 0:
        return None
    ends = np.cumsum([at, *lengths]).tolist()
    return [(part, strip[begin:end]) for part, begin, end in zip(present, ends, ends[1:], strict=False)]


@given(st.integers(2, 40), st.binary(min_size=1, max_size=80))
def test_any_bytes_are_read_as_the_page_has_them_or_refused(parts, strip):
    want = located_by_the_page(strip, parts)
    data = b"\xff" + strip + b"\x01\x01"  # what lies around it is not looked at
    if want is None:
        with pytest.raises(ValueError, match="strip 0 at byte 1: "):
            locate(data, [(1, 1 + len(strip))], [1] * parts)
    else:
        assert locate(data, [(1, 1 + len(strip))], [1] * parts) == [(0, *one) for one in want]


@pytest.mark.parametrize(
    ("strip", "reason"),
    [
        (b"\x00\x05", "its mask names no part"),
        (b"\x08\x05", "or one that is not there"),
        (b"\x03", "end too early"),
        (b"\x03\x80", "end too early"),
        (b"\x03\x05aaaa", "end too early"),
        (b"\x03\x04aaaa", "an empty chunk"),
        (b"\x03\x00aaaa", "an empty chunk"),
        (b"\x03\x81\x80\x80\x80\x80\x00aaaa", "end too early"),
    ],
)
def test_a_strip_that_makes_no_sense_is_refused(strip, reason):
    with pytest.raises(ValueError, match=reason):
        locate(strip, [(0, len(strip))], [1] * 3)


@pytest.mark.parametrize("strips", [[(0, 9)], [(-1, 2)], [(3, 2)], [(2, 2)], [(0, 2**62)]])
def test_strips_outside_the_data_are_refused(strips):
    with pytest.raises(ValueError, match="strip 0 is at"):
        locate(b"\x01aaaaaaa", strips, [1] * 3)


def test_too_little_room_is_refused():
    with pytest.raises(ValueError, match="room for 1 chunks"):
        _strips.locate(np.zeros(4, np.uint8), array([(0, 2), (2, 4)], 2), np.ones(1, np.uint8), np.empty((1, 4), np.int64))


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 0, 5, 0)],
        [(0, 0, 2, 2, 0)],
        [(0, 0, -1, 2, 0)],
        [(0, 0, 0, 2, 1)],
        [(0, 0, 0, 2, -1)],
        [(0, 3, 0, 2, 0)],
        [(0, -1, 0, 2, 0)],
        [(0, 1, 0, 2, 0), (0, 1, 0, 2, 0)],
        [(0, 1, 0, 2, 0), (0, 0, 0, 2, 0)],
        [(1, 0, 0, 2, 0)],
        [(0, 0, 0, 2, 0), (2, 0, 0, 2, 0)],
        [(0, 0, 0, 2, 0), (1, 0, 0, 2, 0)],
        [],
    ],
)
def test_chunks_that_cannot_be_joined_are_refused(rows):
    """One strip of a block of three parts, from four bytes."""
    with pytest.raises(ValueError, match="chunk"):
        _strips.join([np.zeros(4, np.uint8)], array(rows, 5), 3, np.empty(1, np.int64))


def test_nothing_joined_is_nothing():
    assert _strips.join([], array([], 5), 3, np.empty(0, np.int64)) == b""

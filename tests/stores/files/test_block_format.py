"""docs/formats/block.md is true: a decoder written from the page alone reads its example and all that a store writes."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from cadent.codec import chunk
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.protocols import Slice

PAGE = (Path(__file__).parents[3] / "docs/formats/block.md").read_text()
LEVEL = Level("default", 10)
START = 1_700_002_800


# -- the decoder of the page ---------------------------------------------------------------------------------------------


def padded(size):
    return (size + 7) // 8 * 8


def read_block(data):
    """(header, column directory, {id: {(first slot, slots): chunk}})"""
    magic, version, size, start, slots, mode, first, last, n, group, w, index_crc, strip_bytes, *lengths, p = struct.unpack_from(
        "<8sIIqIIQQIIIIQHHHH", data
    )
    assert (magic, version) == (b"CDNT.BLK", 1)
    assert size == padded(80 + sum(lengths) + 4)
    assert struct.unpack_from("<I", data, size - 4)[0] == zlib.crc32(data[: size - 4])
    texts, at = [], 80
    for length in lengths:
        texts.append(data[at : at + length])
        at += length
    level, writer, directory = texts
    index = data[size + padded(strip_bytes) :]
    assert index_crc == zlib.crc32(index)
    strips = read_strips(data[size : size + strip_bytes], index, n, w, group, p)
    return (level.decode(), writer.decode(), start, slots, mode, first, last), directory, strips


def read_strips(strips, index, n, w, group, p):
    ids = struct.unpack_from(f"<{n}I", index)
    offsets = struct.unpack_from(f"<{n + 1}{'I' if w == 4 else 'Q'}", index, padded(4 * n))
    groups = -(-n // group)
    checksums_at = padded(4 * n) + padded(w * (n + 1))
    checksums = struct.unpack_from(f"<{groups}I", index, checksums_at)
    parts_at = checksums_at + padded(4 * groups)
    parts = [struct.unpack_from("<II", index, parts_at + 8 * part) for part in range(p)]
    assert len(index) == parts_at + 8 * p
    assert parts == sorted(set(parts))
    assert (offsets[0], offsets[-1]) == (0, len(strips))
    for number, crc in enumerate(checksums):
        assert crc == zlib.crc32(strips[offsets[number * group] : offsets[min(number * group + group, n)]])
    assert list(ids) == sorted(set(ids))
    return {id_: read_strip(strips[begin:end], parts) for id_, begin, end in zip(ids, offsets, offsets[1:], strict=False)}


def read_strip(strip, parts):
    if len(parts) == 1:
        return {parts[0]: strip}
    at = (len(parts) + 7) // 8
    present = [part for i, part in enumerate(parts) if strip[i // 8] >> i % 8 & 1]
    assert not strip[at - 1] >> ((len(parts) - 1) % 8 + 1)
    lengths = []
    for _ in present[1:]:
        length, shift = 0, 0
        while True:
            length |= (strip[at] & 127) << shift
            shift += 7
            at += 1
            if strip[at - 1] < 128:
                break
        lengths.append(length)
    chunks = {}
    for part, length in zip(present, [*lengths, len(strip) - at - sum(lengths)], strict=True):
        assert length > 0
        chunks[part] = strip[at : at + length]
        at += length
    return chunks


# -- the page ------------------------------------------------------------------------------------------------------------


def example():
    lines = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ){1,16})", PAGE, re.MULTILINE)
    return bytes.fromhex("".join(lines))


def points_of(chunks, start=START):
    """All points of a strip. What tests/codec/test_chunk_format.py shows how to read."""
    points = []
    for (first, slots), data in chunks.items():
        into = Grid.empty(start + first * 10, 10, 1, slots)
        chunk.decode(data, np.array([[0, len(data)]]), np.array([0]), slots, into, 0, Mode.ADD)
        points += [(point.time, point.count, point.sum, point.min, point.max, point.last) for point in into.points(0)]
    return sorted(points)


EXAMPLE = {
    3: [(START, 1, 1.5, 1.5, 1.5, 1.5), (START + 10, 1, 2.0, 2.0, 2.0, 2.0)],
    9: [(START, 1, 4.0, 4.0, 4.0, 4.0), (START + 10, 1, 0.5, 0.5, 0.5, 0.5)],
    70: [(START, 2, 5.0, 1.0, 4.0, 4.0)],
}


def test_the_example_decodes_to_its_points():
    header, directory, strips = read_block(example())
    assert header == ("default/10", "w", START, 2, 0, 7, 9)
    assert directory == chunk.pack_directory()
    assert {id_: points_of(chunks) for id_, chunks in strips.items()} == EXAMPLE
    assert {part for chunks in strips.values() for part in chunks} == {(0, 2)}


def test_a_store_writes_the_example(store, tmp_path):
    grid = Grid.empty(START, 10, 3, 2)
    for row, points in enumerate(EXAMPLE.values()):
        for time, *point in points:
            for name, value in zip(("count", "sum", "min", "max", "last"), point, strict=True):
                getattr(grid, name)[row, (time - START) // 10] = value
    store.seal(LEVEL, 9, [Slice(LEVEL, Identity("w", 7, 9), np.array(list(EXAMPLE), np.uint32), grid)])
    (file,) = (tmp_path / "default" / "10").iterdir()
    assert file.name in PAGE
    assert file.read_bytes().hex(" ") == example().hex(" ")


# -- what is written -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paths", [1, 15, 16, 17, 100])
@pytest.mark.parametrize("paths_a_slice", [1, 7, 16, 100])
def test_all_that_a_store_writes_reads_by_the_page(store, piece, tmp_path, paths, paths_a_slice):
    rng = np.random.default_rng(paths)
    values = {int(id_): rng.normal(size=3).round(2).tolist() for id_ in np.sort(rng.permutation(1000)[:paths])}
    ids = list(values)
    parts = [ids[first : first + paths_a_slice] for first in range(0, paths, paths_a_slice)]
    store.seal(LEVEL, 5, (piece({id_: values[id_] for id_ in part}, 5, mode=Mode.REPLACE) for part in parts))
    (file,) = (tmp_path / "default" / "10").iterdir()
    header, _, strips = read_block(file.read_bytes())
    assert header == ("default/10", "w", START, 360, 1, 5, 5)
    assert {id_: [point[2] for point in points_of(chunks)] for id_, chunks in strips.items()} == values


@pytest.mark.parametrize("hours", [2, 8, 9, 17])
def test_a_merged_block_reads_by_the_page(store, piece, tmp_path, hours):
    """Noise is neither small nor constant: its chunks are copied. Each hour lacks one of the ids."""
    rng = np.random.default_rng(hours)
    values = {}
    for hour in range(hours):
        some = {id_: rng.normal(size=360).round(2).tolist() for id_ in range(20) if id_ != hour}
        values |= {(id_, hour): of_id for id_, of_id in some.items()}
        store.seal(LEVEL, hour + 1, [piece(some, hour + 1, START + 3600 * hour)])
    store.merge(LEVEL, store.snapshot().sets(LEVEL))
    (file,) = (tmp_path / "default" / "10").iterdir()
    header, _, strips = read_block(file.read_bytes())
    assert header == ("default/10", "w", START, 360 * hours, 0, 1, hours)
    assert {part for chunks in strips.values() for part in chunks} == {(360 * hour, 360) for hour in range(hours)}
    got = {id_: [point[2] for point in points_of(chunks)] for id_, chunks in strips.items()}
    assert got == {id_: [value for hour in range(hours) for value in values.get((id_, hour), [])] for id_ in range(20)}


@pytest.mark.parametrize("width", [4, 8])
def test_offsets_of_either_width_are_read(store, piece, open_store, sums, tmp_path, width):
    """Eight bytes are for chunks of 4 GB and more: here a small block is written anew with them."""
    store.seal(LEVEL, 9, [piece({1: [1.0, 2.0], 5: [3.0]}, 9)])
    (file,) = (tmp_path / "default" / "10").iterdir()
    data = file.read_bytes()
    size, chunk_bytes = struct.unpack_from("<I", data, 12)[0], struct.unpack_from("<Q", data, 64)[0]
    begin = size + padded(chunk_bytes)
    offsets = struct.pack(f"<3{'I' if width == 4 else 'Q'}", *struct.unpack_from("<3I", data, begin + 8))
    index = data[begin : begin + 8] + offsets.ljust(padded(len(offsets)), b"\0") + data[begin + 24 :]
    header = bytearray(data[:size])
    struct.pack_into("<I", header, 56, width)
    struct.pack_into("<I", header, 60, zlib.crc32(index))
    struct.pack_into("<I", header, size - 4, zlib.crc32(header[: size - 4]))
    file.write_bytes(bytes(header) + data[size:begin] + index)
    assert sums(open_store(write=False).snapshot()) == {(1, 0): 1.0, (1, 1): 2.0, (5, 0): 3.0}

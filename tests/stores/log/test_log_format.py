"""docs/formats/log.md is true: a decoder written from the page alone reads its example and all that a log writes."""

import re
import struct
import zlib
from pathlib import Path

from cadent.schema.identity import Level
from cadent.schema.point import Point
from cadent.stores.layout import log_folder
from cadent.stores.log.writer import LogWriter
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = (Path(__file__).parents[3] / "docs/formats/log.md").read_text()
LEVEL = Level("default", 10)
START = 1_700_002_800


# -- the decoder of the page ---------------------------------------------------------------------------------------------


def padded(size):
    return (size + 7) // 8 * 8


def read_segment(data):
    """(header, [(sequence, time, batch, {id: (count, sum, min, max, last)})])"""
    magic, version, size, first, mode, level_bytes, writer_bytes = struct.unpack_from("<8sIIQIHH", data)
    assert (magic, version) == (b"CDNT.LOG", 1)
    assert size == padded(32 + level_bytes + writer_bytes + 4)
    assert struct.unpack_from("<I", data, size - 4)[0] == zlib.crc32(data[: size - 4])
    level, writer = data[32 : 32 + level_bytes].decode(), data[32 + level_bytes : 32 + level_bytes + writer_bytes].decode()
    return (level, writer, first, mode), list(read_rows(data, size))


def read_rows(data, at):
    ids = []
    while at < len(data) and data[at : at + 4] == b"LREC":
        kind, sequence, time, batch, n, m, size, crc, header_crc = struct.unpack_from("<IQqQIIQII", data, at + 4)
        assert header_crc == zlib.crc32(data[at : at + 52])
        payload = data[at + 56 : at + 56 + size]
        assert crc == zlib.crc32(payload)
        assert size % 8 == 0
        at += 56 + size
        if kind == 1:
            assert size == padded(4 * n)
            ids += struct.unpack_from(f"<{n}I", payload)
        else:
            yield sequence, time, batch, {ids[slot]: point for slot, point in read_row(kind, payload, n, m).items()}
    assert not any(data[at:])


def read_row(kind, payload, n, m):
    slots, cells_at = (range(n), 0) if kind == 2 else (struct.unpack_from(f"<{n}I", payload), padded(4 * n))
    cells = struct.unpack_from(f"<{n}Q", payload, cells_at)
    multis_at = cells_at + 8 * n
    assert len(payload) == multis_at + 40 * m
    columns = [struct.unpack_from(f"<{m}{type_}", payload, multis_at + 8 * m * i) for i, type_ in enumerate("qdddd")]
    multis = list(zip(*columns, strict=True))
    return {slot: point_of(cell, multis) for slot, cell in zip(slots, cells, strict=True) if cell != 0x7FF8 << 48}


def point_of(cell, multis):
    if cell >> 32 == 0xFFFC0000:
        return multis[cell & 0xFFFFFFFF]
    (value,) = struct.unpack("<d", struct.pack("<Q", cell))
    return 1, value, value, value, value


# -- the page ------------------------------------------------------------------------------------------------------------


def example():
    lines = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ){1,16})", PAGE, re.MULTILINE)
    return bytes.fromhex("".join(lines))


def test_the_example_decodes_to_its_points():
    assert read_segment(example()) == (
        ("default/10", "w", 7, 0),
        [
            (7, START, 0, {3: (1, 1.5, 1.5, 1.5, 1.5), 70: (2, 5.0, 1.0, 4.0, 4.0)}),
            (8, START + 10, 0xE0, {3: (1, 2.0, 2.0, 2.0, 2.0), 9: (1, 0.5, 0.5, 0.5, 0.5)}),
            (9, START, 0xE0, {9: (1, 4.0, 4.0, 4.0, 4.0)}),
        ],
    )


def test_a_log_writes_the_example(log, tmp_path, rows):
    log.append([rows({3: 1.5, 70: Point(START, 2, 5.0, 1.0, 4.0, 4.0)})], 7)
    log.append([rows({3: 2.0, 9: 0.5}, START + 10), rows({9: 4.0})], 8)
    log.roll()
    (file,) = log_folder(tmp_path, LEVEL).iterdir()
    assert file.name in PAGE
    assert file.read_bytes().hex(" ") == example().hex(" ")


# -- what is written -----------------------------------------------------------------------------------------------------

SAMPLES = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=3)
ROWS = st.tuples(st.integers(0, 359), st.dictionaries(st.integers(0, 2**32 - 1), SAMPLES, min_size=1, max_size=8))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ROWS, min_size=1, max_size=3), min_size=1, max_size=5))
def test_all_that_a_log_writes_reads_by_the_page(tmp_path_factory, rows, appends):
    folder = tmp_path_factory.mktemp("log")
    log = LogWriter(folder, LEVEL, "w")
    written = []
    for append in appends:
        batch = []
        for slot, samples in append:
            time = START + 10 * slot
            points = {id_: Point(time, len(s), sum(s), min(s), max(s), s[-1]) for id_, s in samples.items()}
            batch.append(rows(points, time))
            written.append((len(written) + 1, time, {id_: (p.count, p.sum, p.min, p.max, p.last) for id_, p in points.items()}))
        log.append(batch, len(written) - len(batch) + 1)
    (file,) = log_folder(folder, LEVEL).iterdir()
    _, read = read_segment(file.read_bytes())
    log.close()
    assert [(sequence, time, points) for sequence, time, _, points in read] == written

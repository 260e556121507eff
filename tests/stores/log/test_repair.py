"""What a writer, and a reader without one, make of a log that was cut short or changed on the disk."""

import struct
import zlib

import numpy as np
import pytest
from cadent.schema.errors import Damaged, StoreError
from cadent.schema.identity import Level, Mode
from cadent.schema.point import Point
from cadent.stores.layout import log_folder
from cadent.stores.log.folder import LogFiles
from cadent.stores.log.format import RECORD_BYTES, Kind, RecordHeader, SegmentHeader
from cadent.stores.log.reader import LogReader
from cadent.stores.log.segment import ALL_SEQUENCES, Segment

LEVEL = Level("default", 10)
START = 1_700_002_800

FIRST = [({1: 1.0, 2: 2.0, 3: 3.0}, START)]
SECOND = [
    ({1: 4.0, 3: Point(START + 10, 2, 9.0, 4.0, 5.0, 5.0), 40: 7.0}, START + 10),
    ({2: 8.0}, START + 20),
]


def points(rows):
    return {
        (id_, time): value if isinstance(value, Point) else Point.of(time, value)
        for row, time in rows
        for id_, value in row.items()
    }


@pytest.fixture
def written(log, tmp_path, rows):
    """(bytes, end of the first append, end of the second): a segment of the appends FIRST and SECOND."""
    ends = []
    for batch in (FIRST, SECOND):
        log.append([rows(row, time) for row, time in batch], log.last + 1)
        (file,) = log_folder(tmp_path, LEVEL).iterdir()
        segment = Segment(file)
        segment.verify()
        ends.append(segment.end)
    return file.read_bytes()[: ends[1]], *ends


@pytest.fixture
def place(tmp_path):
    """place(name, bytes): a data folder whose log has this one segment; the former one is gone."""

    def place(data, name=f"{1:016x}.log"):
        folder = tmp_path / "other"
        log_folder(folder, LEVEL).mkdir(parents=True, exist_ok=True)
        for file in log_folder(folder, LEVEL).iterdir():
            file.unlink()
        (log_folder(folder, LEVEL) / name).write_bytes(data)
        return folder

    return place


def whole_rows(data, cut):
    """How many rows of ``data`` are whole in its first ``cut`` bytes."""
    _, at = SegmentHeader.parse(data, "")
    rows = 0
    while (header := RecordHeader.parse(data, at)) is not None:
        at += RECORD_BYTES + header.size
        rows += header.kind != Kind.SLOTS and at <= cut
    return rows


TAILS = {
    "nothing": b"",
    "what was allocated ahead": bytes(500),
    "garbage": np.random.default_rng(3).bytes(500),
}


@pytest.mark.parametrize("tail", TAILS)
def test_a_torn_tail_is_cut_off(written, place, open_log, rows, read_log, tail):
    data, acknowledged, end = written
    for cut in range(acknowledged, end + 1):
        folder = place(data[:cut] + TAILS[tail])
        whole = whole_rows(data, cut)
        expected = points((FIRST + SECOND)[:whole])
        assert whole >= 1
        assert read_log(folder=folder) == expected
        log = open_log(folder)
        assert log.recover(0, 0) == whole
        if cut % 16 == 0:
            log.append([rows({50: 5.0}, START + 30)], whole + 1)
            expected |= points([({50: 5.0}, START + 30)])
        assert read_log(folder=folder) == expected
        log.close()


@pytest.mark.parametrize("tail", TAILS)
def test_a_first_append_that_was_cut_short_leaves_nothing(written, place, open_log, read_log, tail):
    data, first, _ = written
    for cut in range(first):
        folder = place(data[:cut] + TAILS[tail]) if cut >= 8 else place(data[:cut] + bytes(500))
        log = open_log(folder)
        assert log.recover(0, 0) == 0
        assert (read_log(folder=folder), list(log_folder(folder, LEVEL).iterdir())) == ({}, [])


def test_an_append_whose_first_header_is_missing_was_never_there(written, place, open_log, read_log):
    data, first, _ = written
    folder = place(data[:first] + bytes(RECORD_BYTES) + data[first + RECORD_BYTES :])
    assert open_log(folder).recover(0, 0) == 1
    assert read_log(folder=folder) == points(FIRST)


def test_a_flipped_bit_is_found_or_was_in_the_last_append(written, place, open_log, read_log):
    """The last append cannot be told from one that was cut short: what is left of it is whole."""
    data, acknowledged, end = written
    allowed = [points((FIRST + SECOND)[:rows]) for rows in (1, 2, 3)]
    for at in range(end):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        folder = place(flipped)
        log = open_log(folder)
        if at < acknowledged:
            with pytest.raises(Damaged) as caught:
                log.recover(0, 0)
            assert caught.value.offset <= at
        else:
            log.recover(0, 0)
            assert read_log(folder=folder) in allowed
        log.close()


def test_a_flipped_bit_between_whole_appends_is_found(written, place, open_log, rows):
    data, begin, end = written
    for at in range(begin, end):
        folder = place(data)
        log = open_log(folder)
        log.recover(0, 0)
        log.append([rows({2: 9.0}, START + 40)], 4)
        log.close()
        (file,) = log_folder(folder, LEVEL).iterdir()
        flipped = bytearray(file.read_bytes())
        flipped[at] ^= 1 << at % 8
        file.write_bytes(flipped)
        with pytest.raises(Damaged) as caught:
            open_log(folder).recover(0, 0)
        assert begin <= caught.value.offset <= at


def test_a_flipped_bit_in_a_closed_segment_is_found(written, place, open_log, rows):
    data, _, end = written
    for at in range(0, end, 3):
        folder = place(data)
        log = open_log(folder)
        log.recover(0, 0)
        log.roll()
        (segment,) = log.rolled()
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        segment.path.write_bytes(flipped)
        with pytest.raises(Damaged) as caught:
            segment.extents()
        assert caught.value.file == str(segment.path)
        assert caught.value.offset <= at
        log.close()


def test_a_flipped_bit_before_a_later_segment_is_found(written, place, open_log, rows):
    data, _, end = written
    for at in range(0, end, 3):
        flipped = bytearray(data)
        flipped[at] ^= 0x10
        folder = place(flipped)
        (log_folder(folder, LEVEL) / f"{4:016x}.log").write_bytes(data)
        with pytest.raises(Damaged):
            open_log(folder).recover(0, 0)


def test_a_missing_header_before_a_later_segment_is_found(written, place, open_log):
    folder = place(bytes(1000))
    (log_folder(folder, LEVEL) / f"{4:016x}.log").write_bytes(written[0])
    with pytest.raises(Damaged, match="header is missing"):
        open_log(folder).recover(0, 0)


def test_a_missing_header_of_a_segment_that_was_sealed_is_found(place, open_log):
    with pytest.raises(Damaged, match="header is missing"):
        open_log(place(bytes(1000))).recover(7, 7)


def test_a_reader_refuses_a_closed_segment_that_ends_early(log, tmp_path, rows, read_log):
    """It would leave out points that were acknowledged."""
    log.append([rows({1: 1.0}), rows({1: 2.0}, START + 10)], 1)
    log.append([rows({1: 3.0}, START + 3600)], 3)
    file = min(log_folder(tmp_path, LEVEL).iterdir())
    data = bytearray(file.read_bytes())
    data[-8 - 20] ^= 1  # in the header of the last record
    file.write_bytes(data)
    with pytest.raises(Damaged) as caught:
        read_log(through=3)
    assert (caught.value.file, caught.value.offset) == (str(file), len(data) - 8 - RECORD_BYTES)


def test_a_reader_refuses_new_slots_that_are_damaged(log, tmp_path, rows, read_log):
    log.append([rows({1: 1.0, 2: 2.0})], 1)
    (file,) = log_folder(tmp_path, LEVEL).iterdir()
    segment = Segment(file)
    with file.open("r+b") as opened:
        opened.seek(segment.end + RECORD_BYTES + 2)
        opened.write(b"\xff")
    with pytest.raises(Damaged) as caught:
        read_log(through=1)
    assert caught.value.offset == segment.end
    assert read_log() == {}


def test_a_cell_that_makes_no_sense_is_found(log, tmp_path, rows, read_log):
    row = rows({1: 1.0, 2: 2.0})
    row.cells[1] = 0xFFFC_0000_0000_0000  # an entry that the row has not
    log.append([row], 1)
    with pytest.raises(Damaged, match="neither a sample nor an entry"):
        read_log(through=1)


def test_a_later_version_is_refused_and_not_taken_for_damage(written, place, open_log):
    data = bytearray(written[0])
    size = struct.unpack_from("<I", data, 12)[0]
    struct.pack_into("<I", data, 8, 2)
    struct.pack_into("<I", data, size - 4, zlib.crc32(data[: size - 4]))
    with pytest.raises(StoreError, match="log format 2") as caught:
        open_log(place(data)).recover(0, 0)
    assert not isinstance(caught.value, Damaged)


def test_levels_are_those_with_a_log(log, tmp_path, rows):
    folder = LogFiles(tmp_path, "w")
    assert folder.levels() == []
    log.append([rows({1: 1.0})], 1)
    (tmp_path / "default" / "60").mkdir()
    assert folder.levels() == [LEVEL]
    assert folder.open(LEVEL).level == LEVEL


def test_a_reader_without_a_folder_finds_nothing(tmp_path, read_log):
    reader = LogReader(tmp_path, LEVEL)
    assert (read_log(), reader.span(0, ALL_SEQUENCES)) == ({}, None)


def test_replace_survives_recovery(log, open_log, rows, read_log):
    log.append([rows({1: 1.0})], 1)
    log.append([rows({1: 2.0})], 2, Mode.REPLACE)
    log.close()
    again = open_log()
    again.recover(0, 0)
    again.append([rows({1: 3.0})], 3, Mode.REPLACE)
    assert read_log() == {(1, START): Point.of(START, 3.0)}
    assert len(again.rolled()) == 1

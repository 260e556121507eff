"""Bytes of a log that are not what was written: they are found and named, and all that lies before them is served."""

import random
import struct
import zlib
from contextlib import suppress
from dataclasses import astuple
from itertools import accumulate

import numpy as np
import pytest
from cadent.schema.errors import Damaged, StoreError
from cadent.schema.grid import Grid
from cadent.schema.identity import Level, Mode
from cadent.schema.point import Point
from cadent.stores.log.format import RECORD_BYTES, RecordHeader, SegmentHeader
from cadent.stores.log.reader import LogReader
from cadent.stores.log.segment import ALL_SEQUENCES
from cadent.stores.log.writer import LogWriter
from damage import attempt, harm, trials

LEVEL = Level("default", 10)
START = 1_700_002_800
NEXT = {(7, START + 3_500): Point.of(START + 3_500, 4.0)}


def append_points(number):
    """Of the ``number``-th append: dense and sparse rows, new paths, points of several samples."""
    rng = random.Random(number)
    ids = range(number, 30) if number % 3 else [3 * number]
    time = START + 10 * number
    several = {id_: Point(time, 3, 6.0 + id_, 1.0, 3.0 + id_, 2.0) for id_ in ids if rng.random() < 0.2}
    return time, {id_: Point.of(time, float(number + id_)) for id_ in ids} | several


HEADER_BYTES = len(SegmentHeader(LEVEL, "w", Mode.ADD, 1).pack())
APPENDS = [append_points(number) for number in range(12)]


class Written:
    """A segment file, the byte at which each append ends, and what readers see after none, one, two, ... of them."""

    def __init__(self, log, folder, rows, merged):
        self.ends = []
        for sequence, (time, points) in enumerate(APPENDS, 1):
            log.append([rows(points, time)], sequence)
            self.ends.append(log._active.end)
        (self.file,) = (folder / "default" / "10" / "log").glob("*.log")
        self.sound = self.file.read_bytes()[: self.ends[-1] + 4_096]  # with some of what is allocated ahead
        points = [{(id_, time): point for id_, point in row.items()} for time, row in APPENDS]
        self.seen = [{}, *accumulate(points, merged)]

    def whole_before(self, at):
        """How many appends end before byte ``at``."""
        return sum(end <= at for end in self.ends)

    def untouched(self, harmed, most):
        """Of the first ``most`` appends those none of whose bytes is another one."""
        begins = [0, *self.ends]
        places = zip(APPENDS[:most], begins, self.ends, strict=False)
        return [append for append, begin, end in places if end <= harmed.at or begin >= harmed.end]


@pytest.fixture
def written(log, tmp_path, rows, merged):
    return Written(log, tmp_path, rows, merged)


def names_its_place(error, written, harmed):
    return error.file == str(written.file) and 0 <= error.offset <= max(len(harmed.data), len(written.sound))


def test_a_reader_sees_whole_appends_from_the_first_on_or_names_the_damage(written, read_log):
    """What is behind the damage is not told from what was never written to its end, as nobody vouches for it."""
    for rng in trials(1):
        harmed = harm(written.sound, rng)
        written.file.write_bytes(harmed.data)
        seen, error = attempt(read_log)
        if error:
            assert names_its_place(error, written, harmed), (harmed.how, harmed.at, error)
        else:
            assert seen in written.seen[written.whole_before(harmed.at) :], (harmed.how, harmed.at)


def read_grid(folder, through):
    """All points that a new reader finds, as arrays; row i is id i."""
    into = Grid.empty(START, LEVEL.step_s, 100, 360)
    LogReader(folder, LEVEL).read(np.arange(100, dtype=np.uint32), 0, through, into)
    return into


def holds(grid, id_, point):
    at = id_, (point.time - START) // LEVEL.step_s
    return [column[at] for column in (grid.count, grid.sum, grid.min, grid.max, grid.last)] == list(astuple(point))[1:]


def ends_in_zeros(segment: bytes) -> bool:
    """What comes where the first record should be that is none."""
    at = HEADER_BYTES
    while header := RecordHeader.parse(segment, at):
        at += RECORD_BYTES + header.size
    return not any(segment[at : at + RECORD_BYTES])


def test_what_a_writer_vouches_for_is_there_or_the_damage_is_named(written, tmp_path):
    """Cells are not checked at each query, so those that are damaged may be others. All other appends are what they were, but
    for those behind zeros where a header was: nothing tells them from the end."""
    vouched = len(APPENDS) - 1
    for rng in trials(2):
        harmed = harm(written.sound, rng)
        written.file.write_bytes(harmed.data)
        seen, error = attempt(lambda: read_grid(tmp_path, vouched))
        if error:
            assert names_its_place(error, written, harmed), (harmed.how, harmed.at, error)
        else:
            untouched = [point for _, points in written.untouched(harmed, vouched) for point in points.items()]
            lost = [point for id_, point in untouched if not holds(seen, id_, point)]
            assert lost == [] or ends_in_zeros(harmed.data), (harmed.how, harmed.at)


def test_a_writer_takes_up_whole_appends_from_the_first_on_or_names_the_damage_and_changes_nothing(
    written, open_log, read_log, rows, merged
):
    for rng in trials(3):
        harmed = harm(written.sound, rng)
        written.file.write_bytes(harmed.data)
        successor = open_log()
        last, error = attempt(lambda successor=successor: successor.recover(0, 0))
        if error:
            assert names_its_place(error, written, harmed), (harmed.how, harmed.at, error)
            assert written.file.read_bytes() == harmed.data
            continue
        assert last >= written.whole_before(harmed.at), (harmed.how, harmed.at)
        assert read_log() == written.seen[last], (harmed.how, harmed.at)
        successor.append([rows({7: 4.0}, START + 3_500)], last + 1)
        assert read_log() == merged(written.seen[last], NEXT), (harmed.how, harmed.at)
        successor.close()
        for file in written.file.parent.iterdir():
            file.unlink()


def test_any_damage_to_a_closed_segment_is_named_and_nothing_is_changed(written, log, open_log, rows):
    log.roll()
    log.append([rows({1: 1.0}, START + 3_500)], len(APPENDS) + 1)
    sound = written.file.read_bytes()
    for rng in trials(4):
        harmed = harm(sound, rng)
        if harmed.how == "cut" and ends_in_zeros(harmed.data):
            continue  # between two records: nothing tells that more came
        written.file.write_bytes(harmed.data)
        with pytest.raises(Damaged) as caught:
            open_log().recover(0, 0)
        assert names_its_place(caught.value, written, harmed), (harmed.how, harmed.at)
        assert written.file.read_bytes() == harmed.data


def forge(sound: bytes, rng: random.Random) -> bytes:
    """Random bytes in headers and payloads, and checksums that say that nothing is wrong."""
    at = HEADER_BYTES
    data = bytearray(sound)
    while header := RecordHeader.parse(sound, at):
        payload = range(at + RECORD_BYTES, at + RECORD_BYTES + header.size)
        if header.size and rng.random() < 0.3:
            for place in rng.sample(payload, min(8, header.size)):
                data[place] = rng.choice([0, 1, 0x7F, 0xF0, 0xFC, 0xFF, rng.randrange(256)])
        fields = list(header)
        if rng.random() < 0.1:
            fields[rng.choice([0, 4, 5])] = rng.choice([0, 1, 2, 3, 7, 30, 1_000, 2**32 - 1])
        fields[-1] = zlib.crc32(data[payload.start : payload.stop])
        data[at : at + RECORD_BYTES] = RecordHeader(*fields).pack()
        at = payload.stop
    return bytes(data)


def seal_all(folder):
    """Take the log up and read all of it, as for a seal."""
    log = LogWriter(folder, LEVEL, "w")
    try:
        log.recover(0, 0)
        log.roll()
        for segment in log.rolled():
            for extent in segment.extents():
                segment.read(extent.ids, Grid.empty(extent.start, LEVEL.step_s, len(extent.ids), min(extent.slots, 360)))
    finally:
        log.close()


def test_bytes_that_pass_every_checksum_and_make_no_sense_lead_nobody_out_of_the_file(written, tmp_path):
    for rng in trials(5):
        written.file.write_bytes(forge(written.sound, rng))
        for through in (ALL_SEQUENCES, len(APPENDS)):
            with suppress(Damaged):
                read_grid(tmp_path, through)
        with suppress(Damaged):
            seal_all(tmp_path)


def test_a_segment_of_a_newer_format_is_refused_in_words_and_not_changed(written, open_log, read_log):
    data = bytearray(written.sound)
    size = struct.unpack_from("<I", data, 12)[0]
    struct.pack_into("<I", data, 8, 99)
    struct.pack_into("<I", data, size - 4, zlib.crc32(data[: size - 4]))
    written.file.write_bytes(data)
    for use in (read_log, lambda: open_log().recover(0, 0)):
        with pytest.raises(StoreError, match="has log format 99; this version of cadent reads up to") as caught:
            use()
        assert not isinstance(caught.value, Damaged)
        assert written.file.read_bytes() == data

"""What damage took from a log is told, and without it the log can be taken up again."""

import re

import pytest
from cadent.schema.point import Point
from cadent.stores.layout import log_folder, segments
from cadent.stores.log.losses import closed_loss, closed_segments, cut, examine

START = 1_700_002_800
SEGMENTS, ROWS = 3, 4


@pytest.fixture
def filled(log, rows, tmp_path):
    """Two closed segments and one that is not, of four appends each; id n has a point in row n alone."""
    for number in range(SEGMENTS * ROWS):
        if number and number % ROWS == 0:
            log.roll()
        log.append([rows({number: float(number)}, START + 10 * number)], number + 1)
    log.close()
    return segments(log_folder(tmp_path, log.level))


@pytest.fixture
def flip(filled):
    """flip(segment, row): a byte in the payload of that row; returns where its last record begins."""

    def flip(segment, row):
        data = bytearray(filled[segment].read_bytes())
        begins = [match.start() for match in re.finditer(b"LREC", data)]
        dense = [at for at in begins if data[at + 4] != 1]
        data[dense[row] + 57] ^= 1
        filled[segment].write_bytes(data)
        return dense[row]

    return flip


def test_a_sound_log_has_no_losses(filled, log, tmp_path):
    state = examine(tmp_path, log.level)
    assert (state.segments, state.next_id, state.losses) == (SEGMENTS, SEGMENTS * ROWS, [])
    assert closed_segments(tmp_path, log.level) == filled[:-1]


@pytest.mark.parametrize("segment", range(SEGMENTS))
@pytest.mark.parametrize("row", range(ROWS - 1))
def test_a_loss_names_the_place_and_the_rows_behind_it(filled, log, tmp_path, flip, segment, row):
    at = flip(segment, row)
    (loss,) = examine(tmp_path, log.level).losses
    first = ROWS * segment + row
    assert (loss.path, loss.start, loss.stop) == (filled[segment], START + 10 * first, START + 10 * ROWS * (segment + 1))
    assert (loss.end == 0) == (row == 0), "without a row it is lost as a whole"
    assert f"{filled[segment]} is damaged at byte {at}: " in loss.reason


@pytest.mark.parametrize("segment", range(SEGMENTS))
@pytest.mark.parametrize("row", range(ROWS - 1))
def test_a_log_that_was_cut_has_all_the_other_rows(filled, log, open_log, read_log, tmp_path, flip, segment, row):
    flip(segment, row)
    before = filled[segment].read_bytes()
    (loss,) = examine(tmp_path, log.level).losses
    cut(loss, tmp_path / "aside")
    assert (tmp_path / "aside").read_bytes() == before
    assert examine(tmp_path, log.level).losses == []
    open_log(tmp_path).recover(0, 0)
    gone = range(ROWS * segment + row, ROWS * (segment + 1))
    times = {number: START + 10 * number for number in range(SEGMENTS * ROWS) if number not in gone}
    assert read_log() == {(number, time): Point.of(time, float(number)) for number, time in times.items()}


def test_a_segment_without_its_header_is_lost_as_a_whole(filled, log, tmp_path):
    filled[0].write_bytes(bytes(8) + filled[0].read_bytes()[8:])
    (loss,) = examine(tmp_path, log.level).losses
    assert (loss.path, loss.end, loss.start, loss.stop) == (filled[0], 0, START, START + 10 * ROWS)
    cut(loss, tmp_path / "aside")
    assert not filled[0].exists()


def test_a_file_that_others_share_is_not_cut_in_place(filled, log, tmp_path, flip):
    flip(0, 2)
    (tmp_path / "snapshot").hardlink_to(filled[0])
    before = filled[0].read_bytes()
    cut(examine(tmp_path, log.level).losses[0], tmp_path / "aside")
    assert (tmp_path / "snapshot").read_bytes() == before
    assert len(filled[0].read_bytes()) < len(before)


def test_a_closed_segment_that_is_gone_is_no_loss(filled, log):
    filled[0].unlink()
    assert closed_loss(log.level, filled[0]) is None

"""A log copied while its writer goes on: the copy has all that was durable, and nothing done to one shows in the other."""

import threading

import pytest
from cadent.schema.errors import Damaged
from cadent.stores.layout import log_folder
from cadent.stores.log.folder import LogFiles
from cadent.stores.log.writer import LogWriter

START = 1_700_002_800


def segments(log, folder):
    return sorted(log_folder(folder, log.level).glob("*.log"))


@pytest.fixture
def filled(log, rows):
    """Two closed segments of a row each, and one that is being written."""
    for sequence in (1, 2):
        log.append([rows({sequence: float(sequence)}, START + 10 * sequence)], sequence)
        log.roll()
    log.append([rows({3: 3.0}, START + 30), rows({3: 4.0}, START + 40)], 3)
    return log


def test_a_copy_reads_as_the_log(filled, read_log, tmp_path):
    filled.copy_to(tmp_path / "copy")
    assert len(read_log()) == 4
    assert read_log(folder=tmp_path / "copy") == read_log()


def test_closed_segments_are_linked_but_for_the_last(filled, tmp_path):
    filled.copy_to(tmp_path / "copy")
    of, copied = (segments(filled, folder) for folder in (tmp_path, tmp_path / "copy"))
    assert [path.name for path in of] == [path.name for path in copied]
    assert [a.samefile(b) for a, b in zip(of, copied, strict=True)] == [True, False, False]


def test_what_comes_later_is_not_in_the_copy(filled, rows, read_log, tmp_path):
    before = read_log()
    filled.copy_to(tmp_path / "copy")
    filled.append([rows({9: 9.0}, START + 50)], 5)
    assert read_log(folder=tmp_path / "copy") == before


@pytest.mark.parametrize("closed", [False, True])
def test_a_writer_of_the_copy_leaves_the_log_alone(filled, rows, read_log, open_log, tmp_path, closed):
    if closed:
        filled.roll()
    filled.copy_to(tmp_path / "copy")
    before = read_log()
    copy = open_log(tmp_path / "copy")
    assert copy.recover(0, 0) == 4
    copy.append([rows({9: 9.0}, START + 50)], 5)
    copy.roll()
    for segment in copy.rolled():
        copy.drop(segment)
    assert read_log() == before


def test_an_append_that_failed_is_in_the_copy_whole_or_not_at_all(filled, rows, read_log, disk, tmp_path):
    before = read_log()
    for at in range(1, 6):
        disk.refuse(at, for_good=True)
        with pytest.raises(Exception, match="No space"):
            filled.append([rows(dict.fromkeys(range(at), 1.0), START + 50)], 5)
        disk.heal()
        filled.copy_to(tmp_path / f"copy-{at}")
        copied = LogWriter(tmp_path / f"copy-{at}", filled.level, "w")
        assert copied.recover(0, 0) in {4, 5}, f"call {at}"
        copied.close()
        assert read_log(folder=tmp_path / f"copy-{at}", through=4) == before


@pytest.mark.parametrize("which", [-1, -2])
def test_damage_in_what_is_copied_is_told(filled, tmp_path, which):
    path = segments(filled, tmp_path)[which]
    data = bytearray(path.read_bytes())
    data[data.rindex(b"LREC") + 60] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match=path.name):
        filled.copy_to(tmp_path / "copy")


def test_an_empty_log_has_an_empty_copy(log, read_log, open_log, tmp_path):
    log.copy_to(tmp_path / "copy")
    assert open_log(tmp_path / "copy").recover(0, 0) == 0


def test_copies_taken_while_rows_are_appended_can_all_be_taken_up(log, rows, open_log, tmp_path):
    """As many rows as were acknowledged when the copy began, or more; none is broken."""
    acknowledged, stop = [0], threading.Event()

    def append():
        while not stop.is_set():
            sequence = acknowledged[0] + 1
            acknowledged[0] = log.append([rows(dict.fromkeys(range(40), 1.0), START + 10 * (sequence % 300))], sequence)
            if sequence % 50 == 0:
                log.roll()

    writing = threading.Thread(target=append)
    writing.start()
    try:
        for number in range(30):
            least = acknowledged[0]
            log.copy_to(tmp_path / f"copy-{number}")
            assert open_log(tmp_path / f"copy-{number}").recover(0, 0) >= least
    finally:
        stop.set()
        writing.join()
    assert acknowledged[0] > 0


def test_all_logs_of_a_folder_are_copied(tmp_path, rows, log):
    logs = LogFiles(tmp_path / "data", "w")
    opened = logs.open(log.level)
    opened.recover(0, 0)
    opened.append([rows({1: 1.0})], 1)
    logs.copy_to(tmp_path / "copy")
    opened.close()
    assert list(LogFiles(tmp_path / "copy", "w").levels()) == [log.level]

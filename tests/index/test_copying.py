"""A names log copied while somebody appends."""

import threading

import numpy as np
import pytest
from cadent.index.copying import copy_names
from cadent.index.living import read_living
from cadent.index.names import NamesLog
from cadent.index.tail import log_path
from cadent.schema.errors import Damaged, Unavailable


@pytest.fixture
def target(tmp_path):
    (tmp_path / "copy").mkdir()
    return tmp_path / "copy"


def ids_in(folder):
    return read_living(folder).ids.tolist()


def test_a_copy_holds_what_the_log_holds(tmp_path, target, log, names):
    log.append(names(0, ["a.b", "a.c", "a.d"]))
    log.delete(np.array([1], np.uint32))
    copy_names(tmp_path, target)
    assert ids_in(target) == [0, 2]
    assert log_path(target).read_bytes() == log_path(tmp_path).read_bytes()


def test_a_frame_that_is_not_whole_is_left_out(tmp_path, target, log, names):
    log.append(names(0, ["a.b"]))
    whole = log_path(tmp_path).read_bytes()
    log.append(names(1, ["a.c"]))
    log_path(tmp_path).write_bytes(log_path(tmp_path).read_bytes()[:-1])
    copy_names(tmp_path, target)
    assert log_path(target).read_bytes() == whole


def test_damage_in_the_middle_is_told_and_nothing_is_copied(tmp_path, target, log, names):
    for number in range(3):
        log.append(names(number, [f"a.p{number}"]))
    data = bytearray(log_path(tmp_path).read_bytes())
    data[data.index(b"a.p1")] ^= 1
    log_path(tmp_path).write_bytes(data)
    with pytest.raises(Damaged, match=r"names\.log"):
        copy_names(tmp_path, target)
    assert not log_path(target).exists()


def test_a_log_that_is_not_there_is_told(tmp_path, target):
    with pytest.raises(Unavailable, match=r"names\.log"):
        copy_names(tmp_path, target)


def test_copies_taken_while_names_are_added_can_all_be_opened(tmp_path, log, names):
    added, stop = [0], threading.Event()

    def append():
        while not stop.is_set():
            log.append(names(added[0], [f"a.p{added[0]}"]))
            added[0] += 1

    writing = threading.Thread(target=append)
    writing.start()
    try:
        for number in range(50):
            folder = tmp_path / f"copy-{number}"
            folder.mkdir()
            least = added[0]
            copy_names(tmp_path, folder)
            copied = NamesLog.open(folder)
            assert copied.next_id >= least
            copied.close()
    finally:
        stop.set()
        writing.join()
    assert added[0] > 0

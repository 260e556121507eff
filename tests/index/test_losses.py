"""What damage took from a names log is told; the rest can be saved, and ids stay what they are."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from cadent.index.living import read_living
from cadent.index.losses import examine_names, save_names
from cadent.index.names import NamesLog
from cadent.index.tail import log_path
from cadent.schema.protocols import NewNames
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES, EACH = 6, 3


def fill(folder):
    """Six frames of three paths each, then a tombstone and a day."""
    log = NamesLog.open(folder)
    ends = []
    for first in range(0, NAMES * EACH, EACH):
        paths = [f"p.n{number:02}".encode() for number in range(first, first + EACH)]
        ids = np.arange(first, first + EACH, dtype=np.uint32)
        log.append(NewNames("default", 20_000, ids, [len(path) for path in paths], b"".join(paths)))
        ends.append(log_path(folder).stat().st_size)
    log.delete(np.array([4], np.uint32))
    log.seen(20_001, np.array([7], np.uint32))
    log.close()
    return ends


def paths_of(folder):
    living = read_living(folder)
    return dict(zip(living.ids.tolist(), living.paths(living.ids), strict=True))


def flip(folder, at):
    content = bytearray(log_path(folder).read_bytes())
    content[at] ^= 4
    log_path(folder).write_bytes(content)


ALL = {number: f"p.n{number:02}" for number in range(NAMES * EACH) if number != 4}


def test_a_sound_log_has_no_losses(tmp_path):
    fill(tmp_path)
    state = examine_names(tmp_path, NAMES * EACH)
    assert (state.next_id, state.losses) == (NAMES * EACH, [])


@pytest.mark.parametrize("frame", range(1, NAMES - 1))
def test_a_loss_names_the_place_and_the_ids(tmp_path, frame):
    ends = fill(tmp_path)
    flip(tmp_path, ends[frame] - 5)
    (loss,) = examine_names(tmp_path, 0).losses
    assert (loss.begin, loss.end) == (ends[frame - 1], ends[frame])
    assert (loss.first_id, loss.next_id) == (EACH * frame, EACH * (frame + 1))
    assert f"{log_path(tmp_path)} is damaged at byte {ends[frame - 1]}: " in loss.reason


def test_a_missing_log_is_a_loss_when_ids_have_points(tmp_path):
    assert examine_names(tmp_path, 0).losses == []
    (loss,) = examine_names(tmp_path, 5).losses
    assert (loss.first_id, loss.next_id) == (0, 5)
    save_names(tmp_path, 5)
    log = NamesLog.open(tmp_path, 5)
    assert log.next_id == 5
    log.close()


def test_a_torn_end_is_a_loss_only_when_ids_in_it_have_points(tmp_path):
    ends = fill(tmp_path)
    log_path(tmp_path).write_bytes(log_path(tmp_path).read_bytes()[: ends[-1] - 3])
    known = NAMES * EACH - EACH
    assert examine_names(tmp_path, known).losses == []
    (loss,) = examine_names(tmp_path, known + 1).losses
    assert (loss.begin, loss.first_id, loss.next_id) == (ends[-2], known, known + 1)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_what_can_be_saved_keeps_its_ids_and_no_id_is_given_again(data):
    with TemporaryDirectory() as name:
        folder = Path(name)
        size = fill(folder)[-1]
        for at in data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=3)):
            flip(folder, at)
        save_names(folder, NAMES * EACH)
        assert examine_names(folder, NAMES * EACH).losses == []
        saved = paths_of(folder)
        # The tombstone lies behind: it is never among what is lost.
        assert saved.items() <= ALL.items()
        assert len(saved) >= len(ALL) - 3 * EACH
        log = NamesLog.open(folder, NAMES * EACH)
        assert log.next_id == NAMES * EACH
        log.close()

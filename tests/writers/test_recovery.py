import pytest
from cadent.index.tail import log_path
from cadent.schema.errors import Damaged
from parts import BASE, COARSE, Parts, Window, names


def write(parts: Parts, *windows: Window) -> None:
    parts.flusher.write([window.rows() for window in windows])


def next_id(parts: Parts) -> int:
    """What a writer that starts now must not go below."""
    parts.close()
    again = Parts(parts.folder)
    again.close()
    return max(again.store.snapshot().next_id(), *(log.next_id for log in again.logs.values()))


@pytest.fixture
def named(parts):
    parts.flusher.add_names(names(0, *"abcdefgh", day=0))
    return parts


def test_an_empty_folder_has_no_ids(parts):
    assert next_id(parts) == 0


def test_ids_of_the_log_are_known_in_every_segment_of_every_level(named):
    write(named, Window(BASE, 0, {5: [1.0]}), Window(COARSE, 0, {2: [1.0]}))
    named.flusher.roll(BASE)
    write(named, Window(BASE, 10, {1: [1.0]}))
    assert next_id(named) == 6


def test_ids_of_chunks_are_known(named):
    write(named, Window(BASE, 0, {7: [1.0], 3: [1.0]}))
    named.flusher.roll(BASE)
    named.seal_rolled()
    assert next_id(named) == 8


@pytest.mark.parametrize("sealed", [False, True])
def test_a_names_log_that_lost_its_end_is_not_written_on(named, sealed):
    """Its ids would be given again, and new paths would show old paths' points."""
    write(named, Window(BASE, 0, {7: [1.0]}))
    if sealed:
        named.flusher.roll(BASE)
        named.seal_rolled()
    named.close()
    log = log_path(named.folder)
    content = bytearray(log.read_bytes())
    content[-20] ^= 1
    log.write_bytes(content)
    with pytest.raises(Damaged, match=r"names\.log.* end with id -1, and there are points of ids up to 7"):
        Parts(named.folder)
    assert log.read_bytes() == content


def test_a_names_log_that_is_gone_is_missed(named):
    write(named, Window(BASE, 0, {7: [1.0]}))
    named.close()
    log_path(named.folder).unlink()
    with pytest.raises(Damaged, match="it is missing, and there are points of ids up to 7"):
        Parts(named.folder)

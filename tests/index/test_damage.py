"""Bytes of a names log or a trie snapshot that are not what was written: found, named, and what lies before them served."""

import random
import struct
import zlib
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from cadent.index import frames
from cadent.index.follower import Follower
from cadent.index.living import Living
from cadent.index.names import NamesLog
from cadent.index.snapshot import Snapshot, SnapshotFile
from cadent.schema.errors import Damaged, StoreError
from damage import attempt, harm, trials

PATHS = [f"servers.web-{number // 4}.disk{number % 4}.used" for number in range(40)] + ["tagged;a=1;b=2", "x"]
NEW = b"after.the.damage"


def fill(log, names):
    """Frames of every kind; after each of them one thing more has happened. Returns where they end."""
    ends = [log._end]
    for step in (
        lambda: log.append(names(0, PATHS[:10])),
        lambda: log.append(names(10, PATHS[10:25], policy="other", day=20_001)),
        lambda: log.seen(20_002, np.array([3, 4], np.uint32)),
        lambda: log.rename(np.array([4, 11], np.uint32), ["renamed.four", "renamed.eleven"]),
        lambda: log.delete(np.array([5, 12], np.uint32)),
        lambda: log.append(names(25, PATHS[25:])),
        lambda: log.append(names(42, ["last.one"])),
    ):
        step()
        ends.append(log._end)
    return ends


def paths_in(trie):
    """{id: path} of all living paths."""
    found = {}
    for batch in Living(trie).names():
        starts = np.cumsum([0, *batch.lengths]).tolist()
        paths = [bytes(batch.paths[start:end]) for start, end in pairwise(starts)]
        found |= dict(zip(batch.ids.tolist(), paths, strict=True))
    return found


def read(folder):
    return paths_in(Follower(folder).trie())


class Written:
    """A names log, where each of its frames ends, and the paths in it after none, one, two, ... of them."""

    def __init__(self, folder, log, names):
        self.ends = fill(log, names)
        self.folder, self.file = folder, log.path
        log.close()
        self.sound = self.file.read_bytes()
        self.seen = []
        for end in self.ends:
            self.file.write_bytes(self.sound[:end])
            self.seen.append(read(folder))
        self.file.write_bytes(self.sound)

    def seen_from(self, at):
        """What may be seen when bytes from ``at`` on are not what they were."""
        return self.seen[max(sum(end <= at for end in self.ends) - 1, 0) :]


@pytest.fixture
def written(tmp_path, log, names):
    return Written(tmp_path, log, names)


def names_its_place(error, written, harmed):
    return error.file == str(written.file) and 0 <= error.offset <= max(len(harmed.data), len(written.sound))


def test_readers_see_whole_frames_from_the_first_on_or_name_the_damage(written):
    for rng in trials(11):
        harmed = harm(written.sound, rng)
        written.file.write_bytes(harmed.data)
        seen, error = attempt(lambda: read(written.folder))
        if error:
            assert names_its_place(error, written, harmed), (harmed.how, harmed.at, error)
        else:
            assert seen in written.seen_from(harmed.at), (harmed.how, harmed.at)


def test_a_writer_goes_on_behind_whole_frames_or_names_the_damage_and_changes_nothing(written, names):
    for rng in trials(12):
        harmed = harm(written.sound, rng)
        written.file.write_bytes(harmed.data)
        log, error = attempt(lambda: NamesLog.open(written.folder))
        if error:
            assert names_its_place(error, written, harmed), (harmed.how, harmed.at, error)
            assert written.file.read_bytes() == harmed.data
            continue
        seen = read(written.folder)
        assert seen in written.seen_from(harmed.at), (harmed.how, harmed.at)
        number = log.next_id
        assert number > max(seen, default=-1)
        log.append(names(number, [NEW.decode()]))
        log.close()
        assert read(written.folder) == seen | {number: NEW}


def test_a_log_that_lost_a_path_with_points_is_not_written_on(written):
    """A cut at the end of a frame leaves a sound log: the points know better."""
    used = 43
    for rng in trials(13):
        harmed = harm(written.sound, rng)
        written.file.write_bytes(harmed.data)
        log, error = attempt(lambda: NamesLog.open(written.folder, used))
        if error:
            assert written.file.read_bytes() == harmed.data
        else:
            assert log.next_id == used
            log.close()


def forge(written, rng: random.Random) -> bytes:
    """Random bytes in some frames, and checksums that say that nothing is wrong."""
    data = bytearray(written.sound)
    for begin, end in zip(written.ends, written.ends[1:], strict=False):
        if rng.random() < 0.5:
            for at in rng.sample(range(begin + 8, end), 3):
                data[at] = rng.choice([0, 1, 2, 3, 4, 0x2E, 0x3B, 0x7F, 0xFF, rng.randrange(256)])
        struct.pack_into("<I", data, begin + 4, zlib.crc32(data[begin + 8 : end]))
    return bytes(data)


def test_frames_that_pass_their_checksum_and_make_no_sense_harm_no_process(written):
    """A policy's name may not even be text."""
    for rng in trials(14):
        forged = forge(written, rng)
        frames.scan(forged, rng.randrange(len(forged)))
        written.file.write_bytes(forged)
        with suppress(StoreError, UnicodeDecodeError):
            read(written.folder)
        with suppress(StoreError):
            NamesLog.open(written.folder).close()


# -- the trie snapshot ---------------------------------------------------------------------------------------------------


@pytest.fixture
def snapshot(written):
    """The file of a snapshot of all but the last two frames."""
    written.file.write_bytes(written.sound[: written.ends[-3]])
    follower = Follower(written.folder)
    follower.trie()
    file = SnapshotFile(written.folder).path
    file.write_bytes(follower._take().encode())
    written.file.write_bytes(written.sound)
    return file


def loaded(written):
    """What a process finds that starts now."""
    follower = Follower(written.folder)
    follower.load()
    return paths_in(follower.trie())


def test_a_sound_snapshot_and_the_rest_of_the_log_are_the_whole(written, snapshot):
    assert SnapshotFile(written.folder).read() is not None
    assert loaded(written) == written.seen[-1]


def test_any_damage_to_a_snapshot_is_found_said_and_costs_nothing(written, snapshot, caplog):
    sound = snapshot.read_bytes()
    for rng in trials(15):
        harmed = harm(sound, rng)
        snapshot.write_bytes(harmed.data)
        caplog.clear()
        assert loaded(written) == written.seen[-1], (harmed.how, harmed.at)
        assert f"{snapshot} is not used, the names log is: " in caplog.text, (harmed.how, harmed.at)


def test_columns_that_pass_the_checksum_and_make_no_sense_harm_no_process(written, snapshot):
    """Whatever their numbers are: either they make a trie, which can be asked, or they are refused."""
    sound = Snapshot.decode(snapshot.read_bytes())
    for rng in trials(16):
        columns = {name: bytes(column) for name, column in sound.columns.items()}
        for _ in range(rng.choice([1, 1, 3])):
            name = rng.choice([name for name, column in columns.items() if column])
            columns[name] = harm(columns[name], rng).data
        snapshot.write_bytes(Snapshot(sound.place, columns).encode())
        with suppress(Damaged, UnicodeDecodeError):
            loaded(written)

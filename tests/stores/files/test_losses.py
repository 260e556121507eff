"""What damage takes from a block, and that the rest can be kept."""

import contextlib
import os
import random
import struct
import zlib

import numpy as np
import pytest
from cadent.schema.errors import Damaged, StoreError, Unavailable
from cadent.schema.identity import Level, Mode
from cadent.stores.files.block import Block
from cadent.stores.files.store import FilesStore
from damage import flip

LEVEL = Level("default", 10)
START = 1_700_002_800
NOISE = np.random.default_rng(2).normal(size=(40, 360)).round(2)


@pytest.fixture
def merged(store, piece, tmp_path):
    """The file of a block of four parts: some strips lack one, some have chunks that were joined."""
    for hour in range(3):
        values = {id_: NOISE[id_].tolist() for id_ in range(20) if id_ % 3 != hour} | {20 + id_: [1.0] for id_ in range(20)}
        store.seal(LEVEL, hour + 1, [piece(values, hour + 1, START + 3600 * hour, Mode.REPLACE)])
    store.merge(LEVEL, store.snapshot().sets(LEVEL))
    (file,) = (tmp_path / "default" / "10").glob("*.block")
    return file


def begin_of_strip(file, number):
    """Where the file has it."""
    block = Block(file)
    return block.header.size + int(block.strip_bytes[:number].sum())


def reading(tmp_path):
    return contextlib.closing(FilesStore(tmp_path))


def test_a_sound_store_lost_nothing(merged, store):
    assert list(store.losses()) == []


@pytest.mark.parametrize("trial", range(3))
def test_no_flipped_bit_of_a_merged_block_goes_unnoticed(merged, tmp_path, sums, trial):
    """Each read gives the right points or Damaged, and a check finds the block."""
    with reading(tmp_path) as store:
        want = sums(store.snapshot(), range(40))
    sound, chosen = merged.read_bytes(), random.Random(trial)
    for _ in range(30):
        at = chosen.randrange(len(sound))
        flip(merged, at, chosen.randrange(8))
        with reading(tmp_path) as store:
            (loss,) = store.losses()
            assert str(merged) in loss.reason
            found = {}
            for id_ in range(40):
                with contextlib.suppress(Damaged):
                    found |= sums(store.snapshot(), [id_])
        assert found.items() <= want.items()
        lost = {id_ for id_, _ in want.items() - found.items()}
        assert {id_ for id_, _ in lost} <= ({*range(40)} if loss.ids is None else {*loss.ids.tolist()})
        merged.write_bytes(sound)


def test_a_check_names_the_ids_of_the_groups_that_are_damaged(merged, store):
    block = Block(merged)
    size = block.header.group
    assert block.header.groups == 3
    flip(merged, begin_of_strip(merged, 0))
    flip(merged, begin_of_strip(merged, 2 * size))
    (loss,) = store.losses()
    assert loss.ids.tolist() == [*range(size), *range(2 * size, 40)]
    assert (loss.level, loss.start, loss.stop, loss.path) == (LEVEL, START, START + 3 * 3600, merged)


@pytest.mark.parametrize("at", [0, 30, -1])
def test_of_a_block_without_sound_header_or_index_all_is_lost(merged, store, at):
    flip(merged, at)
    (loss,) = store.losses()
    assert loss.ids is None


def test_a_block_that_is_not_there_is_lost(merged, store):
    merged.unlink()
    (loss,) = store.losses()
    assert (loss.ids, loss.path) == (None, merged)


def rewrite(file, at, field, value, *, index=False):
    """Put ``value`` where it passes every checksum: ``at`` in the header, or in the index."""
    header, data = Block(file).header, bytearray(file.read_bytes())
    struct.pack_into(field, data, at + (header.index_at if index else 0), value)
    struct.pack_into("<I", data, 60, zlib.crc32(data[header.index_at :]))
    struct.pack_into("<I", data, header.size - 4, zlib.crc32(data[: header.size - 4]))
    file.write_bytes(data)


def test_a_later_version_is_no_loss(merged, store):
    """It must not be set aside."""
    rewrite(merged, 8, "<I", 2)
    with pytest.raises(StoreError, match="block format 2") as caught:
        list(store.losses())
    assert not isinstance(caught.value, Damaged)


@pytest.mark.parametrize(("at", "field"), [(48, "<I"), (52, "<I"), (56, "<I"), (78, "<H")])
def test_a_header_that_makes_no_sense_is_damaged(merged, store, at, field):
    """Without ids, without a group, without width of an offset, without parts."""
    rewrite(merged, at, field, 0)
    (loss,) = store.losses()
    assert "its header has" in loss.reason


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("ids", 0xFFFF, "its ids do not ascend"),
        ("offsets", 0, "strip"),
        ("offsets", 1 << 31, "strip"),
        ("parts", 5000, "slots"),
    ],
)
def test_an_index_that_makes_no_sense_is_damaged(merged, store, sums, column, value, reason):
    """Its second entry; and no read leaves the block."""
    sizes = [-(-size // 8) * 8 for size in Block(merged).header.index_columns]
    begin = {"ids": 0, "offsets": sizes[0], "parts": sum(sizes[:3])}[column]
    rewrite(merged, begin + 4, "<I", value, index=True)
    (loss,) = store.losses()
    assert reason in loss.reason
    with contextlib.suppress(Damaged):
        sums(store.snapshot(), range(40))


@pytest.mark.parametrize("damaged", [[0], [1, 2], "all", "header", "gone"])
def test_what_is_set_aside_is_missing_and_the_rest_reads(merged, store, sums, damaged):
    want, size = sums(store.snapshot(), range(40)), Block(merged).header.group
    before = store.snapshot().sets(LEVEL)[0]
    lost = set(range(40))
    if damaged == "gone":
        merged.unlink()
    elif damaged == "header":
        flip(merged, 3)
    else:
        groups = range(Block(merged).header.groups) if damaged == "all" else damaged
        for group in groups:
            flip(merged, begin_of_strip(merged, group * size))
        lost = {id_ for group in groups for id_ in range(group * size, min(40, group * size + size))}
    (loss,) = store.losses()
    store.set_aside(loss)
    assert sums(store.snapshot(), range(40)) == {(id_, slot): value for (id_, slot), value in want.items() if id_ not in lost}
    assert [one.identity for one in store.snapshot().sets(LEVEL)] == ([before.identity] if lost != set(range(40)) else [])
    assert list(store.losses()) == []
    assert merged.with_name(merged.name + ".damaged").exists() == (damaged != "gone")
    assert not merged.exists()


def test_what_cannot_be_set_aside_stays_where_it_is(merged, store, disk):
    flip(merged, begin_of_strip(merged, 0))
    (loss,) = store.losses()
    disk.refuse(1, for_good=True)
    with pytest.raises(Unavailable):
        store.set_aside(loss)
    disk.heal()
    for call in range(1, 13):
        disk.refuse(call)
        with pytest.raises(Unavailable):
            store.set_aside(loss)
        disk.heal()
        if not merged.exists() or store.snapshot().sets(LEVEL)[0].number != loss.chunks.number:
            break
        assert [one.reason for one in store.losses()] == [loss.reason]
    assert call == 12  # the last sync: the new manifest is in place


def test_what_was_set_aside_stays_when_a_writer_starts(merged, store, open_store):
    flip(merged, 3)
    store.set_aside(*store.losses())
    store.close()
    open_store()
    assert merged.with_name(merged.name + ".damaged").exists()


# -- a copy --------------------------------------------------------------------------------------------------------------


def test_a_copy_reads_like_the_store_and_shares_its_blocks(merged, store, piece, sums, tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    store.roll_up(LEVEL, store.snapshot().sets(LEVEL), Level("default", 60), [])
    want, sets = sums(store.snapshot(), range(40)), store.snapshot().sets(LEVEL)
    store.copy_to(folder)
    (file,) = (folder / "default" / "10").glob("*.block")
    assert file.stat().st_ino == merged.stat().st_ino
    store.delete(LEVEL, sets)
    with contextlib.closing(FilesStore(folder, write=True)) as copy:
        assert (copy.snapshot().sets(LEVEL), sums(copy.snapshot(), range(40))) == (sets, want)
        assert copy.snapshot().levels() == [LEVEL, Level("default", 60)]
        copy.seal(LEVEL, 9, [piece({1: [1.0]}, 9)])


def test_a_copy_is_durable_and_its_manifest_comes_last(merged, store, disk, tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    disk.calls.clear()
    store.copy_to(folder)
    assert disk.calls == ["fsync", "fsync", "fsync", "open", "pwrite", "fdatasync", "replace", "fsync"]


def test_where_links_cannot_be_made_bytes_are_copied(merged, store, sums, tmp_path_factory, monkeypatch):
    def refuse(*_):
        raise OSError(18, os.strerror(18))  # another file system

    monkeypatch.setattr(os, "link", refuse)
    folder = tmp_path_factory.mktemp("copy")
    store.copy_to(folder)
    (file,) = (folder / "default" / "10").glob("*.block")
    assert file.stat().st_ino != merged.stat().st_ino
    assert file.read_bytes() == merged.read_bytes()

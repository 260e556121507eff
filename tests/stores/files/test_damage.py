"""Bytes that changed on the disk are found, and never read as numbers."""

import struct
import zlib

import numpy as np
import pytest
from cadent.schema.errors import Damaged, StoreError, Unavailable
from cadent.schema.grid import Grid
from cadent.schema.identity import Level
from cadent.stores.files.block import Block
from cadent.stores.files.manifest import Manifest
from damage import flip

LEVEL = Level("default", 10)
START = 1_700_002_800
GROUP = 16
VALUES = {id_: [float(id_), id_ + 0.5] for id_ in range(40)}  # two full groups of strips and a short one


@pytest.fixture
def block_file(store, piece, tmp_path):
    """The file of a sealed block."""
    store.seal(LEVEL, 1, [piece(VALUES, 1)])
    (file,) = (tmp_path / "default" / "10").glob("*.block")
    return file


def regions(file):
    """{name: (first byte, end)} of a block."""
    header = Block(file).header
    index = header.index_at
    return {
        "header": (0, header.size),
        "strips": (header.size, header.size + header.data_bytes),
        "index": (index, header.file_bytes),
    }


@pytest.mark.parametrize("region", ["header", "strips", "index"])
def test_a_flipped_bit_of_a_block_is_found(block_file, open_store, sums, region):
    begin, end = regions(block_file)[region]
    sound = block_file.read_bytes()
    for at in range(begin, end):
        flip(block_file, at, at % 8)
        with pytest.raises(Damaged) as caught:
            sums(open_store(write=False).snapshot())
        assert caught.value.file == str(block_file)
        assert begin <= caught.value.offset <= at
        block_file.write_bytes(sound)
    assert sums(open_store(write=False).snapshot())[39, 1] == 39.5


def test_a_damaged_chunk_costs_only_its_group(block_file, open_store, sums):
    _, end = regions(block_file)["strips"]
    flip(block_file, end - 1)
    snapshot = open_store(write=False).snapshot()
    whole = len(VALUES) // GROUP * GROUP
    assert len(sums(snapshot, range(whole))) == 2 * whole
    with pytest.raises(Damaged, match=f"strips {whole} to 39"):
        sums(snapshot, [39])


def test_a_damaged_block_costs_only_its_span(block_file, store, open_store, piece, sums):
    store.seal(LEVEL, 2, [piece({1: [7.0]}, 2, START + 3600)])
    flip(block_file, 3)
    snapshot = open_store(write=False).snapshot()
    assert sums(snapshot, start=START + 3600, slots=360) == {(1, 360): 7.0}
    with pytest.raises(Damaged):
        sums(snapshot, start=START + 3590, slots=360)


def test_bytes_that_pass_the_checksum_and_make_no_sense_are_found(block_file, open_store, sums):
    header = Block(block_file).header
    data = bytearray(block_file.read_bytes())
    data[header.size] = 0xFF  # flags that do not exist
    checksums_at = header.file_bytes - 8 - 8 * -(-header.groups // 2)
    ends = np.frombuffer(bytes(data), "<u4", header.ids + 1, header.index_at + 8 * -(-header.ids // 2))
    struct.pack_into("<I", data, checksums_at, zlib.crc32(data[header.size : header.size + ends[GROUP]]))
    struct.pack_into("<I", data, 60, zlib.crc32(data[header.index_at :]))
    struct.pack_into("<I", data, header.size - 4, zlib.crc32(data[: header.size - 4]))
    block_file.write_bytes(data)
    with pytest.raises(Damaged) as caught:
        sums(open_store(write=False).snapshot())
    assert caught.value.file == str(block_file)


@pytest.mark.parametrize("size", [0, 7, 60, 200, -1])
def test_a_block_of_another_size_is_found(block_file, open_store, sums, size):
    data = block_file.read_bytes()
    block_file.write_bytes(data[:size])
    with pytest.raises(Damaged):
        sums(open_store(write=False).snapshot())
    block_file.write_bytes(data + b"\0")
    with pytest.raises(Damaged, match="bytes; want"):
        sums(open_store(write=False).snapshot())


def test_a_block_that_the_manifest_names_and_that_is_not_there_is_found(block_file, open_store, sums):
    block_file.unlink()
    with pytest.raises(Damaged, match="is not there"):
        sums(open_store(write=False).snapshot())


def test_a_damaged_block_can_be_deleted(block_file, store, sums):
    flip(block_file, 3)
    pinned = store.snapshot()
    store.delete(LEVEL, pinned.sets(LEVEL))
    assert not block_file.exists()
    assert sums(store.snapshot()) == {}
    assert len(pinned.sets(LEVEL)) == 1


@pytest.mark.parametrize("at", [3, -1, None])
def test_a_merge_or_an_erasure_that_meets_damage_changes_nothing(block_file, store, piece, at, tmp_path):
    """In the header, in the index, and in the last group of strips."""
    store.seal(LEVEL, 2, [piece({1: [7.0]}, 2, START + 3600)])
    flip(block_file, regions(block_file)["strips"][1] - 1 if at is None else at)
    before, generation = sorted(tmp_path.rglob("*")), store.snapshot().generation
    with pytest.raises(Damaged):
        store.merge(LEVEL, store.snapshot().sets(LEVEL))
    with pytest.raises(Damaged):
        store.erase(LEVEL, np.array([39], np.uint32), START, START + 10)
    assert (sorted(tmp_path.rglob("*")), store.snapshot().generation) == (before, generation)


def test_a_later_version_of_a_block_is_refused_and_not_taken_for_damage(block_file, open_store, sums):
    data = bytearray(block_file.read_bytes())
    size = struct.unpack_from("<I", data, 12)[0]
    struct.pack_into("<I", data, 8, 2)  # the version
    struct.pack_into("<I", data, size - 4, zlib.crc32(data[: size - 4]))
    block_file.write_bytes(data)
    with pytest.raises(StoreError, match="block format 2") as caught:
        sums(open_store(write=False).snapshot())
    assert not isinstance(caught.value, Damaged)


# -- the manifest --------------------------------------------------------------------------------------------------------


def test_a_flipped_bit_of_the_manifest_is_found(block_file, store, open_store, tmp_path):
    manifest = tmp_path / "manifest"
    sound = manifest.read_bytes()
    store.close()
    for at in range(len(sound)):
        flip(manifest, at, at % 8)
        for write in (False, True):
            with pytest.raises(Damaged) as caught:
                open_store(write=write).snapshot()
            assert caught.value.file == str(manifest)
    manifest.write_bytes(sound)
    open_store()  # the lock was given back each time


@pytest.mark.parametrize("size", [0, 1, 50, -1, -10])
def test_a_manifest_that_ends_early_is_found(block_file, open_store, tmp_path, size):
    manifest = tmp_path / "manifest"
    manifest.write_bytes(manifest.read_bytes()[:size])
    with pytest.raises(Damaged):
        open_store(write=False).snapshot()


def test_blocks_without_a_manifest_are_refused(block_file, store, open_store, tmp_path):
    store.close()
    (tmp_path / "manifest").unlink()
    for write in (False, True):
        with pytest.raises(StoreError, match="manifest is missing"):
            open_store(write=write).snapshot()
    assert block_file.exists()


def test_a_later_format_of_the_manifest_is_refused(tmp_path, open_store):
    text = b'{"format":2,"anything":0}\n'
    (tmp_path / "manifest").write_bytes(text + f"crc32 {zlib.crc32(text):08x}\n".encode())
    with pytest.raises(StoreError, match="has format 2") as caught:
        open_store(write=False).snapshot()
    assert not isinstance(caught.value, Damaged)


def test_a_manifest_that_cannot_be_read_is_unavailable(tmp_path, open_store):
    (tmp_path / "manifest").mkdir()
    with pytest.raises(Unavailable, match="manifest"):
        open_store(write=False).snapshot()


def test_a_manifest_reads_what_it_wrote(block_file, tmp_path):
    data = (tmp_path / "manifest").read_bytes()
    assert Manifest.parse(data, "").pack() == data


def test_all_that_is_sound_is_read_before_damage_is_raised(block_file, store, open_store, piece):
    store.seal(LEVEL, 2, [piece({1: [7.0], 39: [8.0]}, 2, START + 3600)])
    _, end = regions(block_file)["strips"]
    flip(block_file, end - 1)
    snapshot = open_store(write=False).snapshot()
    ids, into = np.array([39, 1, 3], np.uint32), Grid.empty(START, 10, 3, 361)
    with pytest.raises(Damaged):
        snapshot.read(LEVEL, snapshot.sets(LEVEL), ids, into)
    assert into.sum[:, [0, 1, 360]].tolist()[1:] == [[1.0, 1.5, 7.0], pytest.approx([3.0, 3.5, np.nan], nan_ok=True)]
    assert into.count[0, [0, 1, 360]].tolist() == [0, 0, 1]

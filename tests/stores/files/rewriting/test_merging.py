"""Which chunks a merge copies and which it recodes, and that either reads the same."""

import contextlib
import re
import tracemalloc
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from cadent.schema.grid import Grid
from cadent.schema.identity import Identity, Level, Mode
from cadent.schema.protocols import Slice
from cadent.stores.files import chunks
from cadent.stores.files.block import Block
from cadent.stores.files.rewriting import merging, rewriter, runs
from cadent.stores.files.store import FilesStore
from cadent.stores.memory import MemoryStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LEVEL = Level("default", 10)
START = 1_700_006_400 // 14_400 * 14_400  # where a stretch of small chunks begins
NOISE = np.random.default_rng(1).normal(size=(24, 360)).round(2)


def noise(hour):
    return NOISE[hour].tolist()


def the_block(folder):
    (file,) = (folder / "default" / "10").glob("*.block")
    return Block(file)


def windows_of(block, id_):
    """{(first slot, slots): chunk} of one id."""
    found = block.chunks(block.find(np.array([id_], np.uint32))[0], np.ones(len(block.parts), np.uint8))
    return {tuple(block.parts[part]): block.data[begin:end].tobytes() for _, part, begin, end in found.tolist()}


def merge(store):
    store.merge(LEVEL, store.snapshot().sets(LEVEL))


def seal_hour(store, piece, hour, values_by_id, sequence=None):
    store.seal(LEVEL, sequence or hour + 1, [piece(values_by_id, sequence or hour + 1, START + 3600 * hour)])


@pytest.fixture
def chunks_of(tmp_path, piece):
    """chunks_of(hour): the bytes of its noise, as a seal writes them."""

    def chunks_of(hour):
        with contextlib.closing(FilesStore(tmp_path / f"hour {hour}", write=True)) as store:
            seal_hour(store, piece, hour, {1: noise(hour)})
            return windows_of(the_block(store.folder), 1)[0, 360]

    return chunks_of


def test_chunks_alone_in_their_windows_are_copied(store, piece, tmp_path, chunks_of):
    for hour in range(5):
        seal_hour(store, piece, hour, {1: noise(hour)} if hour % 2 else {1: noise(hour), 2: noise(hour + 5)})
    merge(store)
    block = the_block(tmp_path)
    assert windows_of(block, 1) == {(360 * hour, 360): chunks_of(hour) for hour in range(5)}
    assert windows_of(block, 2).keys() == {(0, 360), (720, 360), (1440, 360)}


def test_chunks_that_share_windows_become_one_and_their_neighbours_stay(store, piece, tmp_path, chunks_of, sums):
    for hour in range(3):
        seal_hour(store, piece, hour, {1: noise(hour)})
    seal_hour(store, piece, 1, {1: [1000.0]}, sequence=4)
    merge(store)
    found = windows_of(the_block(tmp_path), 1)
    assert found.keys() == {(0, 360), (360, 360), (720, 360)}
    assert (found[0, 360], found[720, 360]) == (chunks_of(0), chunks_of(2))
    assert sums(store.snapshot(), [1], START)[1, (START - 1_700_002_800) // 10 + 360] == noise(1)[0] + 1000.0


def test_small_neighbours_become_one_within_an_aligned_stretch(store, piece, tmp_path):
    for hour in range(6):
        seal_hour(store, piece, hour, {1: [float(hour)] * 360})
    merge(store)
    assert windows_of(the_block(tmp_path), 1).keys() == {(0, 1440), (1440, 720)}


def test_small_chunks_that_have_a_stretch_for_themselves_share_a_part_whatever_their_gaps(store, piece, tmp_path):
    for hour in range(4):
        seal_hour(store, piece, hour, {id_: [1.0] for id_ in range(16) if id_ >> hour & 1} | {99: [5.0]})
    merge(store)
    block = the_block(tmp_path)
    assert {part for id_ in range(16) if id_.bit_count() > 1 for part in windows_of(block, id_)} == {(0, 1440)}


@pytest.mark.parametrize(("large", "joined"), [(0, (360, 720)), (2, (0, 720))])
def test_small_chunks_do_not_take_the_windows_of_a_large_one(store, piece, tmp_path, large, joined):
    for hour in range(3):
        seal_hour(store, piece, hour, {1: noise(0) if hour == large else [1.0]})
    merge(store)
    assert windows_of(the_block(tmp_path), 1).keys() == {(360 * large, 360), joined}


def test_a_merge_of_merges_copies_too(store, piece, tmp_path, chunks_of):
    for hour in range(4):
        seal_hour(store, piece, hour, {1: noise(hour), 2: noise(hour + 4)})
        merge(store)
    assert windows_of(the_block(tmp_path), 1) == {(360 * hour, 360): chunks_of(hour) for hour in range(4)}


def test_strips_of_some_kilobytes_share_a_checksum(store, piece, tmp_path):
    """A wanted strip costs the reading of its group."""
    for hour in range(20):
        seal_hour(store, piece, hour, dict.fromkeys(range(30), noise(hour)))
    merge(store)
    block = the_block(tmp_path)
    assert block.header.group == 1
    assert block.strip_bytes.min() > 8192
    store.delete(LEVEL, store.snapshot().sets(LEVEL))
    for number in (100, 101):
        seal_hour(store, piece, 0, {id_: [1.0] for id_ in range(30)}, sequence=number)
    merge(store)
    assert the_block(tmp_path).header.group > 16


def test_chunks_of_rare_windows_become_one_run(store, piece, tmp_path, sums):
    for hour in range(9):
        seal_hour(store, piece, hour, {1: noise(hour)} | ({2: noise(hour)} if hour in {3, 5} else {}))
    want = sums(store.snapshot(), [1, 2], START, 9 * 360)
    with patch.object(merging, "_MOST_WINDOWS", 2), patch.object(runs, "MAX_SLOTS", 1000):
        merge(store)
    first = START // 10 % 1000
    cuts = [0, *range(1000 - first, 9 * 360, 1000), 9 * 360]
    pieces = {(begin, end - begin) for begin, end in pairwise(cuts)}
    block = the_block(tmp_path)
    assert windows_of(block, 2).keys() == {(1080, 360), (1800, 360)}
    assert windows_of(block, 1).keys() == pieces | {(1080, 360), (1800, 360)}
    assert sums(store.snapshot(), [1, 2], START, 9 * 360) == want


def test_what_is_wider_than_a_chunk_may_be_is_cut(store, piece, tmp_path, sums):
    """Overlapping windows reach from the first hour to the last."""
    for number, first in enumerate(range(0, 4500, 300)):
        store.seal(LEVEL, number + 1, [piece({1: noise(number)}, number + 1, START + 10 * first)])
    want = sums(store.snapshot(), [1], START, 5000)
    merge(store)
    assert sum(slots for _, slots in windows_of(the_block(tmp_path), 1)) == 4560
    assert max(slots for _, slots in windows_of(the_block(tmp_path), 1)) <= 4320
    assert sums(store.snapshot(), [1], START, 5000) == want


# -- whatever is merged and erased ---------------------------------------------------------------------------------------


KNOBS = st.fixed_dictionaries(
    {
        (runs, "SMALL_BYTES"): st.sampled_from([0, 14, 100]),
        (runs, "JOINED_SLOTS"): st.sampled_from([4, 1440]),
        (runs, "MAX_SLOTS"): st.sampled_from([16, 4320]),
        (merging, "_MOST_WINDOWS"): st.sampled_from([1, 3, 256]),
        (merging, "SLICE_BYTES"): st.sampled_from([1, 1000, 1 << 20]),
        (rewriter, "_GRID_BYTES"): st.sampled_from([1, 1000, 1 << 20]),
        (chunks, "_CHUNK_BYTES"): st.sampled_from([0, 128]),
    }
)
IDS = [0, 1, 7, 20]
POINTS = st.dictionaries(
    st.tuples(st.sampled_from(IDS), st.integers(0, 15)), st.integers(-99, 99).map(lambda number: number / 4), min_size=1
)
SEALS = st.tuples(st.integers(0, 100), POINTS)
ERASED = st.tuples(st.frozensets(st.sampled_from([*IDS, 5])), st.integers(-5, 120), st.integers(0, 60))


def slice_of(sequence, mode, first, points):
    ids = sorted({id_ for id_, _ in points})
    grid = Grid.empty(START + 10 * first, 10, len(ids), 16)
    for (id_, slot), value in points.items():
        at = ids.index(id_), slot
        for values in (grid.sum, grid.min, grid.max, grid.last):
            values[at] = value
        grid.count[at] = 1
    return Slice(LEVEL, Identity("w", sequence, sequence, mode), np.array(ids, np.uint32), grid)


def points_of(store):
    snapshot = store.snapshot()
    into = Grid.empty(START - 50, 10, 31, 130)
    snapshot.read(LEVEL, snapshot.sets(LEVEL), np.arange(31, dtype=np.uint32), into)
    return [(id_, point) for id_ in range(31) for point in into.points(id_)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(KNOBS, st.lists(SEALS, min_size=1, max_size=6), st.sampled_from(Mode), st.lists(ERASED, max_size=2), st.data())
def test_what_was_merged_and_erased_reads_as_in_memory(tmp_path_factory, knobs, seals, mode, erased, data):
    with contextlib.ExitStack() as opened:
        for (module, name), value in knobs.items():
            opened.enter_context(patch.object(module, name, value))
        stores = (FilesStore(tmp_path_factory.mktemp("data"), write=True), MemoryStore())
        opened.callback(stores[0].close)
        for sequence, (first, points) in enumerate(seals, 1):
            piece = slice_of(sequence, mode, first, points)
            for store in stores:
                store.seal(LEVEL, sequence, [piece])
            if data.draw(st.booleans()) or sequence == len(seals):
                for store in stores:
                    merge(store)
        for ids, first, slots in erased:
            range_s = (START + 10 * first, START + 10 * (first + slots))
            for store in stores:
                store.erase(LEVEL, np.array(sorted(ids), np.uint32), *range_s)
        assert points_of(stores[0]) == points_of(stores[1])
        for file in stores[0].folder.rglob("*.block"):
            Block(file).verify()


# -- erasing -------------------------------------------------------------------------------------------------------------


def test_an_erasure_copies_what_loses_nothing(store, piece, tmp_path, chunks_of):
    for hour in range(4):
        seal_hour(store, piece, hour, {1: noise(hour), 2: noise(hour)})
    merge(store)
    store.erase(LEVEL, np.array([1], np.uint32), START + 3600, START + 2 * 3600 + 10)
    block = the_block(tmp_path)
    assert windows_of(block, 2) == {(360 * hour, 360): chunks_of(hour) for hour in range(4)}
    left = windows_of(block, 1)
    assert left.keys() == {(0, 360), (720, 360), (1080, 360)}
    assert (left[0, 360], left[1080, 360]) == (chunks_of(0), chunks_of(3))
    assert left[720, 360] != chunks_of(2)


def test_an_erasure_rewrites_only_blocks_that_hold_such_points(store, piece, tmp_path):
    for hour in range(3):
        seal_hour(store, piece, hour, {1 if hour else 2: noise(hour)})
    before = {one.start: one.number for one in store.snapshot().sets(LEVEL)}
    store.erase(LEVEL, np.array([1], np.uint32), START, START + 2 * 3600 - 10)
    after = {one.start: one.number for one in store.snapshot().sets(LEVEL)}
    assert [start for start in before if before[start] != after[start]] == [START + 3600]


# -- memory --------------------------------------------------------------------------------------------------------------


def resident(path):
    """Bytes of the file at ``path`` that this process holds in mappings."""
    maps = Path("/proc/self/smaps").read_text().split(f"{path}\n")[1:]
    return sum(1024 * int(re.search(r"Rss: +(\d+) kB", one)[1]) for one in maps)


def hour_of_noise(hour, ids):
    """Slices of 500 ids."""
    for first in range(0, ids, 500):
        values = NOISE[np.arange(500) % 24]
        grid = Grid(START + 3600 * hour, 10, np.ones(values.shape, np.int64), values, values, values, values)
        yield Slice(LEVEL, Identity("w", hour + 1, hour + 1), np.arange(first, first + 500, dtype=np.uint32), grid)


def test_a_merge_holds_a_small_part_of_what_it_merges(store, tmp_path):
    for hour in range(4):
        store.seal(LEVEL, hour + 1, hour_of_noise(hour, 4000))
    files = sorted((tmp_path / "default" / "10").glob("*.block"))
    total = sum(file.stat().st_size for file in files)
    mapped, traced = [], []
    write = rewriter.Rewriter.write

    def watched(*arguments):
        mapped.append(sum(map(resident, files)))
        write(*arguments)
        traced.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()

    tracemalloc.start()
    with patch.object(merging, "SLICE_BYTES", total // 20), patch.object(rewriter.Rewriter, "write", watched):
        merge(store)
    tracemalloc.stop()
    assert len(mapped) > 10
    assert max(mapped) < total / 3
    assert max(traced[1:]) < total / 2  # the first call may import

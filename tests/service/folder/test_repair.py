"""A repair makes coarse chunks anew of finer ones, and counts nothing twice."""

import asyncio
import random
import shutil

import numpy as np
import pytest
from cadent.schema.grid import Grid
from cadent.schema.identity import Level
from cadent.service.config.settings import Config, StoreSettings
from cadent.service.folder.check import Check
from cadent.service.folder.maintenance import Maintenance
from cadent.service.folder.repair import Repair
from cadent.service.folder.storage import Storage
from cadent.stores.files.store import FilesStore

NOW = 1_700_000_000
START = NOW // 86_400 * 86_400 - 2 * 86_400
LEVELS = [Level("default", step) for step in (10, 60, 600)]
PATHS = 40


def opened(folder):
    config = Config(StoreSettings(data=folder))
    storage = Storage.open(config, NOW, print)
    storage.engine.start(NOW)
    return storage, Maintenance(config, storage, lambda: NOW)


def compact(folder):
    storage, maintenance = opened(folder)
    asyncio.run(maintenance.table()["compact"]({}, b""))
    assert storage.engine.close(30) == 0
    storage.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Six hours of points, at all three steps."""
    folder = tmp_path_factory.mktemp("written") / "data"
    storage, maintenance = opened(folder)
    stream = storage.accumulator.open()
    values = random.Random(5)
    for time in range(START, START + 21_600, 120):
        lines = "".join(f"p.n{path:02} {values.randrange(1_000)} {time + values.randrange(120)}\n" for path in range(PATHS))
        assert stream.feed(lines.encode()) == len(lines)
    stream.close()
    storage.engine.submit(storage.accumulator.new_names(), storage.accumulator.drain(), NOW)
    asyncio.run(maintenance.table()["compact"]({}, b""))
    assert storage.engine.close(30) == 0
    storage.close()
    return folder


@pytest.fixture
def data(tmp_path, written):
    shutil.copytree(written, tmp_path / "data")
    return tmp_path / "data"


def points(folder, level):
    """Every statistic of each window."""
    snapshot = FilesStore(folder).snapshot()
    grid = Grid.empty(START, level.step_s, PATHS, 86_400 // level.step_s)
    snapshot.read(level, snapshot.sets(level), np.arange(PATHS, dtype=np.uint32), grid)
    return [grid.count, grid.sum, grid.min, grid.max, grid.last]


def damage(folder, level, how):
    (path,) = folder.glob(f"{level.policy}/{level.step_s}/*.block")
    content = bytearray(path.read_bytes())
    content[{"strips": 200, "header": 9, "index": len(content) - 12}[how]] ^= 1
    path.write_bytes(content)


def repair(folder):
    Repair(folder).of(list(Check(folder).of_all()))
    assert list(Check(folder).of_all()) == []


@pytest.mark.parametrize("how", ["strips", "header", "index"])
@pytest.mark.parametrize("level", LEVELS[1:], ids=str)
def test_what_finer_chunks_have_of_a_lost_block_is_not_lost(data, level, how):
    before = [points(data, each) for each in LEVELS]
    assert all(of_level[0].sum() == 180 * PATHS for of_level in before)
    damage(data, level, how)
    repair(data)
    for turn in range(2):
        for each, want in zip(LEVELS, before, strict=True):
            for got, wanted in zip(points(data, each), want, strict=True):
                np.testing.assert_array_equal(got, wanted, str((turn, each)))
        compact(data)  # what is rolled up already must not be once more


@pytest.mark.parametrize("how", ["strips", "header"])
def test_a_lost_fine_block_takes_nothing_from_coarse_ones(data, how):
    before = [points(data, each) for each in LEVELS]
    damage(data, LEVELS[0], how)
    repair(data)
    compact(data)
    left = points(data, LEVELS[0])[0]
    assert left.sum() < before[0][0].sum()
    for each, want in zip(LEVELS[1:], before[1:], strict=True):
        for got, wanted in zip(points(data, each), want, strict=True):
            np.testing.assert_array_equal(got, wanted, str(each))


def test_all_steps_damaged_at_once_lose_what_none_has(data):
    for level in LEVELS:
        damage(data, level, "strips")
    repair(data)
    left = [points(data, level)[0].sum(axis=1) for level in LEVELS]
    for of_path in zip(*left, strict=True):
        assert of_path[0] <= of_path[1] <= of_path[2] <= 180
    assert all(0 < of_level.sum() < 180 * PATHS for of_level in left)

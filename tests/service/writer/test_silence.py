import asyncio
import contextlib
import time
from dataclasses import replace

import numpy as np
import pytest
from cadent.index.living import read_living
from cadent.index.names import NamesLog
from cadent.schema.protocols import NewNames
from cadent.service.config.settings import Config, StoreSettings
from cadent.service.folder.storage import Storage
from cadent.service.writer.silence import Silence

NOW = time.time()
TODAY = int(NOW // 86_400)
PATIENCE_S = 20.0


@pytest.fixture
def storage(tmp_path):
    """On a folder that knows a path which has not been heard of for thirty years, and one that is from today."""
    names = NamesLog.open(tmp_path)
    for number, (path, day) in enumerate({b"old": TODAY - 30 * 365, b"new": TODAY}.items()):
        names.append(NewNames("default", day, np.array([number], np.uint32), [len(path)], path))
    names.close()
    config = replace(Config(), store=StoreSettings(data=tmp_path))
    storage = Storage.open(config, NOW, lambda error: pytest.fail(str(error)))
    with contextlib.closing(storage):
        storage.engine.start(NOW)
        yield storage
        storage.engine.close(PATIENCE_S)


def give_up_silent(storage):
    async def run():
        silence = Silence(storage, Config().policies)
        silence.look(NOW)
        await silence._task

    asyncio.run(run())


def living(folder):
    known = read_living(folder)
    return {int(number): path for batch in known.names() for number, path in zip(batch.ids, paths_of(batch), strict=True)}


def paths_of(batch):
    ends = np.cumsum(batch.lengths).tolist()
    return [bytes(batch.paths[end - length : end]) for end, length in zip(ends, batch.lengths, strict=True)]


def send(storage, line):
    stream = storage.accumulator.open()
    stream.feed(line)
    stream.close()


def test_a_path_of_which_no_points_are_kept_is_given_up(storage, tmp_path):
    give_up_silent(storage)
    assert living(tmp_path) == {1: b"new"}
    assert storage.accumulator.counters().paths == 1


def test_when_it_comes_again_it_is_a_new_one(storage, tmp_path):
    give_up_silent(storage)
    send(storage, b"old 1 %d\n" % NOW)
    storage.engine.submit(storage.accumulator.new_names(), storage.accumulator.drain(), NOW)
    storage.engine.close(PATIENCE_S)
    assert living(tmp_path) == {1: b"new", 2: b"old"}


def test_one_that_has_just_come_again_stays(storage, tmp_path):
    send(storage, b"old 1 %d\n" % NOW)
    give_up_silent(storage)
    assert living(tmp_path) == {0: b"old", 1: b"new"}

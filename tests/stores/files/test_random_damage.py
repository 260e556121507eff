"""Blocks and manifests with a fault of a random kind at a random place."""

import json
import zlib

import pytest
from cadent.schema.errors import Damaged, StoreError
from cadent.schema.identity import Level
from damage import attempt, harm, trials

LEVEL = Level("default", 10)
VALUES = {id_: [float(id_), id_ + 0.5, id_ * id_] for id_ in range(40)}


@pytest.fixture
def store(store, piece):
    """With two blocks of the same span."""
    store.seal(LEVEL, 1, [piece(VALUES, 1)])
    store.seal(LEVEL, 2, [piece({id_: [1.0] for id_ in range(5, 50)}, 2)])
    return store


def test_any_damage_to_a_block_is_named_or_touches_nothing_that_was_asked_for(store, open_store, sums, tmp_path):
    whole = sums(store.snapshot())
    for rng in trials(21):
        file = rng.choice(sorted((tmp_path / "default" / "10").glob("*.block")))
        sound = file.read_bytes()
        harmed = harm(sound, rng)
        file.write_bytes(harmed.data)
        asked = rng.sample(range(50), rng.choice([1, 5, 50]))
        seen, error = attempt(lambda asked=asked: sums(open_store(write=False).snapshot(), sorted(asked)))
        if error:
            assert error.file == str(file), (harmed.how, harmed.at)
            assert 0 <= error.offset <= max(len(sound), len(harmed.data))
        else:
            assert seen == {key: total for key, total in whole.items() if key[0] in asked}, (harmed.how, harmed.at)
        file.write_bytes(sound)


def test_any_damage_to_a_manifest_is_named_and_nothing_is_changed(store, open_store, tmp_path):
    store.close()
    manifest = tmp_path / "manifest"
    sound = manifest.read_bytes()
    for rng in trials(22):
        harmed = harm(sound, rng)
        manifest.write_bytes(harmed.data)
        files = sorted(tmp_path.rglob("*"))
        for write in (False, True):
            with pytest.raises(Damaged) as caught:
                open_store(write=write).snapshot()
            assert caught.value.file == str(manifest), (harmed.how, harmed.at)
        assert sorted(tmp_path.rglob("*")) == files
        assert manifest.read_bytes() == harmed.data
    manifest.write_bytes(sound)
    open_store()  # the lock was given back each time


@pytest.mark.parametrize("change", [{"format": 99}, {"format": 99, "levels": None}])
def test_a_newer_manifest_is_refused_in_words(store, open_store, tmp_path, change):
    manifest = tmp_path / "manifest"
    text, _ = manifest.read_bytes().rsplit(b"crc32 ", 1)
    newer = json.dumps({**json.loads(text), **change}).encode() + b"\n"
    manifest.write_bytes(newer + f"crc32 {zlib.crc32(newer):08x}\n".encode())
    with pytest.raises(StoreError, match="has format 99") as caught:
        open_store(write=False).snapshot()
    assert not isinstance(caught.value, Damaged)

"""docs/formats/manifest.md is true: a decoder written from the page alone reads its example and all that a store writes."""

import json
import re
import zlib
from pathlib import Path

from cadent.schema.identity import Level, Mode
from cadent.stores.files.manifest import Manifest

PAGE = (Path(__file__).parents[3] / "docs/formats/manifest.md").read_text()
LEVEL = Level("default", 10)
START = 1_700_002_800


def read_manifest(data):
    """The decoder of the page."""
    document, check, nothing = data.split(b"\n")
    assert nothing == b""
    assert check == b"crc32 %08x" % zlib.crc32(document + b"\n")
    manifest = json.loads(document)
    assert manifest["format"] == 1
    return manifest


def block_files(manifest, folder):
    return {
        folder / level / f"{block['start']}-{block['number']:016x}.block": block
        for level, entry in manifest["levels"].items()
        for block in entry["blocks"]
    }


def example():
    lines = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ){1,16})", PAGE, re.MULTILINE)
    return bytes.fromhex("".join(lines))


def test_the_example_decodes_to_its_object():
    (shown,) = re.findall(r"```json\n(.*)\n```", PAGE)
    assert read_manifest(example()) == json.loads(shown)


def test_the_example_reads_and_is_written_as_it_stands():
    manifest = Manifest.parse(example(), "")
    (block,) = manifest.level(LEVEL).blocks
    assert (manifest.generation, manifest.level(LEVEL).sealed, block.name) == (2, 9, f"{START}-0000000000000001.block")
    assert manifest.pack() == example()


def test_every_field_is_on_the_page():
    manifest = read_manifest(example())
    (entry,) = manifest["levels"].values()
    for name in (*manifest, *entry, *entry["blocks"][0]):
        assert re.search(rf"^\|.*[`.]{name}`.*\|$", PAGE, re.MULTILINE), name


def test_all_that_a_store_writes_reads_by_the_page(store, piece, tmp_path):
    path = tmp_path / "manifest"
    assert read_manifest(path.read_bytes()) == {"format": 1, "generation": 1, "next_number": 1, "levels": {}}
    store.seal(LEVEL, 3, [piece({1: [1.0], 2: [2.0]}, 3)])
    store.seal(LEVEL, 20, [piece({1: [1.0]}, 20, mode=Mode.REPLACE), piece({1: [1.0]}, 20, START + 3600, Mode.REPLACE)])
    store.roll_up(LEVEL, store.snapshot().sets(LEVEL)[2:], Level("default", 60), [])
    manifest = read_manifest(path.read_bytes())
    assert (manifest["generation"], manifest["next_number"], manifest["levels"]["default/10"]["sealed"]) == (4, 4, 20)
    assert manifest["levels"]["default/60"] == {"sealed": 0, "blocks": []}
    files = block_files(manifest, tmp_path)
    assert sorted(files) == sorted((tmp_path / "default" / "10").glob("*.block"))
    assert [block["bytes"] for block in files.values()] == [file.stat().st_size for file in files]
    names = ("number", "start", "slots", "first", "last", "mode", "writer", "rolled_up_to_s", "ids")
    assert [tuple(block[name] for name in names) for block in files.values()] == [
        (1, START, 360, 3, 3, "add", "w", 0, 2),
        (2, START, 360, 20, 20, "replace", "w", 0, 1),
        (3, START + 3600, 360, 20, 20, "replace", "w", 60, 1),
    ]


def test_numbers_never_go_back(store, piece, tmp_path):
    store.seal(LEVEL, 1, [piece({1: [1.0]}, 1)])
    store.delete(LEVEL, store.snapshot().sets(LEVEL))
    assert read_manifest((tmp_path / "manifest").read_bytes())["next_number"] == 2

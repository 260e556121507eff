"""docs/formats/trie.md is true: a decoder written from the page alone reads its example and all that a snapshot holds."""

import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from cadent.index import frames
from cadent.index._trie import Trie
from cadent.index.snapshot import Snapshot
from cadent.index.tail import Place
from hypothesis import given
from hypothesis import strategies as st

PAGE = (Path(__file__).parents[2] / "docs/formats/trie.md").read_text()
WIDTHS = [4, 4, 4, 2, 2, 2, 2, 1, 4]


def number(data):
    return int.from_bytes(data, "little")


def read_snapshot(data):
    """((nonce, offset, last start, last checksum), {path: (id, policy, first day, last day)})"""
    assert data[:8] == b"CDNTTRIE"
    assert (number(data[8:10]), number(data[10:12])) == (1, 0)
    assert number(data[12:16]) == zlib.crc32(data[:12] + data[16:])
    place = number(data[16:24]), number(data[24:32]), number(data[32:40]), number(data[40:44])
    columns, at = [], 80
    for column, width in enumerate(WIDTHS):
        count = number(data[44 + 4 * column : 48 + 4 * column])
        columns.append([number(data[at + width * i : at + width * (i + 1)]) for i in range(count)])
        size = count * width
        assert not any(data[at + size : at + size + -size % 8])
        at += size + -size % 8
    assert at == len(data)
    return place, read_paths(*columns)


def read_paths(parents, segments, ids, policies, firsts, lasts, lengths, text, policy_words):
    texts, at = [], 0
    for length in lengths:
        texts.append(bytes(text[at : at + length]).decode())
        at += length
    assert at == len(text)
    assert len(set(texts)) == len(texts)
    found, nodes = {}, []
    for parent, segment, path_id, policy, *days in zip(parents, segments, ids, policies, firsts, lasts, strict=True):
        nodes.append(texts[segment] if parent < 2 else nodes[parent - 2] + "." + texts[segment])
        assert (parent == 1) == (";" in nodes[-1])
        if path_id != 0xFFFFFFFF:
            found[nodes[-1]] = path_id, texts[policy_words[policy]], *days
        else:
            assert days == [0, 0]
    assert len(set(nodes)) == len(nodes)
    return found


def example():
    return bytes.fromhex("".join(re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)", PAGE, re.MULTILINE)))


PLACE = 0x1122334455667788, 0xA8, 0x88, 0x134F9EBF
PATHS = {"a.b": (0, "default", 19675, 19676), "a.é": (1, "default", 19675, 19675), "t;k=v": (2, "default", 19675, 19676)}


def test_the_example_decodes_to_what_the_page_says():
    assert read_snapshot(example()) == (PLACE, PATHS)


def test_the_snapshot_reads_and_writes_the_example():
    snapshot = Snapshot.decode(example())
    assert snapshot.place == Place(*PLACE)
    again = Snapshot(snapshot.place, Trie.load(snapshot.columns).dump())
    assert again.encode() == example()


def add(path, id, policy):
    name = path.encode()
    return frames.encode_add(policy, 1, np.array([id], np.uint32), np.array([len(name)], np.uint16), name)


SEGMENTS = st.text("ab-é", min_size=1, max_size=3)
PATH = st.tuples(st.lists(SEGMENTS, min_size=1, max_size=4).map(".".join), st.sampled_from(["", "", ";k=v", ";k=v.w;x=y"]))


@given(st.dictionaries(PATH.map("".join), st.sampled_from(["default", "slow", "a"]), max_size=8))
def test_every_snapshot_reads_by_the_page(policies):
    trie, want = Trie(), {}
    for path_id, (path, policy) in enumerate(policies.items(), 5):
        data = add(path, path_id, policy) + frames.encode_seen(path_id, np.array([path_id], np.uint32))
        trie.apply(data, frames.scan(data)[0].tobytes())
        want[path] = path_id, policy, 1, path_id
    assert read_snapshot(Snapshot(Place(*PLACE), trie.dump()).encode()) == (PLACE, want)


@pytest.mark.parametrize("at", [8, 16, 50, 90, 170])
def test_the_decoder_of_the_page_can_fail(at):
    data = bytearray(example())
    data[at] ^= 1
    with pytest.raises(AssertionError):
        read_snapshot(bytes(data))

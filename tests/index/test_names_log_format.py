"""docs/formats/names-log.md is true: a decoder written from the page alone reads its example and all that NamesLog writes."""

import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from cadent.index import frames
from cadent.index.tail import log_path

PAGE = (Path(__file__).parents[2] / "docs/formats/names-log.md").read_text()


def number(data):
    return int.from_bytes(data, "little")


def numbers(data, size):
    return [number(data[at : at + size]) for at in range(0, len(data), size)]


def read_log(data):
    """(least next id, nonce, frames); a frame is (kind, policy, day, ids, paths)."""
    assert data[:8] == b"CDNTNAME"
    assert (number(data[8:10]), number(data[10:12]), data[28:32]) == (1, 0, bytes(4))
    assert number(data[24:28]) == zlib.crc32(data[:24])
    found, at = [], 32
    while at < len(data):
        size = 24 + number(data[at + 8 : at + 12])
        size += -size % 8
        found.append(read_frame(data[at : at + size]))
        at += size
    assert at == len(data)
    return number(data[12:16]), number(data[16:24]), found


def read_frame(frame):
    assert frame[:4] == b"CDNF"
    assert number(frame[4:8]) == zlib.crc32(frame[8:])
    kind, policy_size, count = frame[12], frame[13], number(frame[16:20])
    body = frame[24 : 24 + number(frame[8:12])]
    ids, rest = numbers(body[: 4 * count], 4), body[4 * count :]
    paths = None
    policy = ""
    if kind in (1, 4):
        lengths, rest = numbers(rest[: 2 * count], 2), rest[2 * count :]
        policy, rest = rest[:policy_size].decode(), rest[policy_size:]
        paths = []
        for length in lengths:
            paths.append(rest[:length].decode())
            rest = rest[length:]
    assert rest == b""
    return kind, policy, number(frame[20:24]), ids, paths


def example():
    return bytes.fromhex("".join(re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)", PAGE, re.MULTILINE)))


EXAMPLE = [
    (1, "default", 19675, [0, 1, 2], ["a.b", "a.c", "t;k=v"]),
    (4, "", 0, [1], ["a.é"]),
    (2, "", 19676, [0, 2], None),
    (3, "", 0, [2], None),
]


def test_the_example_decodes_to_what_the_page_says():
    assert read_log(example()) == (0, 0x1122334455667788, EXAMPLE)


def write_example(log, names):
    log.append(names(0, ["a.b", "a.c", "t;k=v"], "default", 19675))
    log.rename(np.array([1], np.uint32), ["a.é"])
    log.seen(19676, np.array([0, 2], np.uint32))
    log.delete(np.array([2], np.uint32))


def test_the_names_log_writes_the_example(log, names):
    write_example(log, names)
    assert log.path.read_bytes()[32:] == example()[32:]
    assert frames.encode_file_header(0, 0x1122334455667788) == example()[:32]


def test_readers_read_the_example(index, tmp_path):
    log_path(tmp_path).parent.mkdir()
    log_path(tmp_path).write_bytes(example())
    assert [(match.path, match.id, match.policy) for match in index.find("*.*", 10)] == [
        ("a.b", 0, "default"),
        ("a.é", 1, "default"),
    ]


def test_a_log_of_many_frames_reads_by_the_page(log, names):
    want = []
    for batch in range(1, 40):
        paths = [f"p{batch}.é{number}" for number in range(batch)]
        log.append(names(log.next_id, paths, f"policy-{batch % 3}", batch))
        want.append((1, f"policy-{batch % 3}", batch, list(range(log.next_id - batch, log.next_id)), paths))
    assert read_log(log.path.read_bytes())[2] == want


@pytest.mark.parametrize("at", [8, 12, 30, 40, 60])
def test_the_decoder_of_the_page_can_fail(at):
    data = bytearray(example())
    data[at] ^= 1
    with pytest.raises(AssertionError):
        read_log(bytes(data))

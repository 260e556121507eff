"""docs/formats/control.md: its example, decoded by what the page says and by the code."""

import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from cadent.schema.head import HEAD_POINT
from cadent.service.control.frame import MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, pack, unpack_header

PAGE = (Path(__file__).parents[3] / "docs" / "formats" / "control.md").read_text()


def blocks() -> list[bytes]:
    dumps = re.findall(r"```hex\n(.*?)```", PAGE, re.DOTALL)
    return [bytes.fromhex("".join(line[6:53] for line in dump.splitlines())) for dump in dumps]


def decoded(frame: bytes) -> tuple[dict, bytes]:
    header_bytes, payload_bytes = struct.unpack_from("<II", frame)
    assert len(frame) == 8 + header_bytes + payload_bytes
    return json.loads(frame[8 : 8 + header_bytes]), frame[8 + header_bytes :]


def test_the_request_of_the_example_asks_for_two_ids():
    header, payload = decoded(blocks()[0])
    assert header == {"op": "head", "policy": "default"}
    assert struct.unpack("<2I", payload) == (7, 4711)
    assert blocks()[0] == pack(header, payload)


def test_the_answer_of_the_example_holds_one_point():
    header, payload = decoded(blocks()[1])
    assert header == {"ok": True, "last_sequence": 4242}
    assert struct.unpack("<IIqqdddd", payload) == (1, 10, 1699999990, 2, 3.0, 1.0, 2.0, 1.0)
    assert np.frombuffer(payload, HEAD_POINT).tolist() == [(1, 10, 1699999990, 2, 3.0, 1.0, 2.0, 1.0)]
    assert unpack_header(json.dumps(header).encode()) == header


@pytest.mark.parametrize("bound", [MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES])
def test_the_page_names_the_bounds(bound):
    assert f"{bound:,}" in PAGE

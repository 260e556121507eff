"""The control socket's frame, the same both ways: docs/formats/control.md."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SOCKET_NAME = "control.sock"
LENGTHS = struct.Struct("<II")

MAX_HEADER_BYTES = 1 << 20
# 4 M ids in a request; an answer is bounded by what the windows hold.
MAX_PAYLOAD_BYTES = 1 << 24

Header = Mapping[str, Any]


def pack(header: Header, payload: bytes | memoryview = b"") -> bytes:
    """A whole frame."""
    text = json.dumps(header).encode()
    return b"".join((LENGTHS.pack(len(text), len(payload)), text, payload))


def unpack_header(text: bytes) -> dict[str, Any]:
    """The header of a frame. Raises ValueError for anything but a JSON object."""
    header = json.loads(text)
    if not isinstance(header, dict):
        raise ValueError(f"a frame's header is {text[:100]!r}; want a JSON object")  # noqa: TRY004 - as json.loads does
    return header


@contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """A path of the folder's control socket that fits a socket address (108 bytes) however long the folder's is."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)

"""The CRC-32 behind each value, little-endian: the server verifies nothing of a table that it does not compress."""

from __future__ import annotations

import zlib
from typing import Final

CRC_BYTES: Final = 4
# That of anything with its own CRC-32 behind it.
_OF_ALL: Final = 0x2144_DF1C


def checked(data: bytes) -> bytes:
    """``data`` with its checksum."""
    return data + zlib.crc32(data).to_bytes(CRC_BYTES, "little")


def is_sound(value: bytes) -> bool:
    """Whether ``value`` is what ``checked`` gave."""
    return zlib.crc32(value) == _OF_ALL

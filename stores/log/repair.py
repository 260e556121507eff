"""What a writer finds at its start: whole segments, and one that may have been cut short."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...schema.errors import Damaged
from ..copying import copy
from .format import RECORD_MAGIC, RecordHeader
from .segment import ALL_SEQUENCES, Segment


def open_whole(path: Path) -> Segment:
    """A segment that was acknowledged: its header must be there. Raises Damaged."""
    try:
        return Segment(path)
    except FileNotFoundError:
        raise Damaged(str(path), 0, "its header is missing") from None


def check(path: Path) -> Segment:
    """A closed segment: every byte of it was acknowledged. Raises Damaged."""
    segment = open_whole(path)
    segment.verify()
    segment.refuse_rest()
    return segment


def repair(path: Path) -> Segment | None:
    """The last segment of a log, cut behind its last whole record. None when it held no row: then it is gone.

    What is cut was being written when the writer ended, so nobody was told that it is safe. Raises Damaged where a later
    record shows that the bad one was durable before.
    """
    try:
        segment = Segment(path)
    except (FileNotFoundError, Damaged):
        _remove(path, 0)
        return None
    segment.verify()
    if len(segment.rows(0, ALL_SEQUENCES)) == 0:
        _remove(path, segment.end)
        return None
    if segment.end < segment.size:
        refuse_durable(path, segment.end)
        _cut(path, segment.end)
    return segment


def copy_whole(path: Path, target: Path, durable: int) -> None:
    """Copy the whole records of a segment that may be appended to meanwhile; nothing if it has no header yet. Raises Damaged if
    they end before byte ``durable``."""
    try:
        segment = Segment(path)
    except FileNotFoundError:
        return
    segment.verify()
    if segment.end < durable:
        raise Damaged(str(path), segment.end, "a record that was acknowledged fails its checksum")
    copy(path, target, segment.end)


def _remove(path: Path, end: int) -> None:
    refuse_durable(path, end)
    path.unlink()


def _cut(path: Path, end: int) -> None:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.ftruncate(fd, end)
        os.fdatasync(fd)
    finally:
        os.close(fd)


def refuse_durable(path: Path, end: int) -> None:
    """Raises Damaged if a record behind byte ``end`` belongs to an append that began after it."""
    for at, header in records_behind(path, end):
        if at > end and header.batch > end:
            raise Damaged(str(path), end, f"a record fails its checksum, but one that was written later, at byte {at}, does not")


def records_behind(path: Path, end: int) -> Iterator[tuple[int, RecordHeader]]:
    """Every place from byte ``end`` on where a sound record header lies, whatever is between them."""
    data = path.read_bytes()
    words = np.frombuffer(data, "<u4", len(data) // 8 * 2)[::2]
    for at in (np.flatnonzero(words == RECORD_MAGIC) * 8).tolist():
        header = RecordHeader.parse(data, at)
        if at >= end and header is not None:
            yield at, header

"""The names log of one data folder put into another one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..schema.errors import Unavailable
from .draft import draft_of, sync_folder, write_draft
from .frames import FILE_HEADER_SIZE
from .tail import check_tail, log_path, opened, pieces, read_header


def copy_names(folder: Path, target: Path) -> None:
    """Put the names log of data folder ``folder``, as far as it is written, into ``target``, durably but for the name of its
    folder. Somebody may append meanwhile. Raises Damaged, Unavailable, and StoreError for a log of a newer Cadent."""
    copied = log_path(target)
    try:
        copied.parent.mkdir(exist_ok=True)
        write_draft(copied, _whole_frames(log_path(folder)))
        draft_of(copied).rename(copied)
        sync_folder(copied.parent)
    except OSError as error:
        raise Unavailable(f"{copied} cannot be written: {error.strerror}") from error


def _whole_frames(path: Path) -> Iterator[bytes]:
    """The log's bytes up to the end of its last whole frame."""
    with opened(path) as file:
        read_header(path, file)
        yield os.pread(file, FILE_HEADER_SIZE, 0)
        end = FILE_HEADER_SIZE
        for piece in pieces(file, end):
            yield piece.data[: piece.end - piece.offset]
            end = piece.end
        check_tail(path, file, end)

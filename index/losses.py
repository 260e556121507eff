"""What damage took from a names log, and a log of what it left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..schema.errors import Damaged, Unavailable
from .draft import draft_of, sync_folder, write_draft
from .frames import ADD, FILE_HEADER_SIZE, encode_file_header, ids_of, next_frame
from .tail import Piece, log_path, opened, pieces, read_header


@dataclass(frozen=True, slots=True)
class NamesLoss:
    """Bytes [begin, end) of the log make no sense. The paths of ids from ``first_id`` up to ``next_id`` may have been there."""

    begin: int
    end: int
    first_id: int
    next_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class NamesState:
    """``next_id``: one past the greatest id in what can be read, 0 if there is none."""

    next_id: int
    losses: list[NamesLoss]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Whole frames that follow each other from byte ``begin`` on, of ids below ``next_id``; the first that is new is ``added``,
    if one is."""

    begin: int
    data: bytes
    next_id: int
    added: int | None

    @classmethod
    def of(cls, piece: Piece) -> _Stretch:
        adding = piece.frames[piece.frames["kind"] == ADD]
        added = int(ids_of(piece.data, adding[0]).min()) if len(adding) else None
        next_id = int(piece.frames["highest"].max()) + 1
        return cls(piece.offset, piece.data[: piece.end - piece.offset], next_id, added)


def examine_names(folder: Path, used: int) -> NamesState:
    """Read the names log of data folder ``folder``. Ids below ``used`` have points. A frame that is not whole at the end is no
    loss, unless such an id was in it. Raises Unavailable, and StoreError for a log of a newer Cadent."""
    path = log_path(folder)
    if not path.exists():
        return NamesState(0, [NamesLoss(0, 0, 0, used, f"{path} is missing")] if used else [])
    next_id, losses = _header_loss(path)
    end, size = FILE_HEADER_SIZE, path.stat().st_size
    for stretch in _stretches(path):
        if stretch.begin > end:
            reason = str(Damaged(str(path), end, f"no valid frame, though one follows {stretch.begin - end} bytes later"))
            losses.append(
                NamesLoss(end, stretch.begin, next_id, stretch.next_id if stretch.added is None else stretch.added, reason)
            )
        next_id, end = max(next_id, stretch.next_id), stretch.begin + len(stretch.data)
    if next_id < used:
        reason = str(
            Damaged(str(path), end, f"its names end with id {next_id - 1}, and there are points of ids up to {used - 1}")
        )
        losses.append(NamesLoss(end, size, next_id, used, reason))
    return NamesState(next_id, losses)


def save_names(folder: Path, used: int) -> None:
    """Write the log anew with every whole frame of it. No id below ``used`` is given again. Raises Unavailable, StoreError."""
    path = log_path(folder)
    least = max(used, examine_names(folder, used).next_id)
    try:
        path.parent.mkdir(exist_ok=True)
        write_draft(path, _saved(path, least))
        draft_of(path).rename(path)
        sync_folder(path.parent)
        sync_folder(folder)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from error


def _saved(path: Path, least_next_id: int) -> Iterator[bytes]:
    yield encode_file_header(least_next_id, int.from_bytes(os.urandom(8), "little"))
    if path.exists():
        yield from (stretch.data for stretch in _stretches(path))


def _header_loss(path: Path) -> tuple[int, list[NamesLoss]]:
    """What the header says of ids that are taken, and what it lost."""
    with opened(path) as file:
        try:
            return read_header(path, file).least_next_id, []
        except Damaged as error:
            return 0, [NamesLoss(0, FILE_HEADER_SIZE, 0, 0, str(error))]


def _stretches(path: Path) -> Iterator[_Stretch]:
    with opened(path) as file:
        begin: int | None = FILE_HEADER_SIZE
        while begin is not None:
            for piece in pieces(file, begin):
                yield _Stretch.of(piece)
                begin = piece.end
            rest = os.pread(file, os.fstat(file).st_size - begin, begin)
            following = next_frame(rest, 0)
            begin = None if following is None else begin + following

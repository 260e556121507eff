"""The names log of a writer, on its way into Cassandra and out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from ...index.draft import draft_of, sync_folder, write_draft
from ...index.frames import FILE_HEADER_SIZE, encode_file_header, scan
from ...index.source import News
from ...index.tail import Piece, Place, check_header, log_path, opened, pieces, read_header
from ...schema.errors import Damaged, StoreError, Unavailable
from .link import Link
from .names_record import NamesRecord
from .names_table import NamesHead, NamesRows, names_writers, read_names_head, write_names_head

# What a former process sent, and what arrives late, is far below the revisions of the next one.
_APART: Final = 1 << 32


class NamesUpload:
    """Brings the names log of data folder ``folder`` to Cassandra as that of ``writer``. One thread.

    ``period_s``: what a host acknowledged so long ago it still has after a crash. All raise Unavailable, Damaged; StoreError when
    the writer's names are those of another data folder.
    """

    def __init__(self, link: Link, writer: str, folder: Path, period_s: float) -> None:
        self._link = link
        self._writer = writer
        self._folder = folder
        self._path = log_path(folder)
        self._record = NamesRecord(folder)
        self._progress = _Progress(period_s, link.interruptions)
        self._revision = 0

    def check(self) -> None:
        """Raise StoreError if the writer's names are those of another data folder. Nothing is uploaded."""
        with opened(self._path) as file:
            nonce = read_header(self._path, file).nonce
            self._known_head(nonce, os.fstat(file).st_size)

    def step(self, now: float) -> None:
        """Upload what was appended since; it is durable here first. ``now``: seconds of a clock that does not go back. The first
        step uploads all: nobody knows what of the last seconds of a former process is there."""
        interruptions = self._link.interruptions
        with opened(self._path) as file:
            os.fdatasync(file)
            nonce = read_header(self._path, file).nonce
            begin = self._progress.begin(nonce, interruptions)
            end = _whole_frames(file, max(begin, FILE_HEADER_SIZE))
            if end > begin:
                self._upload(file, nonce, begin, end)
        self._progress.done(nonce, end, now, interruptions)
        if self._progress.lasts(now):
            self._drop_former(nonce, end)

    def _upload(self, file: int, nonce: int, begin: int, end: int) -> None:
        head = self._known_head(nonce, end)
        if head is None or head.nonce != nonce:
            self._record.write(self._record.read() | {nonce: end} | ({head.nonce: head.end} if head else {}))
        NamesRows(self._link, self._writer, nonce).write(partial(os.pread, file), begin, end)
        write_names_head(self._link, self._writer, NamesHead(nonce, end, self._next_revision(head)))

    def _next_revision(self, head: NamesHead | None) -> int:
        self._revision = head.revision + _APART if head and not self._revision else self._revision + 1
        return self._revision

    def _known_head(self, nonce: int, end: int) -> NamesHead | None:
        """What counts by now. ``end``: where the log with this nonce ends here."""
        head = read_names_head(self._link, self._writer)
        if head is None or head.nonce in self._record.read().keys() - {nonce}:
            return head
        if head.nonce != nonce:
            raise StoreError(
                f"keyspace {self._link.keyspace} has names of writer {self._writer}, and not from data folder {self._folder}: "
                "another data folder uses this writer's name; give this one another"
            )
        if head.end > end:
            raise StoreError(
                f"{self._path} ends at byte {end}, and keyspace {self._link.keyspace} has {head.end} bytes of it from writer "
                f"{self._writer}: data folder {self._folder} is an older copy of the one that uploaded them"
            )
        return head

    def _drop_former(self, nonce: int, end: int) -> None:
        """Remove what was uploaded of logs that this one replaced."""
        sizes = self._record.read()
        if sizes.keys() == {nonce}:
            return
        for former in sizes.keys() - {nonce}:
            NamesRows(self._link, self._writer, former).drop(sizes[former])
        self._record.write({nonce: end})


class _Progress:
    """How far which log was uploaded, and when."""

    def __init__(self, period_s: float, interruptions: int) -> None:
        self._period_s = period_s
        self._interruptions = interruptions
        self._nonce: int | None = None
        self._looked = 0.0
        self._uploads: list[tuple[float, int]] = []  # (when, end): the last one that lasts, and those since

    def begin(self, nonce: int, interruptions: int) -> int:
        """Where to go on with this log. After an interruption, at what lasted when it cannot yet have happened."""
        if nonce != self._nonce:
            self._uploads = []
        elif interruptions != self._interruptions:
            self._uploads = [upload for upload in self._uploads if upload[0] <= self._looked - self._period_s]
        return self._uploads[-1][1] if self._uploads else 0

    def done(self, nonce: int, end: int, now: float, interruptions: int) -> None:
        self._nonce, self._looked, self._interruptions = nonce, now, interruptions
        if not self._uploads or end > self._uploads[-1][1]:
            self._uploads.append((now, end))
        while len(self._uploads) > 1 and self._uploads[1][0] <= now - self._period_s:
            del self._uploads[0]

    def lasts(self, now: float) -> bool:
        """Whether the first upload of this log would be there still if all hosts crashed now."""
        return self._uploads[0][0] <= now - self._period_s


class NamesDownload:
    """The names of all writers of a keyspace. Any thread."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def writers(self) -> list[str]:
        """Those that have names there, sorted. Raises Unavailable."""
        return names_writers(self._link)

    def source(self, writer: str) -> UploadedNames:
        return UploadedNames(self._link, writer)


class UploadedNames:
    """The names log of one writer as it is in Cassandra: implements NamesSource."""

    is_near = False

    def __init__(self, link: Link, writer: str) -> None:
        self.writer = writer
        self.name = f"the names log of writer {writer} in keyspace {link.keyspace}"
        self._link = link

    @contextmanager
    def news(self, place: Place | None) -> Iterator[News | None]:
        head = read_names_head(self._link, self.writer)
        if head is None or (place is not None and place.nonce == head.nonce and place.offset >= head.end):
            yield None
            return
        rows = NamesRows(self._link, self.writer, head.nonce)
        if place is None or place.nonce != head.nonce:
            place = Place(head.nonce)
            self.header(rows)
        yield News(place, self._pieces(rows, place.offset, head.end))

    def header(self, rows: NamesRows) -> int:
        """Ids below this one are taken. Raises StoreError for a log of a newer Cadent."""
        return check_header(self.name, b"".join(rows.read(0, FILE_HEADER_SIZE))).least_next_id

    def _pieces(self, rows: NamesRows, begin: int, end: int) -> Iterator[Piece]:
        rest, offset = b"", begin
        for stretch in rows.read(begin, end):
            data = rest + stretch
            frames, size = scan(data)
            if len(frames):
                yield Piece(offset, data, frames)
            rest, offset = data[size:], offset + size
        if rest:
            raise Damaged(self.name, offset, f"no valid frame up to byte {end}")


def restore(link: Link, writer: str, folder: Path, used: int = 0) -> bool:
    """Write the names log of ``writer`` into ``folder``, which has none. False if there is none in Cassandra, or one here: then
    nothing is written. No id below ``used`` is given again. Raises Unavailable, Damaged, StoreError.

    It is a new log, with a nonce of its own: should the lost folder be found, what was not uploaded of it cannot mix with this.
    """
    path, head = log_path(folder), read_names_head(link, writer)
    if head is None or path.exists():
        return False
    NamesRecord(folder).write({head.nonce: head.end})
    try:
        write_draft(path, _restored(UploadedNames(link, writer), NamesRows(link, writer, head.nonce), used))
        draft_of(path).rename(path)
        sync_folder(path.parent)
        sync_folder(folder)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from error
    return True


def _restored(names: UploadedNames, rows: NamesRows, used: int) -> Iterator[bytes]:
    yield encode_file_header(max(names.header(rows), used), int.from_bytes(os.urandom(8), "little"))
    with names.news(None) as news:
        for piece in news.pieces if news else ():
            yield piece.data[: piece.end - piece.offset]


def _whole_frames(file: int, end: int) -> int:
    """Where the last whole frame ends of those that follow byte ``end``."""
    for piece in pieces(file, end):
        end = piece.end
    return end

"""The writing end of a level's log."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from ...schema.errors import Damaged
from ...schema.identity import Identity, Level, Mode
from ...schema.protocols import LogSegment
from ...schema.resolution import span_of
from ...schema.rows import Ids, Rows
from ..disk import disk, link_or_copy, make_folder, sync_folder
from ..layout import free_file, log_folder, segment_file, segments, sequence_of
from .active import ActiveSegment, Mark
from .format import SegmentHeader
from .part import SegmentPart
from .records import TIME
from .repair import check, copy_whole, open_whole, repair
from .rolled import RolledSegment
from .segment import ALL_SEQUENCES, Segment

SEGMENT_BYTES: Final = 256 << 20
BYTES_PER_PATH: Final = 3_072  # an hour of windows of ten seconds


class _Open(NamedTuple):
    """What is acknowledged of the segment that is being written."""

    path: Path
    identity: Identity
    size_bytes: int


class LogWriter:
    """Appends the rows of ``level``; ``folder`` is the data folder, ``writer`` the identity all records get.

    One thread calls recover, append, undo, acknowledge, roll and close, one drop, set_aside and copy_to; any rolled, since and
    size_bytes.
    """

    def __init__(self, folder: Path, level: Level, writer: str, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.level = level
        self._folder = log_folder(folder, level)
        self._writer = writer
        self._segment_bytes = segment_bytes
        self._span_s = span_of(level.step_s)
        self._active: ActiveSegment | None = None
        self._previous: tuple[Mode, Ids] = (Mode.ADD, np.empty(0, np.uint32))  # the ids that the next segment starts with
        # What the last append did, for undo: where it began, the files it made and those it closed.
        self._before: tuple[ActiveSegment | None, Mark | None] | None = None
        self._created: list[ActiveSegment] = []
        self._finished: list[ActiveSegment] = []
        self._owed: tuple[ActiveSegment | None, Mark | None] | None = None  # what an undo could not go back to yet
        self._next_id = 0
        self._rolled: list[RolledSegment] = []
        self._open: _Open | None = None
        self._gone = 0  # the last sequence that chunks hold, or that was in the log
        self._lock = threading.Lock()  # over _rolled, _open and _gone

    @property
    def last(self) -> int:
        """The last sequence in the log, 0 if it is empty."""
        if self._active and self._active.last:
            return self._active.last
        with self._lock:
            return self._rolled[-1].identity.last if self._rolled else 0

    def recover(self, sealed: int, lasting: int) -> int:
        """Take up what a former writer left. Returns the last sequence in the log, 0 if it is empty.

        Segments that chunks hold and that last there (``lasting``: their last sequence) are removed, an append that was cut short
        is cut off; whole segments but the last, and all that chunks hold (``sealed``), are closed: they must stay what was
        sealed. Raises Damaged, Unavailable, StoreError.
        """
        self._gone = sealed
        with disk(self._folder):
            paths = [path for path in segments(self._folder) if not self._removes(path, sealed, lasting)]
            for path in paths[:-1]:
                self._close(path)
            for path in paths[-1:]:
                if sequence_of(path) <= sealed:
                    self._close(path)
                else:
                    self._take_up(path)
        self.acknowledge()
        return self.last

    @property
    def next_id(self) -> int:
        return self._next_id

    def append(self, rows: Sequence[Rows], first_sequence: int, mode: Mode = Mode.ADD) -> int:
        """Write rows[i] with sequence ``first_sequence`` + i. They are durable when this returns the last one's sequence.

        Raises Unavailable when the disk takes nothing more; the log is then what it was before. Should the disk not even
        allow that, the next call goes back first.
        """
        self._go_back()
        self._check(rows, first_sequence)
        self.acknowledge()
        self._before = (self._active, self._active.mark if self._active else None)
        try:
            with disk(self._folder):
                for sequence, row in enumerate(rows, first_sequence):
                    self._segment_for(row, sequence, mode).put(row, sequence)
                if self._active:
                    self._active.commit()
        except Exception:
            self.undo()
            raise
        return first_sequence + len(rows) - 1

    def undo(self) -> None:
        """Take the last append back; to be called before the next one and before any of it is acknowledged. After an
        Unavailable it can be called again."""
        if self._before is not None:
            self._owed, self._before = self._before, None
        self._go_back()

    def acknowledge(self) -> None:
        """The last append stands: what it closed may be sealed, and ``undo`` does not take it back."""
        for active in self._finished:
            active.close()
        with self._lock:
            self._rolled += [self._rolled_now(active) for active in self._finished]
            self._open = _Open(self._active.path, self._identity(self._active), self._active.end) if self._active else None
        self._finished.clear()
        self._created.clear()
        self._before = None

    def roll(self) -> None:
        """Close the segment, so that it can be sealed. The next append starts a new one."""
        self._go_back()
        self.acknowledge()
        if self._active is None:
            return
        with disk(self._folder):
            self._finish(self._active)
        self._active = None
        self.acknowledge()

    def rolled(self) -> list[RolledSegment]:
        """Closed segments, oldest first; one that an append closed only when that is acknowledged, for ``undo`` may open it."""
        with self._lock:
            return list(self._rolled)

    def since(self, sequence: int) -> list[SegmentPart]:
        """What was appended after ``sequence`` and is acknowledged, in order: of each segment the part that is."""
        return [
            SegmentPart(one.path, self.level, replace(one.identity, first=max(one.identity.first, sequence + 1)))
            for one in self._acknowledged(sequence)
        ]

    def size_bytes(self, after: int) -> int:
        """What the segments that end after sequence ``after`` take on disk, as far as they are acknowledged."""
        return sum(one.size_bytes for one in self._acknowledged(after))

    def drop(self, segment: LogSegment) -> None:
        """Remove the oldest closed segment: all of it is in chunks, and lasts there."""
        oldest = self.rolled()[0]
        if oldest is not segment:
            raise ValueError(f"log {self.level}: {oldest.path.name} comes first")
        with disk(oldest.path):
            oldest.path.unlink(missing_ok=True)
        self._forget(oldest)

    def set_aside(self, segment: LogSegment) -> str:
        """Rename a closed segment, so that it is none any more. Returns its path. Raises Unavailable."""
        known = next(one for one in self.rolled() if one is segment)
        aside = free_file(known.path, "refused")
        with disk(known.path):
            known.path.rename(aside)
            sync_folder(self._folder)
        self._forget(known)
        return str(aside)

    def copy_to(self, data: Path) -> None:
        """Put what is durable of the log into ``data``, a data folder that has no log of the level yet; to be called by the
        thread that drops, while the other may append. Raises Damaged, Unavailable.

        Closed segments are linked, for nobody writes to them. The last one may be taken up again by who opens the copy, so it
        is copied, as is what is not closed.
        """
        folder = log_folder(data, self.level)
        durable = {active.path: active.end for active in (self._active, *self._finished) if active}
        closed = [segment.path for segment in self.rolled()]
        with disk(folder):
            make_folder(folder)
            durable |= {path: path.stat().st_size for path in closed[-1:]}
            for path in segments(self._folder):
                if path in closed[:-1]:
                    link_or_copy(path, folder / path.name)
                else:
                    copy_whole(path, folder / path.name, durable.get(path, 0))
            sync_folder(folder)

    def close(self) -> None:
        """Release the file. What was appended stays."""
        self.acknowledge()
        if self._active:
            self._active.close()
            self._active = None

    def _acknowledged(self, after: int) -> list[RolledSegment | _Open]:
        """Segments that end after this sequence, in order."""
        with self._lock:
            found: list[RolledSegment | _Open] = [*self._rolled]
            found += [self._open] if self._open else []
        return [one for one in found if one.identity.last > after]

    def _check(self, rows: Sequence[Rows], first_sequence: int) -> None:
        last = max(self.last, self._gone)
        if first_sequence <= last:
            raise ValueError(f"log {self.level}: sequence {first_sequence} comes after {last}")
        for row in rows:
            if row.level != self.level or row.time % self.level.step_s:
                raise ValueError(f"log {self.level}: a row of {row.level} at {row.time}")

    def _removes(self, path: Path, sealed: int, lasting: int) -> bool:
        """Whether a segment is not wanted any more; then it is gone."""
        if sequence_of(path) > sealed:
            return False
        segment = open_whole(path)
        last = segment.last if len(segment.rows(0, ALL_SEQUENCES)) else 0
        if last > sealed:
            raise Damaged(str(path), 0, f"it holds sequences {segment.header.first} to {last}, and {sealed} was sealed")
        if last > lasting:
            return False
        path.unlink()
        return True

    def _close(self, path: Path) -> None:
        segment = check(path)
        self._rolled.append(_rolled(segment))
        self._note_ids(segment)

    def _forget(self, segment: RolledSegment) -> None:
        with self._lock:
            self._rolled.remove(segment)
            self._gone = max(self._gone, segment.identity.last)

    def _take_up(self, path: Path) -> None:
        segment = repair(path)
        if segment is None:
            return
        self._note_ids(segment)
        if segment.header.writer != self._writer:
            self._rolled.append(_rolled(segment))
            return
        newest = int(segment.rows(0, ALL_SEQUENCES)[:, TIME].max())
        self._active = ActiveSegment.resume(segment, newest)

    def _note_ids(self, segment: Segment) -> None:
        self._next_id = max(self._next_id, int(segment.ids.max(initial=0)) + 1)

    def _segment_for(self, rows: Rows, sequence: int, mode: Mode) -> ActiveSegment:
        active = self._active
        if active is None or active.mode is not mode or self._is_full(active, rows.time):
            return self._start(sequence, mode)
        return active

    def _is_full(self, active: ActiveSegment, time: int) -> bool:
        limit = max(self._segment_bytes, BYTES_PER_PATH * active.slots)
        return time // self._span_s > active.newest // self._span_s or active.staged_end >= limit

    def _start(self, sequence: int, mode: Mode) -> ActiveSegment:
        if self._active:
            self._active.commit()
            self._finish(self._active)
        make_folder(self._folder)
        header = SegmentHeader(self.level, self._writer, mode, sequence)
        self._active = ActiveSegment.create(segment_file(self._folder, sequence), header)
        self._created.append(self._active)
        former, ids = self._previous
        if former is mode:
            self._active.add_slots(ids, sequence)
        return self._active

    def _finish(self, active: ActiveSegment) -> None:
        active.finish()
        self._finished.append(active)
        self._previous = (active.mode, active.ids_with_points())

    def _rolled_now(self, active: ActiveSegment) -> RolledSegment:
        return RolledSegment(active.path, self.level, self._identity(active), active.end)

    def _identity(self, active: ActiveSegment) -> Identity:
        return Identity(self._writer, active.header.first, active.last, active.mode)

    def _go_back(self) -> None:
        """To where the append began that is to be undone, if one is. Raises Unavailable; then it can be called again."""
        if self._owed is None:
            return
        self._active, mark = self._owed
        self._finished.clear()
        with disk(self._folder):
            for segment in reversed(self._created):
                segment.close()
                segment.path.unlink(missing_ok=True)
            if self._created:
                sync_folder(self._folder)
            if self._active and mark:
                self._active.cut(mark)
        self._created.clear()
        self._owed = None


def _rolled(segment: Segment) -> RolledSegment:
    header = segment.header
    return RolledSegment(
        segment.path, header.level, Identity(header.writer, header.first, segment.last, header.mode), segment.end
    )

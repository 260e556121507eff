"""What damage took from a log, and a log that does without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...schema.errors import Damaged
from ...schema.identity import Level
from ..copying import copy
from ..disk import disk, sync_folder
from ..layout import log_folder, segments
from .format import Kind
from .repair import check, records_behind, refuse_durable
from .segment import ALL_SEQUENCES, Segment


@dataclass(frozen=True, slots=True)
class LogLoss:
    """From byte ``end`` on nothing of the segment at ``path`` can be trusted; 0: nothing at all. Rows of windows in [start, stop)
    were there, as far as can still be seen: both are 0 if nothing can."""

    level: Level
    path: Path
    end: int
    start: int
    stop: int
    reason: str


@dataclass(frozen=True, slots=True)
class LogState:
    """``next_id``: one past the greatest id in what can be read, 0 if there is none."""

    segments: int
    next_id: int
    losses: list[LogLoss]


def closed_segments(folder: Path, level: Level) -> list[Path]:
    """All segments but the one that may be appended to, in order."""
    return segments(log_folder(folder, level))[:-1]


def examine(folder: Path, level: Level) -> LogState:
    """Read every byte of the log of ``level``, which nobody writes. An end that is torn is no loss: nobody was told that it is
    safe. Raises Unavailable, StoreError."""
    paths = segments(log_folder(folder, level))
    losses = [loss for path in paths[:-1] if (loss := closed_loss(level, path))]
    losses += [loss for path in paths[-1:] if (loss := _last_loss(level, path))]
    return LogState(len(paths), max(map(_next_id, paths), default=0), losses)


def closed_loss(level: Level, path: Path) -> LogLoss | None:
    """What damage took from a segment that was closed. None for one that is gone."""
    with disk(path):
        try:
            check(path)
        except Damaged as error:
            return _loss(level, path, error) if path.exists() else None
    return None


def cut(loss: LogLoss, aside: Path) -> None:
    """The segment ends before the damage from now on, and is gone if no record is left; as it was it is at ``aside``. Raises
    Unavailable."""
    with disk(loss.path):
        draft = loss.path.with_name(loss.path.name + ".tmp")
        draft.unlink(missing_ok=True)
        aside.unlink(missing_ok=True)
        copy(loss.path, aside, loss.path.stat().st_size)
        sync_folder(aside.parent)
        if loss.end:
            # Not in place: a snapshot may share the file.
            copy(loss.path, draft, loss.end)
            draft.replace(loss.path)
        else:
            loss.path.unlink()
        sync_folder(loss.path.parent)


def _last_loss(level: Level, path: Path) -> LogLoss | None:
    with disk(path):
        try:
            refuse_durable(path, _end(path))
        except Damaged as error:
            return _loss(level, path, error)
    return None


def _loss(level: Level, path: Path, error: Damaged) -> LogLoss:
    end = _end(path)
    times = [header.time for _, header in records_behind(path, end) if header.kind != Kind.SLOTS]
    start, stop = (min(times), max(times) + level.step_s) if times else (0, 0)
    return LogLoss(level, path, end if _has_rows(path) else 0, start, stop, str(error))


def _end(path: Path) -> int:
    """Where the whole records end; 0 without a sound header."""
    segment = _opened(path)
    return segment.end if segment else 0


def _has_rows(path: Path) -> bool:
    segment = _opened(path)
    return segment is not None and len(segment.rows(0, ALL_SEQUENCES)) > 0


def _next_id(path: Path) -> int:
    segment = _opened(path)
    return int(segment.ids.max()) + 1 if segment and len(segment.ids) else 0


def _opened(path: Path) -> Segment | None:
    try:
        segment = Segment(path)
    except (FileNotFoundError, Damaged):
        return None
    segment.verify()
    return segment

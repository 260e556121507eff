"""The thread that shows processes elsewhere what the log holds and chunks do not yet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..schema.errors import CadentError, Damaged, Refused
from ..schema.identity import Level
from ..schema.protocols import ChunkStore, Log, LogSegment, Publications, Slice
from .seal import slices

# Until publications that were unavailable are tried again: twice as long each time.
RETRY_S = 1.0
MOST_RETRY_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Publishing:
    """``every_s``: from one round to the next; ``lost_s``: what was published so shortly before the connection was lost may be
    lost."""

    publications: Publications
    every_s: float
    lost_s: float


@dataclass(frozen=True, slots=True)
class PublishCounters:
    """Since the start: points published, seconds that took. ``lag_s``: what was acknowledged longer ago is published.
    ``trouble``: why something cannot be published now."""

    points: int = 0
    seconds: float = 0.0
    lag_s: float = 0.0
    trouble: str = ""


class _Published:
    """The parts of one level's log, from first seen until they need not be published any more. One thread."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._seen = 0  # the last sequence of all parts so far
        self._times: dict[LogSegment, float | None] = {}  # when each part was published

    def look(self, settled: float) -> None:
        """Take up what is new. Forget what was published before ``settled``, and what the log has given up."""
        parts = self._log.since(0)
        oldest = parts[0].identity.first if parts else self._seen + 1
        kept = {part: at for part, at in self._times.items() if part.identity.last >= oldest}
        self._times = {part: at for part, at in kept.items() if at is None or at >= settled}
        for part in self._log.since(self._seen):
            self._times[part] = None
            self._seen = part.identity.last

    def lose(self, since: float) -> None:
        """What was published at ``since`` or later may be gone."""
        self._times = {part: None if at is not None and at >= since else at for part, at in self._times.items()}

    def waiting(self, sealed: int) -> list[LogSegment]:
        """Parts to be published, in order. One that is in chunks stays, for these may be lost again."""
        return [part for part, at in self._times.items() if at is None and part.identity.last > sealed]

    def note(self, part: LogSegment, now: float) -> None:
        """``part`` is published."""
        self._times[part] = now


class _Points:
    """Slices that are counted while they go by."""

    def __init__(self, pieces: Iterator[Slice]) -> None:
        self.count = 0
        self._pieces = pieces

    def __iter__(self) -> Iterator[Slice]:
        for piece in self._pieces:
            self.count += int(np.count_nonzero(piece.grid.count))
            yield piece


class PublishThread:
    """Publishes what was acknowledged, part by part, in rounds. When there is no connection, all stays to be done.

    ``failed`` is called once with an error nobody expected; then the thread has ended.
    """

    def __init__(
        self,
        logs: Mapping[Level, Log],
        store: ChunkStore,
        publishing: Publishing,
        monotonic: Callable[[], float],
        failed: Callable[[BaseException], object],
    ) -> None:
        self._store = store
        self._publishing = publishing
        self._publications = publishing.publications
        self._monotonic = monotonic
        self._failed = failed
        self._levels = {level: _Published(log) for level, log in logs.items()}
        self._counted = False
        self._interruptions = self._publications.interruptions
        self._complete = self._looked = monotonic()  # when the last round began that ended well, and when the last one did
        self._pause_s = RETRY_S
        self._ending = threading.Event()
        self._counters = PublishCounters()
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)

    @property
    def counters(self) -> PublishCounters:
        """Any thread."""
        return replace(self._counters, lag_s=self._monotonic() - self._complete)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """End after a last round, or without it after ``timeout_s``: the next writer publishes all that it finds."""
        self._ending.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._ending.wait(self._try()):
                pass
            if not self._counters.trouble:
                self._try()
        except Exception as error:  # noqa: BLE001 - whatever it is, readers elsewhere would wait for ever: the owner must know
            self._failed(error)

    def _try(self) -> float:
        """A round. Returns the seconds until the next one."""
        began = self._monotonic()
        try:
            trouble = self._round(began)
        except CadentError as error:
            self._tell(str(error))
            self._pause_s = min(2 * self._pause_s, MOST_RETRY_S)
            return min(self._pause_s, self._publishing.every_s)
        self._tell(trouble)
        self._pause_s = RETRY_S
        self._complete = began
        return max(0.0, began + self._publishing.every_s - self._monotonic())

    def _round(self, now: float) -> str:
        """Publish all there is. Returns what is wrong with a part, if something is."""
        self._look(now)
        sealed = self._store.snapshot().sealed
        troubles = [
            trouble
            for level, published in self._levels.items()
            for part in published.waiting(sealed(level))
            if (trouble := self._publish(published, part))
        ]
        if not self._counted:
            self._publications.count()
            self._counted = True
        return next(iter(troubles), "")

    def _look(self, now: float) -> None:
        # The connection may have been lost at any time since the last look.
        settled, self._looked = self._looked - self._publishing.lost_s, now
        before, self._interruptions = self._interruptions, self._publications.interruptions
        for published in self._levels.values():
            if self._interruptions != before:
                published.lose(settled)
            published.look(settled)

    def _publish(self, published: _Published, part: LogSegment) -> str:
        """Returns what is wrong with the part: then it is passed over."""
        began, trouble, points = self._monotonic(), "", _Points(slices(part))
        try:
            self._publications.publish(part.level, points)
        except (Damaged, Refused) as error:
            trouble = str(error)
        now, before = self._monotonic(), self._counters
        published.note(part, now)
        self._counters = replace(before, points=before.points + points.count, seconds=before.seconds + now - began)
        return trouble

    def _tell(self, trouble: str) -> None:
        if trouble and not self._counters.trouble:
            _log.error("cannot publish, and will go on when that is possible: %s", trouble)
        if self._counters.trouble and not trouble:
            _log.warning("publishing again")
        self._counters = replace(self._counters, trouble=trouble)

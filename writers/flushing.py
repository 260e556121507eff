"""The thread that flushes."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from ..schema.errors import Unavailable
from ..schema.identity import Level
from ..schema.protocols import NewNames
from .calls import fulfil
from .flush import Flusher
from .pending import Pending

# Of windows that are written with one sync: enough for a burst, little beside what is open.
BATCH_BYTES = 16 << 20
# Until a disk that refused is asked again.
RETRY_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FlushCounters:
    """Since the start: batches and points written, seconds that took; ``trouble``: why nothing can be written now."""

    flushes: int = 0
    points: int = 0
    seconds: float = 0.0
    trouble: str = ""


class FlushThread:
    """Takes names and windows from the event loop, which never waits for it, and brings them to disk in order.

    ``flushed`` is called after each batch and roll, ``failed`` once with an error nobody expected; then the thread has ended.
    """

    def __init__(
        self,
        flusher: Flusher,
        pending: Pending,
        monotonic: Callable[[], float],
        flushed: Callable[[], object],
        failed: Callable[[BaseException], object],
    ) -> None:
        self._flusher = flusher
        self._pending = pending
        self._monotonic = monotonic
        self._flushed = flushed
        self._failed = failed
        self._names: deque[Callable[[], object]] = deque()
        self._rolls: deque[Level] = deque()
        self._afterwards: deque[Callable[[], object]] = deque()
        self._ending = False
        self._wake = threading.Condition()
        self.counters = FlushCounters()
        self._thread = threading.Thread(target=self._run, name="flush", daemon=True)

    @property
    def rolls(self) -> int:
        """Segments that are still to be closed."""
        return len(self._rolls)

    def start(self) -> None:
        self._thread.start()

    def add_names(self, batches: Sequence[NewNames]) -> None:
        """To be called before the windows that hold points of theirs are pending."""
        self._names.extend(partial(self._flusher.add_names, batch) for batch in batches)

    def change_names(self, change: Callable[[], object]) -> Future[None]:
        """Call ``change`` after what was added to the names before, and before what is added from now on: a path that is given
        up and comes again at once must not be the same one. It is tried until the disk takes it; then the future is done."""
        done: Future[None] = Future()

        def make() -> None:
            change()
            fulfil(done, lambda: None)

        self._names.append(make)
        self.wake()
        return done

    def wake(self) -> None:
        """There is something to do."""
        with self._wake:
            self._wake.notify()

    def roll(self, levels: Iterable[Level]) -> None:
        """Close these levels' segments when everything pending now is written."""
        self._rolls.extend(levels)
        self.wake()

    def afterwards(self, action: Callable[[], object]) -> None:
        """Call ``action`` in this thread when everything pending now is written, and the rolls asked for before are done."""
        self._afterwards.append(action)
        self.wake()

    def close(self, timeout_s: float) -> None:
        """Write what is pending, for at most ``timeout_s``; then end."""
        with self._wake:
            self._ending = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while self._has_work():
                self._try()
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing would be written from now on: the owner must know
            self._failed(error)

    def _has_work(self) -> bool:
        """Waits for it; False at the end."""
        with self._wake:
            while not (self._has_any() or self._ending):
                self._wake.wait()
        return self._has_any()

    def _has_any(self) -> bool:
        return bool(self._names or self._pending or self._rolls or self._afterwards)

    def _try(self) -> None:
        started = self._monotonic()
        try:
            points = self._work()
        except Unavailable as error:
            self._rest(str(error))
            return
        before = self.counters
        if before.trouble:
            _log.warning("writing again")
        if points:
            seconds = before.seconds + self._monotonic() - started
            self.counters = FlushCounters(before.flushes + 1, before.points + points, seconds)
            self._flushed()
        elif before.trouble:
            self.counters = FlushCounters(before.flushes, before.points, before.seconds)

    def _work(self) -> int:
        """Names, one batch of windows, and rolls when nothing else is left. Returns the points written."""
        # Windows are looked at before names: all names of their paths are there by then.
        windows = self._pending.first(BATCH_BYTES)
        while self._names:
            self._names[0]()
            self._names.popleft()
        if windows:
            rows = [window.rows() for window in windows]
            self._pending.acknowledge(len(windows), self._flusher.write(rows, windows[0].mode))
            return sum(len(row.ids) for row in rows)
        while self._rolls:
            self._flusher.roll(self._rolls[0])
            self._rolls.popleft()
            self._flushed()
        while self._afterwards:
            self._afterwards.popleft()()
        return 0

    def _rest(self, trouble: str) -> None:
        """The disk refused: everything waits in memory, and nothing is acknowledged."""
        if not self.counters.trouble:
            _log.error("cannot write, and will go on when that is possible: %s", trouble)
        before = self.counters
        self.counters = FlushCounters(before.flushes, before.points, before.seconds, trouble)
        with self._wake:
            self._wake.wait(RETRY_S)

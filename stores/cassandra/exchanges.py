"""Requests until they are answered: sent again after what passes, given up when their time is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from cassandra.cluster import NoHostAvailable

from .errors import passes
from .ticker import Ticker

Rows: TypeAlias = list[tuple[Any, ...]]
Outcome: TypeAlias = Rows | Exception

_LATE_TICKS = 4  # an answer after 0.2 s: whoever gives it has enough to do
_LONGEST_PAUSE_TICKS = 20


class Exchange:
    """One statement on its way: a try is under way, or the next one has its tick."""

    def __init__(self, owner: Exchanges, statement: Any, profile: str, try_s: float, deadline: int, done: Done) -> None:
        self._owner = owner
        self._statement = statement
        self._profile = profile
        self._try_s = try_s
        self._deadline = deadline
        self._done = done
        self._began = owner.ticker.now
        self._send_at: int | None = None  # None: a try is under way
        self._pause = 1
        self._rows: Rows = []
        self._error: Exception = TimeoutError("no answer in time")

    def send(self) -> None:
        self._send_at = None
        self._rows = []
        try:
            future = self._owner.session.execute_async(self._statement, timeout=self._try_s, execution_profile=self._profile)
        except Exception as error:  # noqa: BLE001 - the driver raises anything while it closes; who waits must learn of it
            self._failed(error)
        else:
            future.add_callbacks(self._answered, self._failed, callback_args=(future,))

    def tick(self, now: int) -> None:
        if now >= self._deadline:
            self.give_up()
        elif self._send_at is not None and now >= self._send_at:
            self.send()

    def give_up(self) -> None:
        self._finish(self._error)

    def _answered(self, page: Rows | None, future: Any) -> None:
        """The driver's loop has a page, or the end of a write."""
        self._rows += page or []
        if future.has_more_pages:
            future.start_fetching_next_page()
        else:
            self._finish(self._rows)

    def _failed(self, error: Exception) -> None:
        self._error = error
        if not self._may_pass(error):
            self._finish(error)
            return
        pause = self._pause
        self._pause = min(2 * pause, _LONGEST_PAUSE_TICKS)
        self._send_at = self._owner.ticker.now + pause

    def _may_pass(self, error: Exception) -> bool:
        if self._owner.closed:
            return False
        return self._owner.any_host_up() if isinstance(error, NoHostAvailable) else passes(error)

    def _finish(self, outcome: Outcome) -> None:
        if self._owner.remove(self):
            troubled = self._pause > 1 or self._owner.ticker.now - self._began > _LATE_TICKS
            self._done(outcome, troubled)


# Called once, from a thread of the driver or the ticker, with the outcome and whether it was late or had to be tried again.
Done: TypeAlias = Callable[[Outcome, bool], None]


class Exchanges:
    """All exchanges of one session. Any thread."""

    def __init__(self, session: Any, any_host_up: Callable[[], bool]) -> None:
        self.session = session
        self.any_host_up = any_host_up
        self.closed = False
        self._lock = threading.Lock()
        self._open: set[Exchange] = set()
        self.ticker = Ticker(self._tick)

    def begin(self, statement: Any, profile: str, try_s: float, deadline: int, done: Done) -> None:
        exchange = Exchange(self, statement, profile, try_s, deadline, done)
        with self._lock:
            self._open.add(exchange)
        exchange.send()

    def remove(self, exchange: Exchange) -> bool:
        """Whether it was still open."""
        with self._lock:
            if exchange not in self._open:
                return False
            self._open.remove(exchange)
            return True

    def close(self) -> None:
        """Whoever waits is told that there will be no answer."""
        self.closed = True
        self.ticker.close()
        for exchange in self._all():
            exchange.give_up()

    def _tick(self, now: int) -> None:
        for exchange in self._all():
            exchange.tick(now)

    def _all(self) -> list[Exchange]:
        with self._lock:
            return list(self._open)

"""The connection to a cluster: reads and writes, one by one or many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...schema.errors import CadentError, Unavailable
from .errors import translated
from .exchanges import Exchanges, Outcome, Rows
from .flight import Flight
from .hosts import Hosts
from .opening import READ, WRITE, connect
from .settings import ClusterSettings
from .statements import Batch, Request, Statements
from .window import Window

__all__ = ["Batch", "Health", "Link", "Request"]


class Health(NamedTuple):
    """``hosts_up`` of ``hosts``: of those in the data centre that is asked."""

    hosts_up: int
    hosts: int


class Link:
    """One session. Any thread; not across a fork. What is written must be idempotent, for it may be written again. Unless it says
    USING TIMESTAMP it has the time of this machine's clock, which may jump.

    All raise Unavailable (no host is up, no answer in time, overloaded), Refused (the server does not take the statement or its
    values) and ConfigError (a right, a table or the keyspace is missing).
    """

    def __init__(self, settings: ClusterSettings, cluster: Any, session: Any, hosts: Hosts) -> None:
        self.keyspace = settings.keyspace
        self._settings = settings
        self._hosts = hosts
        self._cluster = cluster
        self._statements = Statements(session, settings.place)
        self._exchanges = Exchanges(session, hosts.any_up)
        # Two of them, for a query must not wait until a seal is done.
        self._reads = Window(settings.least_requests, settings.most_requests)
        self._writes = Window(settings.least_requests, settings.most_requests)

    @classmethod
    def open(cls, settings: ClusterSettings) -> Link:
        """Connect, and make the keyspace if it is missing and ``settings.create`` allows it. Raises ConfigError, Unavailable."""
        return cls(settings, *connect(settings))

    @property
    def interruptions(self) -> int:
        """How often a host that was up went down: what it acknowledged shortly before may be lost."""
        return self._hosts.interruptions

    @property
    def health(self) -> Health:
        states = self._hosts.states()
        return Health(sum(states), len(states))

    def read(self, request: Request, *, timeout_s: float | None = None) -> Rows:
        """All rows, within ``timeout_s`` (that of the settings)."""
        ((_, outcome),) = self.read_many([request], timeout_s=timeout_s)
        if isinstance(outcome, Unavailable):
            raise outcome
        return outcome

    def read_many(
        self, requests: Sequence[Request], *, timeout_s: float | None = None
    ) -> Iterator[tuple[int, Rows | Unavailable]]:
        """(index, rows) of each request as they come, or why there are none. ``timeout_s`` (that of the settings) is for all of
        them together, from when the first is asked for."""
        timeout_s = self._settings.request_timeout_s if timeout_s is None else timeout_s
        flight = Flight(self._exchanges, self._reads, READ, timeout_s / 2)
        deadline = self._exchanges.ticker.after(timeout_s)
        for index, request in enumerate(requests):
            yield from self._answers(flight.landed())
            yield from self._answers(self._begin(flight, index, request, deadline))
        yield from self._answers(flight.rest())

    def write(self, request: Request | Batch) -> None:
        """Acknowledged when it returns."""
        self.write_many([request])

    def write_many(self, requests: Iterable[Request | Batch]) -> None:
        """All are acknowledged when it returns. After the first error no more are sent, and it is raised once nothing is under
        way; some of the others may have been written."""
        timeout_s = self._settings.request_timeout_s
        flight = Flight(self._exchanges, self._writes, WRITE, timeout_s / 2)
        try:
            for request in requests:
                self._check(flight.landed())
                self._check(self._begin(flight, 0, request, self._exchanges.ticker.after(timeout_s)))
        finally:
            rest = list(flight.rest())
        self._check(rest)

    def close(self) -> None:
        """What is under way elsewhere ends with Unavailable."""
        self._cluster.shutdown()
        self._exchanges.close()

    def _begin(self, flight: Flight, number: int, request: Request | Batch, deadline: int) -> Iterator[tuple[int, Outcome]]:
        """Send it; its outcome if that is clear already: it could not be sent."""
        try:
            statement = self._statements.bind(request)
        except CadentError as error:
            yield number, error
            return
        if not flight.begin(number, statement, deadline):
            yield number, TimeoutError("no answer in time")

    def _answers(self, outcomes: Iterable[tuple[int, Outcome]]) -> Iterator[tuple[int, Rows | Unavailable]]:
        for number, outcome in outcomes:
            answer = translated(outcome, self._settings.place) if isinstance(outcome, Exception) else outcome
            if isinstance(answer, CadentError) and not isinstance(answer, Unavailable):
                raise answer
            yield number, answer

    def _check(self, outcomes: Iterable[tuple[int, Outcome]]) -> None:
        for _, outcome in outcomes:
            if isinstance(outcome, Exception):
                raise translated(outcome, self._settings.place)

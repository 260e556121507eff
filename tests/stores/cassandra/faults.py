"""A real link that fails where a test wants it to."""

from cadent.schema.errors import Unavailable


class FaultyLink:
    """``lose(at)``: write number ``at`` from now on is not sent; ``swallow(at)``: it is sent, but its answer does not come. Those
    after it are not sent either, until ``heal``. ``away``: nothing is read. ``refuses``: which requests of ``read_many`` fail."""

    def __init__(self, link):
        self._link = link
        self.keyspace = link.keyspace
        self.interruptions = 0
        self.away = False
        self.refuses = lambda _: False
        self.reads = 0
        self.heal()

    def heal(self):
        self.writes, self._lost, self._swallowed = 0, None, None

    def lose(self, at):
        self.writes, self._lost = 0, at

    def swallow(self, at):
        self.writes, self._swallowed = 0, at

    def read(self, request, *, timeout_s=None):
        self.reads += 1
        if self.away:
            raise Unavailable("away")
        return self._link.read(request, timeout_s=timeout_s)

    def read_many(self, requests, *, timeout_s=None):
        self.reads += 1
        for index, rows in self._link.read_many(requests, timeout_s=timeout_s):
            yield index, Unavailable("away") if self.away or self.refuses(requests[index]) else rows

    def write(self, request):
        at, self.writes = self.writes, self.writes + 1
        if self._lost is not None and at >= self._lost:
            raise Unavailable("lost")
        if self._swallowed is None or at <= self._swallowed:
            self._link.write(request)
        if self._swallowed is not None and at >= self._swallowed:
            raise Unavailable("no answer")

    def write_many(self, requests):
        for request in requests:
            self.write(request)

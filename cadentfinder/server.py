"""One Cadent, by its URL, over kept-alive HTTP connections."""

from __future__ import annotations

import http.client
import io
import os
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    _Base = http.client.HTTPConnection
else:
    _Base = object

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "cadentfinder"}
_IDLE_S = 30.0  # something on the way (NAT, firewall) may have forgotten an older connection without a word


class _Timed(_Base):
    """Adds to a connection a ``deadline`` (monotonic seconds) for all its waiting, however the bytes trickle in."""

    deadline = 0.0
    idle_since = 0.0

    def connect(self) -> None:
        super().connect()
        self.sock: Any = _TimedSocket(self.sock, self)

    def seconds_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0.0:
            raise socket.timeout("timed out")
        return left


class _Plain(_Timed, http.client.HTTPConnection):
    pass


class _Secure(_Timed, http.client.HTTPSConnection):
    pass


class _TimedSocket:
    """The part of a socket that http.client uses."""

    def __init__(self, sock: socket.socket, connection: _Timed) -> None:
        self._sock = sock
        self._connection = connection

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._connection.seconds_left())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReads(self._sock, self._connection), 1 << 16)

    def close(self) -> None:
        self._sock.close()


class _TimedReads(io.RawIOBase):
    def __init__(self, sock: socket.socket, connection: _Timed) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._connection.seconds_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Server:
    """POSTs forms to one URL. Threads share it: a connection is with one thread from taking to giving back."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self._path = parts.path.rstrip("/")
        self._address = (parts.hostname or "", parts.port)
        self._connection_class = _Secure if parts.scheme == "https" else _Plain
        self._idle: list[_Timed] = []
        self._process = os.getpid()

    def post(self, route: str, form: bytes, connect_s: float, deadline: float) -> tuple[int, bytes]:
        """(HTTP status, body) by ``deadline`` (monotonic seconds). Raises OSError or http.client.HTTPException."""
        kept = self._take()
        if kept is not None:
            try:
                return self._exchange(kept, route, form, deadline)
            except (ConnectionError, http.client.BadStatusLine):
                pass  # the server closed it while it was idle: a query does no harm when it is asked again
        host, port = self._address
        fresh = self._connection_class(host, port, timeout=connect_s)
        return self._exchange(fresh, route, form, deadline)

    def _take(self) -> _Timed | None:
        if self._process != os.getpid():  # forked: these connections belong to the parent
            self._process, self._idle = os.getpid(), []
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                return None
            if time.monotonic() - connection.idle_since < _IDLE_S:
                return connection
            connection.close()
        return None

    def _exchange(self, connection: _Timed, route: str, form: bytes, deadline: float) -> tuple[int, bytes]:
        connection.deadline = deadline
        try:
            connection.request("POST", self._path + route, form, _HEADERS)
            response = connection.getresponse()
            body = response.read()
        except BaseException:
            connection.close()
            raise
        if not response.will_close:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        return response.status, body

"""Asks the running writer, over its control socket. Blocking; any thread."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from pathlib import Path
from typing import Any

from ...schema.errors import InputError, ServiceError, WriterGone
from .frame import LENGTHS, Header, pack, socket_path, unpack_header

TIMEOUT_S = 2.0
# So long a writer that hangs is not asked again: queries are to answer from disk, and not each after a time-out of its own.
SPARED_S = 3.0
# As many as one API process has threads by default; further connections are closed after use.
KEPT_OPEN = 8


class ControlClient:
    """The writer of ``folder``. Keeps a few connections open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._idle: deque[socket.socket] = deque(maxlen=KEPT_OPEN)
        self._spared_until = 0.0  # 0: it answered when it was last asked

    def ask(self, op: str) -> dict[str, Any]:
        """The answer's header of an operation without payload: ``health``, ``stats``, ``refused``."""
        return self.request({"op": op})[0]

    def request(self, header: Header, payload: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """One exchange. Raises WriterGone when nobody answers within 2 s, and at once for a while after that; InputError when
        the writer cannot take what was asked; ServiceError when it says no for another reason."""
        return self._accepted(header, *self._exchange(pack(header, payload)))

    def call(self, header: Header, payload: bytes = b"", *, timeout_s: float | None = None) -> dict[str, Any]:
        """The answer's header of an operation that may take long: ``timeout_s`` seconds, or as long as the writer lives.

        Raises WriterGone when no writer is there; InputError when it cannot take what was asked; ServiceError when it says no
        for another reason, or gives no answer: then nobody knows what was done.
        """
        with contextlib.closing(self._connect()) as connection:
            connection.settimeout(timeout_s)
            try:
                connection.sendall(pack(header, payload))
                answer = _receive(connection)
            except (OSError, ValueError) as error:
                raise ServiceError(f"the writer of {self._folder} gave no answer to {header['op']!r}: {error}") from None
        return self._accepted(header, *answer)[0]

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _accepted(self, header: Header, answer: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        if answer.get("input"):
            raise InputError(str(answer.get("error")))
        if not answer.get("ok"):
            raise ServiceError(f"the writer of {self._folder} refused {header.get('op')!r}: {answer.get('error')}")
        return answer, body

    def _exchange(self, frame: bytes) -> tuple[dict[str, Any], bytes]:
        self._refuse_while_it_hangs()
        while True:
            connection, kept = self._connection()
            try:
                connection.sendall(frame)
                answer = _receive(connection)
            except (OSError, ValueError) as error:
                connection.close()
                self._note(error)
                # A kept connection may be of a writer that has been restarted since; only a new one tells.
                if kept and not isinstance(error, TimeoutError):
                    continue
                raise WriterGone(f"the writer of {self._folder} does not answer: {error}") from None
            self._note(None)
            self._keep(connection)
            return answer

    def _refuse_while_it_hangs(self) -> None:
        """The first to ask when the time is over asks for all: the others go on without it until it has an answer."""
        if not self._spared_until:
            return
        now = time.monotonic()
        if now < self._spared_until:
            raise WriterGone(f"the writer of {self._folder} does not answer: it hung a moment ago")
        self._spared_until = now + SPARED_S

    def _note(self, error: Exception | None) -> None:
        """How an exchange ended: only who keeps silent is spared."""
        self._spared_until = time.monotonic() + SPARED_S if isinstance(error, TimeoutError) else 0.0

    def _connection(self) -> tuple[socket.socket, bool]:
        """A connection, and whether it was used before."""
        try:
            return self._idle.pop(), True
        except IndexError:
            return self._connect(), False

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT_S)
        try:
            with socket_path(self._folder) as path:
                connection.connect(path)
        except OSError as error:
            connection.close()
            self._note(error)
            where = self._folder
            raise WriterGone(
                f"no service answers on {where} ({error.strerror or error}); start one with cadent serve --data {where}"
            ) from None
        return connection

    def _keep(self, connection: socket.socket) -> None:
        if len(self._idle) < KEPT_OPEN:
            self._idle.append(connection)
        else:
            connection.close()


def _receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    header_bytes, payload_bytes = LENGTHS.unpack(_read(connection, LENGTHS.size))
    return unpack_header(_read(connection, header_bytes)), _read(connection, payload_bytes)


def _read(connection: socket.socket, size: int) -> bytes:
    """Exactly ``size`` bytes. Raises ConnectionError at an early end."""
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        received = connection.recv_into(rest)
        if not received:
            raise ConnectionResetError("it closed the connection")
        rest = rest[received:]
    return bytes(data)

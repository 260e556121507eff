"""One TCP connection that sends lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from ..schema.protocols import LineSink

RETRY_S = 0.01  # until a sink that took nothing is asked again: it waits for windows to close


class Connection(asyncio.BufferedProtocol):
    """Feeds a LineStream from a buffer shared by all connections.

    What the stream does not take at once is kept, and nothing is read until it has been taken.
    """

    def __init__(
        self,
        sink: LineSink,
        buffer: memoryview,
        opened: Callable[[Connection], None],
        ended: Callable[[Connection], None],
    ) -> None:
        self._stream = sink.open()
        self._buffer = buffer
        self._opened = opened
        self._ended = ended
        self._rest = b""  # read, but not yet taken by the stream
        self._paused = False  # by the server
        self._lost = False
        self._bytes_seen = 0  # of bytes_received, at the last look
        self._silent_looks = 0
        self.bytes_received = 0

    def pause(self) -> None:
        self._paused = True
        self._transport.pause_reading()

    def resume(self) -> None:
        self._paused = False
        self._read_on()

    def end(self) -> None:
        """Close the connection without reading what is still under way."""
        self._transport.abort()

    def close_if_silent(self, looks: int) -> None:
        """To be called from time to time: closes the connection when no byte came for so many calls in a row. One from which
        nothing is read just now is not silent."""
        waits = self._paused or self._rest
        self._silent_looks = 0 if waits or self.bytes_received != self._bytes_seen else self._silent_looks + 1
        self._bytes_seen = self.bytes_received
        if self._silent_looks == looks:
            self._transport.close()

    def give_up(self) -> None:
        """End now, whatever the stream has not taken."""
        self._rest = b""
        self._finish()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # One turn later, still before the first read: in Python 3.10 a transport begins to read only after this call returns,
        # and would forget that it was paused here.
        asyncio.get_running_loop().call_soon(self._opened, self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  the protocol's signature
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.bytes_received += nbytes
        taken = self._stream.feed(self._buffer[:nbytes])
        if taken < nbytes:
            self._rest = bytes(self._buffer[taken:nbytes])
            self._transport.pause_reading()
            self._take_later(taken)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the protocol's signature
        self._lost = True
        if not self._rest:
            self._finish()

    def _take_later(self, taken: int) -> None:
        loop = asyncio.get_running_loop()
        if taken:
            loop.call_soon(self._take_rest)
        else:
            loop.call_later(RETRY_S, self._take_rest)

    def _take_rest(self) -> None:
        if not self._rest:
            return
        taken = self._stream.feed(self._rest)
        self._rest = self._rest[taken:]
        if self._rest:
            self._take_later(taken)
        elif self._lost:
            self._finish()
        else:
            self._read_on()

    def _read_on(self) -> None:
        if not (self._paused or self._rest or self._lost):
            self._transport.resume_reading()

    def _finish(self) -> None:
        self._stream.close()
        self._ended(self)

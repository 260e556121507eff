"""Plaintext lines over TCP."""

from __future__ import annotations

import asyncio
import resource
import socket
from dataclasses import dataclass

from ..schema.protocols import LineSink
from .connection import Connection

READ_BYTES = 65_536  # of one read: some 70 us of folding, then the loop turns
BACKLOG = 4_096  # all senders come back at once after a restart; the system cuts it to its own bound
PATIENCE_S = 2.0  # for connections with lines in hand to give them to the sink when the server closes
QUIET_S = 0.02  # without a byte: what had arrived when the server began to close is read
MOST_QUIETS = 25  # waited for; a sender that goes on and on does not hold up a stop


@dataclass(frozen=True, slots=True)
class Counters:
    """Connections open now and taken since the start, and the bytes they sent."""

    connections: int
    connections_total: int
    bytes_received: int


class LineServer:
    """Takes connections on one address and hands what comes to a LineSink, a stream for each connection."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()
        self._total = 0
        self._bytes_before = 0  # of connections that have ended
        self._paused = False
        self._closing = False
        self._all_ended = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket, sink: LineSink) -> None:
        """Take connections from ``listener``, a bound TCP socket; it is closed with the server."""
        raise_open_files()
        # One buffer for all connections: a read is folded before the next begins.
        buffer = memoryview(bytearray(READ_BYTES))
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(sink, buffer, self._opened, self._ended), sock=listener, backlog=BACKLOG
        )

    @property
    def counters(self) -> Counters:
        live = sum(connection.bytes_received for connection in self._connections)
        return Counters(len(self._connections), self._total, self._bytes_before + live)

    def pause(self) -> None:
        """Read no more until ``resume``: senders wait in their own buffers. New connections are taken, and wait too."""
        self._paused = True
        for connection in self._connections:
            connection.pause()

    def resume(self) -> None:
        self._paused = False
        for connection in self._connections:
            connection.resume()

    async def close(self) -> None:
        """Stop listening, read what has arrived, and end all connections; their unfinished lines count as lines."""
        if self._server is not None:
            self._server.close()
        await self._read_out()
        self._closing = True
        for connection in list(self._connections):
            connection.end()
        if self._connections:
            self._all_ended.clear()
            # Lines in hand may wait for open windows to close: no longer than a stop may take.
            try:
                await asyncio.wait_for(self._all_ended.wait(), PATIENCE_S)
            except asyncio.TimeoutError:
                for connection in list(self._connections):
                    connection.give_up()

    async def _read_out(self) -> None:
        """Its senders were told by their systems that it arrived, and would never send it again."""
        for _ in range(MOST_QUIETS if self._connections else 0):
            before = self.counters.bytes_received
            await asyncio.sleep(QUIET_S)
            if self.counters.bytes_received == before:
                return

    def _opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        self._total += 1
        if self._closing:  # it was accepted just before
            connection.end()
        elif self._paused:
            connection.pause()

    def _ended(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._bytes_before += connection.bytes_received
        if not self._connections:
            self._all_ended.set()


def raise_open_files() -> int:
    """Let this process have as many open files, so connections, as the system allows; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # no system is obliged to grant its own hard limit
        return soft
    return hard

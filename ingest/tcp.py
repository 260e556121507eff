"""Plaintext lines over TCP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass

from ..schema.protocols import LineSink
from .connection import Connection
from .open_files import SPARE_FILES, raise_open_files

_log = logging.getLogger(__name__)

READ_BYTES = 65_536  # of one read: some 70 us of folding, then the loop turns
BACKLOG = 4_096  # all senders come back at once after a restart; the system cuts it to its own bound
PATIENCE_S = 2.0  # for connections with lines in hand to give them to the sink when the server closes
QUIET_S = 0.02  # without a byte: what had arrived when the server began to close is read
MOST_QUIETS = 25  # waited for; a sender that goes on and on does not hold up a stop
LOOKS = 8  # at each connection in one idle timeout: a silent one lives an eighth longer at most
# A peer that is gone without a word, as behind a cut cable, is noticed after 7 minutes; one that is only silent is not.
KEEPALIVE = ((socket.TCP_KEEPIDLE, 300), (socket.TCP_KEEPINTVL, 30), (socket.TCP_KEEPCNT, 4))


@dataclass(frozen=True, slots=True)
class Limits:
    """``connections``: open at the same time; one more is refused. ``idle_s``: seconds without a byte after which a
    connection is closed; 0: never."""

    connections: int = 10_000
    idle_s: float = 0


@dataclass(frozen=True, slots=True)
class Counters:
    """Connections open now, and taken and refused since the start; the bytes they sent."""

    connections: int
    connections_total: int
    connections_refused: int
    bytes_received: int


class LineServer:
    """Takes connections on one address and hands what comes to a LineSink, a stream for each connection."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._most = self._limits.connections
        self._full = False
        self._connections: set[Connection] = set()
        self._total = 0
        self._refused = 0
        self._bytes_before = 0  # of connections that have ended
        self._paused = False
        self._closing = False
        self._all_ended = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._looking: asyncio.Task[None] | None = None

    async def start(self, listener: socket.socket, sink: LineSink) -> None:
        """Take connections from ``listener``, a bound TCP socket; it is closed with the server."""
        self._most = self._allowed(raise_open_files())
        _notice_dead_peers(listener)
        # One buffer for all connections: a read is folded before the next begins.
        buffer = memoryview(bytearray(READ_BYTES))
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(sink, buffer, self._opened, self._ended), sock=listener, backlog=BACKLOG
        )
        if self._limits.idle_s:
            self._looking = loop.create_task(self._look_for_silent_ones())

    @property
    def counters(self) -> Counters:
        live = sum(connection.bytes_received for connection in self._connections)
        return Counters(len(self._connections), self._total, self._refused, self._bytes_before + live)

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
        await self._stop_looking()
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

    def _allowed(self, open_files: int) -> int:
        """How many connections are taken by a process that may have so many open files."""
        wanted, allowed = self._limits.connections, max(1, open_files - SPARE_FILES)
        if allowed < wanted:
            _log.warning(
                "at most %d connections are taken, not %d: the system allows only %d open files (ulimit -n, LimitNOFILE=)",
                allowed,
                wanted,
                open_files,
            )
        return min(wanted, allowed)

    async def _look_for_silent_ones(self) -> None:
        while True:
            await asyncio.sleep(self._limits.idle_s / LOOKS)
            for connection in list(self._connections):
                connection.close_if_silent(LOOKS)

    async def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    def _opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        self._total += 1
        if self._closing:  # it was accepted just before
            connection.end()
        elif len(self._connections) > self._most:
            self._refuse(connection)
        elif self._paused:
            connection.pause()

    def _refuse(self, connection: Connection) -> None:
        if not self._full:
            _log.warning("connections are refused: %d are open, the most that are taken", self._most)
        self._full = True
        self._refused += 1
        connection.end()

    def _ended(self, connection: Connection) -> None:
        self._connections.discard(connection)
        # Said once, not at each of those that come and go at the bound.
        self._full = self._full and len(self._connections) > self._most // 2
        self._bytes_before += connection.bytes_received
        if not self._connections:
            self._all_ended.set()


def _notice_dead_peers(listener: socket.socket) -> None:
    """Connections have the options of the listener that took them."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        listener.setsockopt(socket.IPPROTO_TCP, option, value)

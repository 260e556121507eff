"""Plaintext lines over TCP."""

from __future__ import annotations

import asyncio
import errno
import resource
from dataclasses import dataclass

from ..schema.errors import PortInUse, ServiceError
from ..schema.protocols import LineSink
from .connection import Connection

READ_BYTES = 65_536  # of one read: some 70 us of folding, then the loop turns
BACKLOG = 4_096  # all senders come back at once after a restart; the system cuts it to its own bound
PATIENCE_S = 2.0  # for connections with lines in hand to give them to the sink when the server closes


@dataclass(frozen=True, slots=True)
class Counters:
    """Connections open now and taken since the start, and the bytes they sent."""

    connections: int
    connections_total: int
    bytes_received: int


class LineServer:
    """Listens on one address and hands what comes to a LineSink, a stream for each connection."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()
        self._total = 0
        self._bytes_before = 0  # of connections that have ended
        self._paused = False
        self._all_ended = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, sink: LineSink) -> None:
        """Listen on ``host`` (a name, an IPv4 or IPv6 address, or empty for all) and ``port`` (0: any that is free).

        Raises PortInUse when the address is taken, ServiceError when it cannot be used.
        """
        raise_open_files()
        # One buffer for all connections: a read is folded before the next begins.
        buffer = memoryview(bytearray(READ_BYTES))
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Connection(sink, buffer, self._opened, self._ended), host or None, port, backlog=BACKLOG
            )
        except OSError as error:
            raise _translated(error, host, port) from error

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each socket listened on."""
        sockets = self._server.sockets if self._server else ()
        return [socket.getsockname()[:2] for socket in sockets]

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
        """Stop listening and end all connections; their unfinished lines count as lines."""
        if self._server is not None:
            self._server.close()
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

    def _opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        self._total += 1
        if self._paused:
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


def _translated(error: OSError, host: str, port: int) -> ServiceError:
    address = f"[{host}]:{port}" if ":" in host else f"{host or '*'}:{port}"
    if error.errno == errno.EADDRINUSE:
        return PortInUse(f"cannot listen on {address}: another program uses that port")
    return ServiceError(f"cannot listen on {address}: {error.strerror or error}")

"""A sink that keeps lines, and senders for it: real sockets on the loopback."""

import asyncio
import contextlib
import socket

from cadent.ingest.tcp import Limits, LineServer


class Sink:
    """Keeps every line. ``share``: bytes that one call takes, None for all."""

    def __init__(self, share=None):
        self.share = share
        self.lines = []
        self.opened = self.closed = self.calls = self.most_fed = 0

    def open(self):
        self.opened += 1
        return Stream(self)


class Stream:
    def __init__(self, sink):
        self._sink, self._rest, self._open = sink, b"", True

    def feed(self, data):
        sink = self._sink
        sink.calls += 1
        assert self._open
        sink.most_fed = max(sink.most_fed, len(data))
        share = len(data) if sink.share is None else min(len(data), sink.share)
        *lines, self._rest = (self._rest + bytes(data[:share])).split(b"\n")
        sink.lines += lines
        return share

    def close(self):
        assert self._open
        self._open = False
        self._sink.closed += 1
        if self._rest:
            self._sink.lines.append(self._rest)


@contextlib.asynccontextmanager
async def serving(sink, host="127.0.0.1", **limits):
    """A server on any free port, and its address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
    address = listener.getsockname()[:2]
    server = LineServer(Limits(**limits))
    await server.start(listener, sink)
    try:
        yield server, address
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def connected(address):
    """A sender; it ends in order when the block does."""
    _, writer = await asyncio.open_connection(*address)
    try:
        yield writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def send(address, *pieces):
    """Sends the pieces one by one and ends the connection."""
    async with connected(address) as writer:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)


async def until(condition, every_s=0.003):
    """Waits for something that has to come; 0: looks in every turn of the loop."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(every_s)
    raise AssertionError("it never came")


async def turns(count=50):
    """Lets the loop turn: whatever could happen by now has happened."""
    for _ in range(count):
        await asyncio.sleep(0.001)

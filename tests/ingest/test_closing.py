"""How a server ends: what arrived is taken, nobody is waited for too long."""

import asyncio
import socket

import pytest
from cadent.ingest import tcp
from cadent.ingest.connection import Connection
from line_senders import Sink, connected, serving, turns, until


def numbered(count):
    return [b"line %d" % number for number in range(count)]


def text(lines):
    return b"".join(line + b"\n" for line in lines)


def test_closing_ends_every_connection_and_counts_unfinished_lines():
    async def run():
        sink = Sink()
        async with serving(sink) as (server, address), connected(address) as first, connected(address) as second:
            first.write(b"a\nb")
            second.write(b"c")
            await until(lambda: server.counters.bytes_received == 4)
            await server.close()
            assert sorted(sink.lines) == [b"a", b"b", b"c"]
            assert sink.closed == sink.opened == 2
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*address)

    asyncio.run(run())


def test_closing_waits_for_lines_in_hand_and_no_longer(monkeypatch):
    lines = numbered(1_000)
    monkeypatch.setattr(Connection, "give_up", lambda connection: pytest.fail("all lines were taken"))

    async def run():
        sink = Sink(share=0)
        async with serving(sink) as (server, address), connected(address) as writer:
            writer.write(text(lines) + b"end")
            await until(lambda: server.counters.bytes_received == len(text(lines)) + 3)
            closing = asyncio.create_task(server.close())
            await turns()
            assert not closing.done()
            sink.share = 100
            await closing
            assert sink.lines == [*lines, b"end"]

    asyncio.run(run())


def test_closing_gives_up_on_a_sink_that_takes_nothing(monkeypatch):
    monkeypatch.setattr(tcp, "PATIENCE_S", 0.05)

    async def run():
        sink = Sink(share=0)
        async with serving(sink) as (server, address), connected(address) as stuck, connected(address) as also_stuck:
            stuck.write(b"a\n")
            also_stuck.write(b"b\n")
            await until(lambda: server.counters.bytes_received == 4)
            await server.close()
            assert (sink.lines, sink.closed, server.counters.connections) == ([], 2, 0)
            calls = sink.calls
            await turns()
            assert sink.calls == calls

    asyncio.run(run())


def test_a_connection_accepted_while_the_server_closes_is_ended_too():
    async def run():
        sink = Sink()
        async with serving(sink) as (server, address):
            sender = socket.create_connection(address)
            await until(lambda: sink.opened, every_s=0)
            assert server.counters.connections == 0, "accepted, but not yet known to the server"
            await server.close()
            await until(lambda: sink.closed)
            sender.close()

    asyncio.run(run())


def test_what_has_arrived_is_read_before_connections_end():
    lines = numbered(8_000)  # more than one read takes, less than the system keeps

    async def run():
        sink = Sink()
        async with serving(sink) as (server, address):
            senders = [socket.create_connection(address) for _ in range(3)]
            await until(lambda: server.counters.connections == 3)
            # The loop does not turn meanwhile: nothing of this is read yet.
            for sender in senders:
                sender.sendall(text(lines))
            assert sink.lines == []
            await server.close()
            assert sorted(sink.lines) == sorted(3 * lines)
            for sender in senders:
                sender.close()

    asyncio.run(run())


def test_a_sender_that_never_stops_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(tcp, "QUIET_S", 0.001)

    async def run():
        sink = Sink()
        async with serving(sink) as (server, address), connected(address) as writer:

            async def send_on():
                while True:
                    writer.write(b"again\n")
                    await asyncio.sleep(0)

            sending = asyncio.create_task(send_on())
            await until(lambda: sink.lines)
            await asyncio.wait_for(server.close(), 10)
            sending.cancel()
            assert sink.closed == 1

    asyncio.run(run())

"""How many connections there may be, and how long a silent one is kept."""

import asyncio
import resource
import socket

from cadent.ingest.open_files import SPARE_FILES
from cadent.ingest.tcp import LOOKS, Counters, LineServer
from line_senders import Sink, connected, serving, turns, until

IDLE_S = 0.08


async def ended(reader) -> bool:
    """The server has closed the connection."""
    try:
        return await asyncio.wait_for(reader.read(1), 10) == b""
    except ConnectionResetError:
        return True


def test_one_connection_too_many_is_refused_and_counted_and_the_others_are_served():
    async def run():
        sink = Sink()
        async with serving(sink, connections=2) as (server, address), connected(address) as first, connected(address) as second:
            await until(lambda: server.counters.connections == 2)
            for refused in (1, 2):
                reader, writer = await asyncio.open_connection(*address)
                assert await ended(reader)
                writer.close()
                assert server.counters.connections_refused == refused
            first.write(b"a\n")
            second.write(b"b\n")
            await until(lambda: len(sink.lines) == 2)
            assert server.counters == Counters(2, 4, 2, 4)

    asyncio.run(run())


def test_the_first_refusal_is_said_and_the_next_one_after_there_was_room_again(caplog):
    async def refuse_one(address):
        reader, writer = await asyncio.open_connection(*address)
        assert await ended(reader)
        writer.close()

    async def run():
        async with serving(Sink(), connections=1) as (server, address):
            async with connected(address):
                await until(lambda: server.counters.connections == 1)
                await refuse_one(address)
                await refuse_one(address)
                assert caplog.text.count("connections are refused: 1 are open") == 1
            await until(lambda: server.counters.connections == 0)
            async with connected(address):
                await until(lambda: server.counters.connections == 1)
                await refuse_one(address)
            assert caplog.text.count("connections are refused") == 2

    asyncio.run(run())


def test_a_limit_of_open_files_that_is_too_low_is_said_and_kept_to(caplog, monkeypatch):
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (SPARE_FILES + 1, SPARE_FILES + 1))

    async def run():
        async with serving(Sink(), connections=50) as (server, address), connected(address):
            await until(lambda: server.counters.connections == 1)
            reader, writer = await asyncio.open_connection(*address)
            assert await ended(reader)
            writer.close()

    asyncio.run(run())
    assert f"at most 1 connections are taken, not 50: the system allows only {SPARE_FILES + 1} open files" in caplog.text


def test_a_silent_connection_is_closed_and_its_unfinished_line_counts():
    async def run():
        sink = Sink()
        async with serving(sink, idle_s=IDLE_S) as (server, address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"a\nb")
            await until(lambda: sink.lines)
            assert await ended(reader)
            writer.close()
            await until(lambda: sink.closed)
            assert (sink.lines, server.counters.connections) == ([b"a", b"b"], 0)

    asyncio.run(run())


def test_a_byte_now_and_then_keeps_a_connection():
    async def run():
        sink = Sink()
        async with serving(sink, idle_s=IDLE_S) as (server, address):
            silent, silent_writer = await asyncio.open_connection(*address)
            async with connected(address) as slow:

                async def send_on():
                    while True:
                        slow.write(b"x")
                        await asyncio.sleep(IDLE_S / LOOKS)

                sending = asyncio.create_task(send_on())
                assert await ended(silent)
                silent_writer.close()
                assert server.counters.connections == 1
                sending.cancel()
                slow.write(b"\nend\n")
                await until(lambda: sink.lines)
                assert sink.lines[-1] == b"end"

    asyncio.run(run())


def test_connections_that_are_not_read_from_are_not_silent():
    """Neither those of a paused server nor one whose lines the sink does not take."""

    async def run():
        sink = Sink(share=0)
        async with serving(sink, idle_s=IDLE_S) as (server, address), connected(address) as stuck, connected(address):
            stuck.write(b"a\n")
            await until(lambda: sink.calls)
            server.pause()
            await turns(int(3_000 * IDLE_S))
            assert server.counters.connections == 2
            sink.share = None
            server.resume()
            await until(lambda: server.counters.connections == 0)
            assert sink.lines == [b"a"]

    asyncio.run(run())


def test_without_an_idle_timeout_a_silent_connection_is_kept():
    async def run():
        async with serving(Sink(), idle_s=0) as (server, address), connected(address):
            await until(lambda: server.counters.connections == 1)
            await turns(int(3_000 * IDLE_S))
            assert server.counters.connections == 1

    asyncio.run(run())


def test_the_system_looks_whether_a_silent_peer_is_alive():
    async def run():
        listener = socket.create_server(("127.0.0.1", 0))
        server = LineServer()
        await server.start(listener, Sink())
        with socket.create_connection(listener.getsockname()):
            assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        await server.close()

    asyncio.run(run())

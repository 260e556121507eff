"""Lines over TCP: everything sent arrives, once and in order, whatever senders and sink do."""

import asyncio
import contextlib
import os
import random
import resource
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from cadent.accumulate.accumulator import Accumulator
from cadent.accumulate.limits import Limits
from cadent.ingest.open_files import raise_open_files
from cadent.ingest.tcp import READ_BYTES, Counters, LineServer
from cadent.schema.policy import Policies
from cadent.schema.resolution import Ladder
from line_senders import Sink, connected, send, serving, turns, until

NOW = 1_700_000_000
MORE_THAN_BUFFERS = 32 << 20  # bytes: more than the system keeps on both ends of a connection


def numbered(count, tag=b"line"):
    return [b"%s %d" % (tag, number) for number in range(count)]


def text(lines):
    return b"".join(line + b"\n" for line in lines)


def accumulator():
    return Accumulator(Policies.single(Ladder.parse("10s:1d")), Limits(), 0, NOW)


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


# -- what is sent arrives ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_lines_cut_anywhere_arrive_whole_and_in_order(seed):
    rng = random.Random(seed)
    lines = numbered(3_000)
    data = text(lines)
    cuts = sorted(rng.sample(range(len(data)), 200))
    pieces = [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, None], strict=True)]

    async def run():
        sink = Sink()
        async with serving(sink) as (_, address):
            await send(address, *pieces)
            await until(lambda: sink.closed)
            assert sink.lines == lines

    asyncio.run(run())


def test_the_last_line_counts_without_a_newline_when_the_sender_ends():
    async def run():
        sink = accumulator()
        async with serving(sink) as (server, address):
            await send(address, b"a 1 %d\nb 2 %d" % (NOW, NOW))
            await until(lambda: server.counters.connections_total and not server.counters.connections)
            assert sink.counters().folded == 2

    asyncio.run(run())


def test_a_sender_that_breaks_off_ends_its_stream_alone():
    async def run():
        sink = Sink()
        async with serving(sink) as (server, address):
            rude = socket.create_connection(address)
            rude.sendall(b"first\nunfinished")
            await until(lambda: sink.lines)
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by reset
            rude.close()
            await send(address, b"other\n")
            await until(lambda: sink.closed == 2)
            assert sorted(sink.lines) == [b"first", b"other", b"unfinished"]
            assert server.counters.connections == 0

    asyncio.run(run())


def test_an_endless_line_costs_no_memory_and_the_connection_lives_on():
    def resident_bytes():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def run():
        sink = accumulator()
        piece = b"x" * (1 << 20)
        async with serving(sink) as (_, address), connected(address) as writer:
            writer.write(piece)
            await writer.drain()
            before = resident_bytes()
            for _ in range(99):
                writer.write(piece)
                await writer.drain()
            writer.write(b"\na 1 %d\n" % NOW)
            await until(lambda: sink.counters().folded)
            assert sink.counters().refused == {"line_length": 1}
            assert resident_bytes() - before < 20 << 20

    asyncio.run(run())


def test_garbage_is_refused_and_the_lines_behind_it_are_taken():
    rng = random.Random(1)

    async def run():
        sink = accumulator()
        async with serving(sink) as (server, address):
            await send(address, rng.randbytes(2_000_000), b"\na 1 %d\n" % NOW)
            await until(lambda: server.counters.connections_total and not server.counters.connections)
            counters = sink.counters()
            assert counters.folded == 1
            assert counters.refused["fields"] > 1_000
            assert server.counters.bytes_received == 2_000_000 + len(b"\na 1 %d\n" % NOW)

    asyncio.run(run())


def test_two_thousand_connections_at_once_lose_nothing():
    connections = 2_000
    raise_open_files()
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 2 * connections + 200:
        pytest.skip("this system allows too few open files for both ends of 2,000 connections")

    async def run():
        sink = Sink()
        async with serving(sink) as (server, address):
            streams = await asyncio.gather(*(asyncio.open_connection(*address) for _ in range(connections)))
            await until(lambda: server.counters.connections == connections)
            for turn in range(3):
                for number, (_, writer) in enumerate(streams):
                    writer.write(b"%d %d\nhalf of" % (number, turn))
            for number, (_, writer) in enumerate(streams):
                writer.write(b" %d" % number)
                writer.close()
            await until(lambda: sink.closed == connections)
            assert server.counters.connections == 0
            whole = {b"%d 0" % number for number in range(connections)}
            cut = {b"half of%d %d" % (number, turn) for number in range(connections) for turn in (1, 2)}
            last = {b"half of %d" % number for number in range(connections)}
            assert len(sink.lines) == 4 * connections
            assert set(sink.lines) == whole | cut | last

    asyncio.run(run())


@pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6 loopback")
def test_an_ipv6_address_works_alike():
    async def run():
        sink = Sink()
        async with serving(sink, "::1") as (_, address):
            await send(address, b"a\nb\n")
            await until(lambda: sink.closed)
            assert sink.lines == [b"a", b"b"]

    asyncio.run(run())


def test_what_is_counted_is_what_was_sent():
    async def run():
        sink = Sink()
        async with serving(sink) as (server, address):
            assert server.counters == Counters(0, 0, 0, 0)
            async with connected(address) as writer:
                writer.write(b"12345\n")
                await until(lambda: sink.lines)
                assert server.counters == Counters(1, 1, 0, 6)
                await send(address, b"1\n")
                await until(lambda: sink.closed)
                assert server.counters == Counters(1, 2, 0, 8)
            await until(lambda: sink.closed == 2)
            assert server.counters == Counters(0, 2, 0, 8)

    asyncio.run(run())


# -- pause ---------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def pouring(address, data):
    """A sender that sends ``data`` as fast as it is taken; the task is done when all is on its way."""
    sender = socket.socket()
    sender.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sender, address)
    task = asyncio.create_task(asyncio.get_running_loop().sock_sendall(sender, data))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await task
        sender.close()


def test_a_paused_server_reads_nothing_and_loses_nothing():
    lines = numbered(MORE_THAN_BUFFERS // 12)

    async def run():
        sink = Sink()
        async with serving(sink) as (server, address), pouring(address, text(lines)) as sending:
            await until(lambda: sink.lines)
            server.pause()
            received = server.counters.bytes_received
            await turns()
            assert server.counters.bytes_received == received
            assert not sending.done()
            server.resume()
            await until(lambda: len(sink.lines) == len(lines))
            assert sink.lines == lines

    asyncio.run(run())


def test_a_connection_made_in_a_pause_waits_too():
    async def run():
        sink = Sink()
        async with serving(sink) as (server, address):
            server.pause()
            async with connected(address) as writer:
                writer.write(b"a\n")
                await until(lambda: server.counters.connections)
                await turns()
                assert server.counters.bytes_received == 0
                server.resume()
                await until(lambda: sink.lines)
            await until(lambda: sink.closed)
            assert sink.lines == [b"a"]

    asyncio.run(run())


def test_an_end_that_comes_in_a_pause_is_seen_after_it():
    async def run():
        sink = Sink()
        async with serving(sink) as (server, address):
            server.pause()
            await send(address, b"a\nb")
            await turns()
            assert (sink.lines, sink.closed) == ([], 0)
            server.resume()
            await until(lambda: sink.closed)
            assert sink.lines == [b"a", b"b"]

    asyncio.run(run())


# -- a sink that does not keep up ----------------------------------------------------------------------------------------


def test_while_a_sink_takes_nothing_no_more_than_one_read_is_held():
    lines = numbered(MORE_THAN_BUFFERS // 12)

    async def run():
        sink = Sink(share=0)
        async with serving(sink) as (server, address), pouring(address, text(lines)) as sending:
            await until(lambda: sink.calls > 2)
            await turns()
            assert 0 < server.counters.bytes_received <= READ_BYTES
            assert not sending.done()
            sink.share = None
            await until(lambda: len(sink.lines) == len(lines))
            assert sink.lines == lines
            assert sink.most_fed <= READ_BYTES

    asyncio.run(run())


@pytest.mark.parametrize("share", [1, 7, 10_000])
def test_a_sink_that_takes_a_share_gets_the_rest_later(share):
    lines = numbered(20 * share)

    async def run():
        sink = Sink(share)
        async with serving(sink) as (_, address):
            await send(address, text(lines), b"end")
            await until(lambda: sink.closed)
            assert sink.lines == [*lines, b"end"]
            assert sink.calls >= len(text(lines)) // max(share, 1)

    asyncio.run(run())


def test_lines_in_hand_are_taken_after_their_sender_is_gone():
    async def run():
        sink = Sink(share=0)
        async with serving(sink) as (_, address):
            await send(address, b"a\nb\nunfinished")
            await until(lambda: sink.calls > 2)
            assert sink.closed == 0
            sink.share = None
            await until(lambda: sink.closed)
            assert sink.lines == [b"a", b"b", b"unfinished"]

    asyncio.run(run())


def test_others_have_their_turn_while_one_connection_is_slow():
    async def run():
        sink = Sink(share=7)
        async with serving(sink) as (_, address), connected(address) as slow, connected(address) as other:
            slow.write(text(numbered(5_000, b"slow")))
            await until(lambda: sink.lines)
            other.write(b"other\n")
            await until(lambda: b"other" in sink.lines)
            assert len(sink.lines) < 5_000
            await until(lambda: len(sink.lines) == 5_001)

    asyncio.run(run())


def test_a_pause_and_a_slow_sink_together_hold_reading_until_both_are_over():
    async def run():
        sink = Sink(share=0)
        async with serving(sink) as (server, address), connected(address) as writer:
            writer.write(b"a\n")
            await until(lambda: sink.calls)
            writer.write(b"b\n")
            server.pause()
            sink.share = None
            await until(lambda: sink.lines)
            await turns()
            assert server.counters.bytes_received == 2
            sink.share = 0
            server.resume()
            await until(lambda: server.counters.bytes_received == 4)
            server.pause()
            server.resume()  # what is in hand still comes first
            writer.write(b"c\n")
            await turns()
            assert server.counters.bytes_received == 4
            sink.share = None
            await until(lambda: len(sink.lines) == 3)
            assert sink.lines == [b"a", b"b", b"c"]

    asyncio.run(run())


def test_a_sink_that_fails_costs_its_connection_alone():
    class Failing(Sink):
        def open(self):
            stream = super().open()
            if self.opened == 1:
                stream.feed = self.fail
            return stream

        def fail(self, data):
            raise MemoryError

    async def run():
        reports = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reports.append(context["exception"]))
        sink = Failing()
        async with serving(sink) as (server, address):
            await send(address, b"a\n")
            await until(lambda: reports)
            await send(address, b"b\n")
            await until(lambda: sink.closed == 2)
            assert sink.lines == [b"b"]
            assert server.counters.connections == 0
        assert [type(error) for error in reports] == [MemoryError]

    asyncio.run(run())


# -- sockets -----------------------------------------------------------------------------------------------------------


def test_a_listener_that_others_hold_too_outlives_the_server():
    async def served(listener, data, count):
        sink, server = Sink(), LineServer()
        await server.start(socket.socket(fileno=os.dup(listener.fileno())), sink)
        await send(listener.getsockname(), data)
        await until(lambda: len(sink.lines) == count)
        await server.close()
        return sorted(sink.lines)

    async def run():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            early = socket.create_connection(listener.getsockname())  # it waits for whoever serves
            early.sendall(b"early\n")
            assert await served(listener, b"first\n", 2) == [b"early", b"first"]
            assert await served(listener, b"second\n", 1) == [b"second"]
            early.close()

    asyncio.run(run())


def test_a_server_that_never_started_can_be_closed():
    async def run():
        server = LineServer()
        server.pause()
        server.resume()
        await server.close()
        assert server.counters == Counters(0, 0, 0, 0)

    asyncio.run(run())


def test_as_many_files_are_allowed_as_the_system_grants():
    program = """
import resource
from cadent.ingest.open_files import raise_open_files
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
assert raise_open_files() == hard
assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
"""
    subprocess.run([sys.executable, "-c", program], check=True)

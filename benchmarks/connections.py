"""A find beside clients that do nothing, nothing but wait, or next to nothing: what it takes with them and without.

python benchmarks/connections.py [--connections N]

Half of the connections are to the listener of lines, half to the API. By hand: it needs two open files for each.
"""

import argparse
import contextlib
import itertools
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

from cadent.ingest.open_files import raise_open_files

from benchmarks.find import find
from benchmarks.latency import milliseconds, percentile
from benchmarks.loading import running
from benchmarks.servers import Cadent

PATTERN = "idle.*"
REQUEST = b"GET /graphite/find?query=idle.* HTTP/1.1\r\nHost: cadent\r\nX-Slow: " + b"x" * 3_600
TIMES = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--connections", type=int, default=5_000)
    count = parser.parse_args().connections
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="cadent-connections-") as folder, running(Cadent, Path(folder)) as server:
        send(server, 1_000)
        before = report("alone", server)
        with contextlib.ExitStack() as kept:
            graphite, api = idle(kept, server.graphite_port, count // 2), idle(kept, server.http_port, count // 2)
            compare(f"beside {len(graphite) + len(api):,} idle connections", server, before)
            kept.enter_context(trickling(idle(kept, server.graphite_port, 10), b"a"))
            kept.enter_context(trickling(idle(kept, server.http_port, 10), REQUEST))
            compare("and 20 that send a byte a second", server, before)
            for client in idle(kept, server.http_port, 2):
                client.sendall(b"GET /render?target=idle.*&from=-1d HTTP/1.1\r\nHost: cadent\r\n\r\n")
                client.recv(1)  # it is computed by now
            compare("and 2 that never read their answers", server, before)


def send(server: Cadent, paths: int) -> None:
    now = int(time.time())
    with socket.create_connection(("127.0.0.1", server.graphite_port)) as connection:
        connection.sendall("".join(f"idle.p{number} 1 {now}\n" for number in range(paths)).encode())
    while find(server, PATTERN).count(b'"path"') < paths:
        time.sleep(0.1)


def idle(kept: contextlib.ExitStack, port: int, count: int) -> list[socket.socket]:
    return [kept.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(count)]


@contextlib.contextmanager
def trickling(clients: list[socket.socket], data: bytes) -> Iterator[None]:
    """Each sends a byte of ``data`` a second, over and over."""
    over = threading.Event()

    def send_on() -> None:
        for byte in itertools.cycle(data):
            for client in clients:
                client.sendall(bytes([byte]))
            if over.wait(1):
                return

    thread = threading.Thread(target=send_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def report(name: str, server: Cadent) -> list[float]:
    taken = milliseconds(lambda: find(server, PATTERN), TIMES, warm_up=100)
    print(f"{name:42}  p50 {percentile(taken, 50):6.2f} ms   p99 {percentile(taken, 99):6.2f} ms", flush=True)
    return taken


def compare(name: str, server: Cadent, before: list[float]) -> None:
    times = percentile(report(name, server), 99) / percentile(before, 99)
    print(f"{'':42}  p99 is {times:.2f} times that alone; want at most 1.5")


if __name__ == "__main__":
    main()

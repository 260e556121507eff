"""Small HTTP servers in the test's own process: one that plays Cadent as a test wants it, one that passes a port on."""

import contextlib
import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs


def binary_answer(*series: dict, values: list[list[float]]) -> bytes:
    """``/metrics?format=binary`` as ``docs/formats`` has it, written independently of the finder."""
    header = json.dumps(
        {"from": 0, "to": 0, "series": [{**one, "count": len(row)} for one, row in zip(series, values, strict=True)]}
    ).encode()
    header += b" " * (-(12 + len(header)) % 8)
    columns = b"".join(struct.pack(f"<{len(row)}d", *row) for row in values)
    return b"CDNT\x01\0\0\0" + struct.pack("<L", len(header)) + header + columns


GAP = math.nan


class Request:
    def __init__(self, route: str, form: dict[str, list[str]], connection: int) -> None:
        self.route = route
        self.form = form
        self.connection = connection


class StandIn:
    """A real HTTP server on loopback that answers each request with what ``answer(request, client)`` returns or writes.

    It speaks bare HTTP on purpose, so that a test can send half an answer, or none, or close when it likes.
    """

    def __init__(self, answer: Callable[[Request, socket.socket], bytes | None]) -> None:
        self.requests: list[Request] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/graphite"
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client, len(self._clients)), daemon=True).start()

    def _serve(self, client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            while head := lines.readline():
                length = 0
                while (line := lines.readline().strip()) != b"":
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                request = Request(head.split()[1].decode(), parse_qs(lines.read(length).decode()), number)
                self.requests.append(request)
                answer = self._answer(request, client)
                if answer is None:
                    return
                client.sendall(answer)

    def drop_connections(self) -> None:
        """As a server does with connections that were idle for too long."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # Closing alone would leave the thread in accept, and the port open with it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()


def http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


class Relay:
    """Passes a port of its own on to another one, and can be unplugged."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._sockets: list[socket.socket] = []
        self.port = 0
        self.plug_in()

    def plug_in(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/graphite"
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def unplug(self) -> None:
        """New connections are refused, those that are open break."""
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._sockets.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [near, far]
                threading.Thread(target=pump, args=(near, far), daemon=True).start()
                threading.Thread(target=pump, args=(far, near), daemon=True).start()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def trickle(client: socket.socket, data: bytes, seconds: float) -> None:
    """One byte at a time, so that no single wait is long."""
    for byte in data:
        client.sendall(bytes([byte]))
        time.sleep(seconds)

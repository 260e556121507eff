"""Sends files over TCP, a connection each: a process of its own beside the server that is measured.

python sender.py PORT FILE...   Reads all first, says "ready", waits for a line on standard input, then sends; says when the
first byte and when the last one was handed over, in seconds of the monotonic clock that all processes share.
"""

import socket
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    port, *names = sys.argv[1:]
    payloads = [Path(name).read_bytes() for name in names]
    connections = [socket.create_connection(("127.0.0.1", int(port))) for _ in payloads]
    threads = [threading.Thread(target=send, args=pair) for pair in zip(connections, payloads, strict=True)]
    print("ready", flush=True)
    sys.stdin.readline()
    print(time.monotonic(), flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(time.monotonic(), flush=True)


def send(connection: socket.socket, payload: bytes) -> None:
    connection.sendall(payload)
    connection.close()


if __name__ == "__main__":
    main()

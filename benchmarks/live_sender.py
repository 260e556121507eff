"""Sends the lines of a fleet in real time, each host once a step."""

import random
import socket
import time

from .lines import METRICS, SEED, STEP_S, host_lines, hosts, values

CONNECTIONS = 4
TICK_S = 0.1
TICKS = round(STEP_S / TICK_S)


def send_live(port: int, host_count: int, seconds: float) -> None:
    """Meant for a process of its own beside the server that is measured."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    # A host reports at the same moment of every step, as agents do.
    turns = [hosts(host_count)[tick::TICKS] for tick in range(TICKS)]
    readings, rng = values(50_000), random.Random(SEED)
    first = int(time.time() / TICK_S) + 1
    for tick in range(first, first + round(seconds / TICK_S)):
        time.sleep(max(0.0, tick * TICK_S - time.time()))
        for number, host in enumerate(turns[tick % TICKS]):
            at = rng.randrange(len(readings) - len(METRICS))
            connections[number % CONNECTIONS].sendall(host_lines(host, readings, at, int(tick * TICK_S)).encode())

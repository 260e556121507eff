"""A Cassandra server, whoever started it: what the tests know of it is where it answers."""

import socket

OPTIONS = bytes.fromhex("04 00 0000 05 00000000")  # a request of CQL's protocol v4 that needs no login
SUPPORTED = 6  # the opcode of its answer


class Server:
    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"

    def store(self, keyspace: str) -> str:
        """The keyspace as ``cadent serve --store`` takes it."""
        return f"cassandra://{self}/{keyspace}"

    def log_tail(self) -> str:
        """The end of what it said since its latest start."""
        return "(it was started elsewhere, and its log is there)"

    def answers(self) -> bool:
        """Whether it says within a second what it supports."""
        try:
            with socket.create_connection((self.address, self.port), 1) as connection:
                connection.sendall(OPTIONS)
                header = connection.recv(9)
        except OSError:
            return False
        return len(header) == 9 and header[4] == SUPPORTED


def server_at(text: str) -> Server:
    """The server that ``host:port`` names."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"got {text!r}; want host:port of a Cassandra server")
    return Server(host, int(port))

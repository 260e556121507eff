"""gunicorn's worker with threads, so made that a slow client costs a connection and not a thread."""

from __future__ import annotations

import contextlib
import errno
import selectors
import signal
import socket
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

# From when a thread takes a request until its client has the answer. A query is given up earlier: this is for the client's share.
_EXCHANGE_S = 60.0
# A client that was told that its connection ends gets so long to end it: a reset could cost it the answer.
_LINGER_S = 0.2
# A longer head of a request is refused by whoever parses it.
_LONGEST_HEAD = 1 << 16

# With which gunicorn's master ends a worker.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGQUIT)


class Connection(TConn):
    """One client's. ``due``: when its exchange must be over, while a thread is about it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.data_ready = True  # a thread gets it only then
        # Head and body of an answer are two writes: the second must not wait until the client has told that it has the first.
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due: float | None = None
        self._seen_bytes = 0

    def is_ready(self) -> bool:
        """Whether a thread has something to do: a request's whole head is there, or there will never be one. Otherwise the
        socket is silent until more comes."""
        head = self.sock.recv(_LONGEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        ended = len(head) <= self._seen_bytes
        ready = ended or b"\r\n\r\n" in head or len(head) == _LONGEST_HEAD
        self._seen_bytes = 0 if ready else len(head)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, self._seen_bytes + 1)
        return ready

    def hang_up(self) -> None:
        """Whatever a thread waits for at this socket fails at once."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002, FBT002 - gunicorn's signature
        """Never waits: it is called on the loop, which all connections share."""
        util.close(self.sock)


class Worker(ThreadWorker):
    """A connection waits in the loop until the head of its request is there; only then it gets a thread, and not for ever."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._at_work: set[Connection] = set()

    def init_signals(self) -> None:
        """An interrupt is the master's business: a second signal on top of gunicorn's quick stop, which it would also start,
        waits for ever for a lock of the first."""
        signals = {*STOP_SIGNALS, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.ECONNABORTED}:  # another worker was quicker, or the client is gone
                return
            raise
        self.nr_conns += 1
        self._await_head(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """A kept connection brings its next request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        if _is_ready(conn):
            super().on_pending_socket_readable(conn, client)

    def murder_pending(self) -> None:
        """Each turn of the loop calls it."""
        super().murder_pending()
        now = time.monotonic()
        for connection in self._at_work:
            if connection.due is not None and connection.due < now:
                connection.hang_up()

    def enqueue_req(self, conn: TConn) -> None:
        self._at_work.add(_ours(conn))
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> bool:
        """In a thread."""
        connection = _ours(conn)
        connection.due = time.monotonic() + _EXCHANGE_S
        kept = super().handle(conn)
        if not kept:
            util.close_graceful(conn.sock, _LINGER_S)
        return kept

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        connection = _ours(conn)
        connection.due = None
        self._at_work.discard(connection)
        super().finish_request(conn, fs)

    def _await_head(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + self.cfg.keepalive
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))


def _ours(conn: TConn) -> Connection:
    assert isinstance(conn, Connection)
    return conn


def _is_ready(conn: TConn) -> bool:
    try:
        return _ours(conn).is_ready()
    except BlockingIOError:
        return False
    except OSError:  # reset: a thread finds that out too
        return True

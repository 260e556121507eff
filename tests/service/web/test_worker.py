"""Clients of the API that are slow, silent or gone: they cost a connection, and no thread that others need."""

import http.client
import signal
import socket
import time

import pytest
from cadent.service.web import worker
from package import copy_of_the_package
from points import PAST, lines_of, past_points, wait_until_shown
from programs import Cadent

THREADS = 2
REQUEST = b"GET /version HTTP/1.1\r\nHost: cadent\r\n\r\n"
MORE_THAN_BUFFERS = 16 << 20


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One API process with two threads, whose patience is 2 s."""
    folder = tmp_path_factory.mktemp("http")
    copy = copy_of_the_package(folder / "copy")
    module = copy / "cadent" / "service" / "web" / "worker.py"
    code = module.read_text()
    assert f"_EXCHANGE_S = {worker._EXCHANGE_S}" in code
    module.write_text(code.replace(f"_EXCHANGE_S = {worker._EXCHANGE_S}", "_EXCHANGE_S = 2.0"))
    (folder / "cadent.toml").write_text(f"[http]\nworkers = 1\nthreads = {THREADS}\n[service]\nself_metrics = false\n")
    started = Cadent(folder, "--config", folder / "cadent.toml", PYTHONPATH=str(copy))
    try:
        started.wait()
        yield started
    finally:
        started.stop()


@pytest.fixture
def connect(service):
    """connect(): a connection to the API; it ends with the test."""
    opened = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", service.http_port), timeout=20))
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


def answers_at_once(service) -> bool:
    begun = time.monotonic()
    assert service.web.get("/version").status == 200
    return time.monotonic() - begun < 1.5  # a thread that somebody else holds is free later than that


def served(client) -> bool:
    client.sendall(REQUEST)
    return status_of(client) == 200


def status_of(client) -> int:
    """Of the next answer, which is read to its end."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def test_silent_connections_hold_no_thread(service, connect):
    silent = [connect() for _ in range(50)]
    assert answers_at_once(service)
    assert all(served(client) for client in silent)


def test_kept_connections_hold_no_thread(service, connect):
    kept = [connect() for _ in range(50)]
    assert all(served(client) for client in kept)
    assert answers_at_once(service)
    assert all(served(client) for client in kept)


def test_a_request_that_comes_byte_by_byte_holds_no_thread_and_is_answered(service, connect):
    slow = [connect() for _ in range(4 * THREADS)]
    for at in range(len(REQUEST) - 1):
        for client in slow:
            client.sendall(REQUEST[at : at + 1])
        if at % 10 == 0:
            assert answers_at_once(service)
    for client in slow:
        client.sendall(REQUEST[-1:])
        assert status_of(client) == 200


def test_half_a_request_and_a_hang_up_harm_nobody(service, connect):
    for _ in range(4 * THREADS):
        client = connect()
        client.sendall(REQUEST[:-2])
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1_000) == b""
    assert answers_at_once(service)


def test_a_body_that_never_comes_holds_a_thread_for_a_while_and_no_longer(service, connect):
    begun = [connect() for _ in range(2 * THREADS)]
    for client in begun:
        client.sendall(b"POST /render HTTP/1.1\r\nHost: cadent\r\nContent-Length: 100\r\n\r\ntarget=")
    assert service.web.get("/version").status == 200
    for client in begun:
        assert b"200 OK" not in client.recv(1_000)


def test_a_client_that_never_reads_its_answer_holds_a_thread_for_a_while_and_no_longer(service, connect):
    service.send(lines_of(past_points("long", 100, 2)))
    wait_until_shown(service, "long.*", past_points("long", 100, 2))
    query = f"target=long.*&from={PAST - 200_000}&to={PAST + 100}"
    whole = service.web.ask(f"/graphite/metrics?{query}").body
    assert len(whole) > MORE_THAN_BUFFERS
    deaf = [connect() for _ in range(THREADS)]
    for client in deaf:
        client.sendall(f"GET /graphite/metrics?{query} HTTP/1.1\r\nHost: cadent\r\n\r\n".encode())
        assert client.recv(1) == b"H"
    assert service.web.get("/version").status == 200
    assert len(read_on(deaf[0])) < len(whole), "it was cut off"
    assert "Traceback" not in service.program.output


def read_on(client) -> bytes:
    received = []
    try:
        while received[-1:] != [b""]:
            received.append(client.recv(1 << 16))
    except ConnectionResetError:
        pass
    return b"".join(received)


def test_a_client_that_does_not_end_its_connection_holds_up_nobody(service, connect):
    """It was told that the answer is the last one."""
    lasting = [connect() for _ in range(10)]
    begun = time.monotonic()
    for client in lasting:
        client.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert all(read_on(client).startswith(b"HTTP/1.1 200 ") for client in lasting)
    assert service.web.get("/version").status == 200
    assert time.monotonic() - begun < 10


def test_a_stop_waits_for_no_silent_connection(serve):
    service = serve()
    silent = [socket.create_connection(("127.0.0.1", service.http_port)) for _ in range(5)]
    assert served(silent[0])
    service.program.signal(signal.SIGTERM)
    assert service.program.wait(10) == 0
    for client in silent:
        assert read_on(client) == b""
        client.close()

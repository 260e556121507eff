"""The control socket: frames both ways, nonsense, clients that come and go. Server and client are the real ones."""

import asyncio
import json
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from cadent.schema.errors import InputError, LimitExceeded, ServiceError, WriterGone
from cadent.schema.head import HEAD_POINT
from cadent.service.control.client import KEPT_OPEN, ControlClient
from cadent.service.control.frame import MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, pack, unpack_header
from cadent.service.control.head_client import HeadClient
from cadent.service.control.server import ControlServer
from hypothesis import given
from hypothesis import strategies as st
from programs import eventually

POINTS = np.array([(1, 10, 1_700_000_000, 2, 3.0, 1.0, 2.0, 2.0)], HEAD_POINT)


def echo(header, payload):
    return {"said": header.get("say"), "bytes": len(payload)}, payload


def head(header, payload):
    ids = np.frombuffer(payload, "<u4")
    assert header["policy"] == "default"
    return {"last_sequence": int(ids.sum())}, POINTS.tobytes()


def refuse(header, payload):
    raise ValueError("not today")


def refuse_too_much(header, payload):
    raise LimitExceeded("3 paths; at most 2")


async def slow(header, payload):
    await asyncio.sleep(header["s"])
    return echo(header, payload)


async def refuse_later(header, payload):
    await asyncio.sleep(0)
    refuse(header, payload)


OPERATIONS = {
    "slow": slow,
    "refuse_later": refuse_later,
    "echo": echo,
    "head": head,
    "refuse": refuse,
    "refuse_too_much": refuse_too_much,
    "needs": lambda header, _: ({}, header["what"]),
}


class Running:
    """A server on an event loop in a thread of its own."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.server = ControlServer(folder, OPERATIONS)
        self.do(self.server.start())

    def do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def stop(self) -> None:
        self.do(self.server.close())
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture
def running(tmp_path):
    started = Running(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def client(running):
    opened = HeadClient(running.folder)
    yield opened
    opened.close()


def raw(folder) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(folder / "control.sock"))
    return connection


def test_a_request_is_answered_with_header_and_payload(client):
    assert client.request({"op": "echo", "say": "ü"}, b"\0\xff") == ({"ok": True, "said": "ü", "bytes": 2}, b"\0\xff")


def test_the_head_comes_as_arrays(client):
    answer = client.head("default", np.array([4, 5, 6], np.uint32))
    assert answer.last_sequence == 15
    assert answer.points.tolist() == POINTS.tolist()


def test_a_large_payload_comes_whole(client):
    payload = bytes(range(256)) * (MAX_PAYLOAD_BYTES // 256)
    assert client.request({"op": "echo"}, payload)[1] == payload


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"op": "explode"}, ["'explode'", "echo, head, needs, refuse, refuse_later, refuse_too_much, slow"]),
        ({}, ["None", "echo"]),
        ({"op": "refuse"}, ["refuse", "not today"]),
        ({"op": "refuse_later"}, ["refuse_later", "not today"]),
        ({"op": "needs"}, ["needs", "what"]),
    ],
    ids=str,
)
def test_what_the_writer_refuses_is_an_error_with_its_words_and_the_connection_lives_on(client, header, words):
    with pytest.raises(ServiceError) as error:
        client.request(header)
    assert all(word in str(error.value) for word in words)
    assert client.ask("echo")["ok"]


def test_what_the_asker_has_to_change_is_told_from_what_fails_here(client):
    with pytest.raises(InputError, match=r"^3 paths; at most 2$"):
        client.request({"op": "refuse_too_much"})
    with pytest.raises(InputError, match=r"^3 paths; at most 2$"):
        client.call({"op": "refuse_too_much"})
    assert client.ask("echo")["ok"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("<II", MAX_HEADER_BYTES + 1, 0),
        struct.pack("<II", 2, MAX_PAYLOAD_BYTES + 1) + b"{}",
        struct.pack("<II", 4, 0) + b"[12]",
        struct.pack("<II", 3, 0) + b"\xff\xff\xff",
        struct.pack("<II", 0, 0),
    ],
    ids=["http", "header too long", "payload too long", "no object", "no JSON", "nothing"],
)
def test_nonsense_loses_its_connection_and_no_other(running, client, nonsense):
    client.ask("echo")
    with raw(running.folder) as connection:
        connection.sendall(nonsense)
        assert connection.recv(100) == b""
    assert client.ask("echo")["ok"]


def test_half_a_frame_and_a_hang_up_harm_nobody(running, client):
    with raw(running.folder) as connection:
        connection.sendall(pack({"op": "echo"}, b"abc")[:-1])
    assert client.ask("echo")["ok"]


def test_a_frame_that_comes_byte_by_byte_is_one(running):
    frame = pack({"op": "echo", "say": "slowly"})
    with raw(running.folder) as connection:
        for byte in frame:
            connection.sendall(bytes([byte]))
        assert b'"slowly"' in connection.recv(1_000)


def test_frames_sent_at_once_are_answered_one_after_the_other(running):
    with raw(running.folder) as connection:
        connection.sendall(b"".join(pack({"op": "echo", "say": number}) for number in range(50)))
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    said = []
    while received:
        header_bytes, payload_bytes = struct.unpack_from("<II", received)
        said.append(json.loads(received[8 : 8 + header_bytes])["said"])
        received = received[8 + header_bytes + payload_bytes :]
    assert said == list(range(50))


def test_more_threads_than_kept_connections_share_a_client(running, client):
    def ask(number):
        return client.request({"op": "echo", "say": number}, bytes(number))

    with ThreadPoolExecutor(4 * KEPT_OPEN) as pool:
        answers = list(pool.map(ask, range(300)))
    assert answers == [({"ok": True, "said": number, "bytes": number}, bytes(number)) for number in range(300)]


def test_a_client_finds_a_restarted_writer_by_itself(tmp_path):
    first, client = Running(tmp_path), ControlClient(tmp_path)
    assert client.ask("echo")["ok"]
    first.stop()
    with pytest.raises(WriterGone):
        client.ask("echo")
    second = Running(tmp_path)
    assert client.ask("echo")["ok"]
    second.stop()
    third = Running(tmp_path)
    assert client.ask("echo")["ok"], "the kept connection was the second writer's"
    client.close()
    third.stop()


def test_the_socket_a_killed_writer_left_behind_is_replaced(tmp_path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "control.sock"))
    with pytest.raises(WriterGone, match="no service answers"):
        ControlClient(tmp_path).ask("echo")
    running, client = Running(tmp_path), ControlClient(tmp_path)
    assert client.ask("echo")["ok"]
    client.close()
    running.stop()


def test_only_the_owner_may_connect(running):
    assert (running.folder / "control.sock").stat().st_mode & 0o777 == 0o600


def test_a_closed_server_leaves_no_socket_and_no_connection(tmp_path):
    running = Running(tmp_path)
    with raw(tmp_path) as idle, raw(tmp_path) as half:
        for connection in (idle, half):
            connection.sendall(pack({"op": "echo"}))
            assert connection.recv(1_000)
        half.sendall(b"\1")
        running.stop()
        assert idle.recv(1) == half.recv(1) == b""
    assert not (tmp_path / "control.sock").exists()


@pytest.mark.parametrize("folder", ["", "not-there"])
def test_without_a_writer_the_error_says_how_to_start_one(tmp_path, folder):
    with pytest.raises(WriterGone, match=f"cadent serve --data {tmp_path / folder}"):
        ControlClient(tmp_path / folder).ask("health")


def test_a_writer_that_keeps_silent_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr("cadent.service.control.client.TIMEOUT_S", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "control.sock"))
        silent.listen()
        with pytest.raises(WriterGone, match="does not answer"):
            ControlClient(tmp_path).ask("health")


class Silent:
    """Something that listens where a writer would, and counts who connects."""

    def __init__(self, folder) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "control.sock"))
        self._listener.listen()
        self._listener.setblocking(False)

    def asked(self) -> int:
        """How many have connected since the last call."""
        connected = 0
        with suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                connected += 1
        return connected

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def silent(tmp_path, monkeypatch):
    monkeypatch.setattr("cadent.service.control.client.TIMEOUT_S", 0.05)
    listener = Silent(tmp_path)
    yield listener
    listener.close()


def test_a_writer_that_hung_is_not_asked_again_for_a_while(tmp_path, silent):
    client = ControlClient(tmp_path)
    for _ in range(20):
        with pytest.raises(WriterGone, match="does not answer"):
            client.ask("health")
    assert silent.asked() == 1


def test_after_the_while_one_of_many_asks(tmp_path, silent, monkeypatch):
    monkeypatch.setattr("cadent.service.control.client.SPARED_S", 0.0)
    client = ControlClient(tmp_path)
    for _ in range(2):
        with pytest.raises(WriterGone):
            client.ask("health")
    assert silent.asked() == 2
    monkeypatch.setattr("cadent.service.control.client.SPARED_S", 60.0)
    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(client.ask, "health") for _ in range(100)]
        assert all(isinstance(one.exception(), WriterGone) for one in asking)
    assert silent.asked() == 1


def test_a_writer_that_answers_again_is_asked_by_all(tmp_path, silent, monkeypatch):
    client = ControlClient(tmp_path)
    with pytest.raises(WriterGone):
        client.ask("health")
    silent.close()
    monkeypatch.setattr("cadent.service.control.client.TIMEOUT_S", 2.0)
    running = Running(tmp_path)
    eventually(lambda: answers(client), "it is asked again")
    assert client.ask("echo")["ok"]
    client.close()
    running.stop()


def answers(client) -> bool:
    with suppress(WriterGone):
        return client.ask("echo")["ok"]
    return False


def test_an_answer_that_is_no_frame_is_a_writer_gone(tmp_path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "control.sock"))
        other.listen()

        def answer():
            with other.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(struct.pack("<II", 4, 0) + b"what")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(WriterGone):
            ControlClient(tmp_path).ask("health")
        thread.join()


def test_an_operation_that_takes_long_holds_up_nobody_else(client):
    with ThreadPoolExecutor(1) as pool:
        slow_one = pool.submit(client.call, {"op": "slow", "s": 1, "say": "done"})
        for number in range(50):
            assert client.request({"op": "echo", "say": number})[0]["said"] == number
        assert not slow_one.done()
        assert slow_one.result()["said"] == "done"


def test_a_call_has_a_time_limit_of_its_own_and_spares_nobody(client, monkeypatch):
    monkeypatch.setattr("cadent.service.control.client.TIMEOUT_S", 0.1)
    assert client.call({"op": "slow", "s": 0.3, "say": 1}, timeout_s=10)["said"] == 1
    with pytest.raises(ServiceError, match="gave no answer to 'slow'"):
        client.call({"op": "slow", "s": 60}, timeout_s=0.1)
    assert client.ask("echo")["ok"]


def test_a_call_that_is_refused_says_why(client):
    with pytest.raises(ServiceError, match="refused 'refuse_later': not today"):
        client.call({"op": "refuse_later"})


def test_a_call_without_a_writer_is_told_from_one_that_was_not_answered(tmp_path):
    with pytest.raises(WriterGone, match="no service answers"):
        ControlClient(tmp_path).call({"op": "slow", "s": 0})
    running = Running(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        unanswered = pool.submit(ControlClient(tmp_path).call, {"op": "slow", "s": 3_600})
        eventually(lambda: running.server._connections, "it is connected")
        running.stop()
        with pytest.raises(ServiceError, match="gave no answer") as error:
            unanswered.result(10)
        assert not isinstance(error.value, WriterGone)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=10), json_values, max_size=5), st.binary(max_size=100))
def test_a_frame_is_its_lengths_its_header_and_its_payload(header, payload):
    frame = pack(header, payload)
    header_bytes, payload_bytes = struct.unpack_from("<II", frame)
    assert len(frame) == 8 + header_bytes + payload_bytes
    assert unpack_header(frame[8 : 8 + header_bytes]) == header
    assert frame[8 + header_bytes :] == payload

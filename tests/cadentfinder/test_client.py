import os
import re
import socket
import threading
import time

import pytest
from cadent.cadentfinder.client import Client, Node
from cadent.cadentfinder.errors import NoAnswerError, QueryError
from cadent.cadentfinder.settings import Settings
from programs import free_port
from servers import binary_answer, http, trickle

NODES = b'[{"text": "b", "expandable": 0, "leaf": 1, "id": "a.b", "path": "a.b", "allowChildren": 0}]'


def client(*urls: str, timeout_s: float = 5.0, timezone: str | None = None) -> Client:
    return Client(Settings(urls, timeout_s, timezone))


def refused_url() -> str:
    return f"http://127.0.0.1:{free_port()}/graphite"


def nodes(request, connection):
    return http(NODES)


def never(request, connection):
    """Takes the request and keeps the caller waiting until it hangs up."""
    connection.recv(1)


def test_find_posts_its_query_as_a_form(stand_in):
    server = stand_in(nodes)
    assert client(server.url).find("a.{b,ü}") == [Node("a.b", leaf=True, branch=False)]
    (request,) = server.requests
    assert request.route == "/graphite/find"
    assert request.form == {"query": ["a.{b,ü}"]}


def test_find_passes_the_times_it_is_given_as_unix_seconds(stand_in):
    server = stand_in(nodes)
    client(server.url).find("*", 1_700_000_000.5, 1_700_000_600)
    assert server.requests[0].form == {"query": ["*"], "from": ["1700000000"], "until": ["1700000600"]}


def test_metrics_asks_for_all_targets_in_one_request(stand_in):
    server = stand_in(lambda *_: http(binary_answer(values=[])))
    asking = client(server.url, timezone="Europe/Zurich")
    assert asking.metrics(["a.*", "b"], 60, 120) == []
    assert asking.aligned_metrics(["c"], 60, 120) == []
    plain, aligned = server.requests
    assert plain.route == "/graphite/metrics"
    assert plain.form == {"target": ["a.*", "b"], "from": ["60"], "to": ["120"], "format": ["binary"], "tz": ["Europe/Zurich"]}
    assert aligned.form["align"] == ["1"]


def test_a_connection_is_used_again(stand_in):
    server = stand_in(nodes)
    asking = client(server.url)
    for _ in range(3):
        asking.find("*")
    assert [request.connection for request in server.requests] == [1, 1, 1]


def test_threads_do_not_share_a_connection_at_the_same_time(stand_in):
    together = threading.Barrier(4, timeout=5)

    def when_all_have_asked(request, connection):
        together.wait()
        return http(NODES)

    server = stand_in(when_all_have_asked)
    asking = client(server.url)
    threads = [threading.Thread(target=asking.find, args=("*",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(request.connection for request in server.requests) == [1, 2, 3, 4]


def test_a_child_process_leaves_its_parents_connections_alone(stand_in):
    server = stand_in(nodes)
    asking = client(server.url)
    asking.find("parent")
    child = os.fork()
    if child == 0:
        os._exit(0 if asking.find("child") else 1)
    assert os.waitpid(child, 0)[1] == 0
    asking.find("parent")
    assert [request.connection for request in server.requests] == [1, 2, 1]


def test_a_connection_that_the_server_closed_while_idle_is_replaced(stand_in):
    server = stand_in(nodes)
    asking = client(server.url)
    asking.find("*")
    server.drop_connections()
    assert asking.find("*")
    assert [request.connection for request in server.requests] == [1, 2]


def test_an_answer_that_closes_its_connection_is_whole(stand_in):
    server = stand_in(lambda *_: b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(NODES) + NODES)
    asking = client(server.url)
    assert asking.find("*")
    assert asking.find("*")
    assert [request.connection for request in server.requests] == [1, 2]


def test_a_fresh_connection_that_breaks_is_not_tried_twice(stand_in):
    server = stand_in(lambda *_: None)
    with pytest.raises(NoAnswerError):
        client(server.url).find("*")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "bad",
    [
        http(b"out of order", "503 Service Unavailable"),
        http(b"", "500 Internal Server Error"),
        http(b"no such page", "404 Not Found"),
        http(b"slow down", "429 Too Many Requests"),
        http(b"", "302 Found"),
        http(b"<html>"),
        http(b'{"error": 1}'),
        http(b"[1]"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[",
        b"SSH-2.0-OpenSSH\r\n",
        None,
    ],
)
def test_a_server_that_cannot_answer_is_passed_over(stand_in, bad):
    if isinstance(bad, bytes) and b"100\r\n" in bad:

        def broken(request, connection):
            connection.sendall(bad)

    else:

        def broken(request, connection):
            return bad

    first, second = stand_in(broken), stand_in(nodes)
    assert client(first.url, second.url).find("*")
    assert len(first.requests) == 1


def test_the_url_that_answered_last_is_asked_first(stand_in):
    server = stand_in(nodes)
    other = stand_in(lambda *_: http(b"", "503 Service Unavailable"))
    asking = client(other.url, server.url)
    for _ in range(3):
        assert asking.find("*")
    assert (len(other.requests), len(server.requests)) == (1, 3)


def test_a_server_that_does_not_answer_in_its_share_of_the_time_is_passed_over(stand_in):
    silent, server = stand_in(never), stand_in(nodes)
    assert client(silent.url, server.url, timeout_s=1.0).find("*")


def test_no_answer_names_every_url_and_its_reason(stand_in):
    broken = stand_in(lambda *_: http(b"writer  gone", "503 Service Unavailable"))
    refusing = refused_url()
    with pytest.raises(NoAnswerError) as caught:
        client(refusing, broken.url).find("*")
    assert re.fullmatch(
        re.escape(f"no Cadent answered /find: {refusing}: ")
        + r".*refused.*; "
        + re.escape(f"{broken.url}: HTTP 503 writer gone"),
        str(caught.value),
    )


@pytest.mark.parametrize("status", ["400 Bad Request", "413 Payload Too Large", "422 Unprocessable Entity"])
def test_what_the_user_did_wrong_is_said_at_once(stand_in, status):
    first, second = stand_in(lambda *_: http("pattern 'ü[' is not a glob".encode(), status)), stand_in(nodes)
    with pytest.raises(QueryError, match=r"^pattern 'ü\[' is not a glob$"):
        client(first.url, second.url).find("ü[")
    assert second.requests == []


def waits_until_deadline(asking: Client) -> float:
    began = time.monotonic()
    with pytest.raises(NoAnswerError, match="timed out"):
        asking.find("*")
    return time.monotonic() - began


def test_silence_ends_at_the_deadline(stand_in):
    assert waits_until_deadline(client(stand_in(never).url, timeout_s=0.3)) >= 0.29


def test_headers_that_trickle_in_do_not_move_the_deadline(stand_in):
    asking = client(
        stand_in(lambda _, connection: trickle(connection, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, 0.05)).url, timeout_s=0.3
    )
    assert waits_until_deadline(asking) < 10  # it would take minutes


def test_a_body_that_trickles_in_does_not_move_the_deadline(stand_in):
    asking = client(
        stand_in(lambda _, connection: trickle(connection, http(b"[" + b" " * 5_000 + b"]"), 0.05)).url, timeout_s=0.3
    )
    assert waits_until_deadline(asking) < 10


def test_all_urls_share_one_deadline(stand_in):
    urls = [stand_in(never).url for _ in range(3)]
    assert waits_until_deadline(client(*urls, timeout_s=0.5)) < 10


def test_a_host_that_takes_no_connection_costs_a_part_of_the_time(stand_in):
    """A full backlog answers no SYN, as a machine that is gone."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        gone = f"http://127.0.0.1:{full.getsockname()[1]}/graphite"
        server = stand_in(nodes)
        assert client(gone, server.url, timeout_s=2.0).find("*")
        for one in waiting:
            one.close()


def test_a_large_answer_arrives_whole(stand_in):
    entry = {"path": "a", "target": "a", "start": 0, "end": 10_000_000, "step": 10}
    values = [float(number) for number in range(1_000_000)]
    server = stand_in(lambda *_: http(binary_answer(entry, values=[values])))
    (series,) = client(server.url).metrics(["a"], 0, 1)
    assert series.values == values


def test_completions_are_asked_with_what_was_given_alone(stand_in):
    server = stand_in(lambda *_: http(b'["dc", "host"]'))
    asking = client(server.url)
    assert asking.complete_tags(["a=b", "c!=~d"], None, None) == ["dc", "host"]
    assert asking.complete_values([], "dc", "x", 5) == ["dc", "host"]
    tags, values = server.requests
    assert (tags.route, tags.form) == ("/graphite/tags/autoComplete/tags", {"expr": ["a=b", "c!=~d"]})
    assert values.route == "/graphite/tags/autoComplete/values"
    assert values.form == {"tag": ["dc"], "valuePrefix": ["x"], "limit": ["5"]}


@pytest.mark.parametrize("body", [b"{", b"null", b"[1]", b"5"])
def test_completions_that_make_no_sense_are_no_answer(stand_in, body):
    with pytest.raises(NoAnswerError, match="makes no sense"):
        client(stand_in(lambda *_: http(body)).url).complete_tags([], None, None)

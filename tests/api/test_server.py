"""The API as it is served: by gunicorn, to several clients at once, beside a writer that takes lines."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from programs import eventually

NOW = int(time.time()) // 10 * 10
RANGE = {"from": NOW - 1, "to": NOW}
ROUTES = {
    "/graphite/find": {"query": "served.*"},
    "/graphite/paths": {"query": "served.*"},
    "/graphite/expand": {"query": "served.*"},
    "/graphite/metrics": {"target": "served.*", **RANGE},
    "/graphite/rawrender": {"target": "served.*", **RANGE},
    "/metrics/find": {"query": "served.*"},
    "/metrics/expand": {"query": "served.*"},
    "/render": {"target": "served.*", "format": "json", **RANGE},
    "/version": {},
    "/health": {},
}


@pytest.fixture(scope="module")
def web(cadent):
    cadent.send([f"served.p{number} {number} {NOW}" for number in range(20)])
    eventually(lambda: len(cadent.web.get("/graphite/metrics", target="served.*", **RANGE).json["series"]) == 20, "all points")
    return cadent.web


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_answers_every_way_of_asking_without_a_redirect(web, route):
    for path in (route, route + "/"):
        for answer in (web.get(path, **ROUTES[route]), web.post(path, **ROUTES[route]), web.post_json(path, ROUTES[route])):
            assert answer.status == 200, answer.text
            assert int(answer.headers["Content-Length"]) == len(answer.body) > 5
            assert "X-Cadent-Writer" not in answer.headers


def test_a_point_of_an_open_window_is_answered(web):
    series = web.get("/graphite/metrics", target="served.p7", **RANGE).json["series"]
    assert series == {"served.p7": [[7.0, NOW]]}


def test_health_names_the_living_writer(web):
    report = web.get("/health").json
    assert (report["status"], report["writer"]) == ("ok", "alive")
    assert report["pid"] > 1
    assert 0 <= report["age_s"] < 3_600


def test_a_connection_is_kept(cadent, web):
    connection = http.client.HTTPConnection("127.0.0.1", cadent.http_port, timeout=30)
    connection.connect()
    socket = connection.sock
    for _ in range(5):
        connection.request("GET", "/graphite/find?query=served.*")
        assert len(json.loads(connection.getresponse().read())) == 20
    assert connection.sock is socket
    connection.close()


def test_head_answers_like_get_without_a_body(cadent, web):
    connection = http.client.HTTPConnection("127.0.0.1", cadent.http_port, timeout=30)
    connection.request("HEAD", "/graphite/find?query=served.*")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    connection.close()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b'{"query": "served.p1"}'), ("application/x-www-form-urlencoded", b"query=served.p1")],
)
def test_a_body_of_unknown_length_is_read(cadent, web, content_type, body):
    connection = http.client.HTTPConnection("127.0.0.1", cadent.http_port, timeout=30)
    connection.request(
        "POST", "/graphite/expand", iter([body[:5], body[5:]]), {"Content-Type": content_type}, encode_chunked=True
    )
    assert json.loads(connection.getresponse().read()) == {"results": ["served.p1"]}
    connection.close()


def test_many_clients_at_once_get_their_own_answers(web):
    def ask(number: int):
        return web.get("/graphite/metrics", target=f"served.p{number % 20}", **RANGE).json["series"]

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(ask, range(200)))
    assert answers == [{f"served.p{number % 20}": [[float(number % 20), NOW]]} for number in range(200)]


def test_a_new_path_is_found_by_every_worker_at_once(cadent, web):
    cadent.send([f"served.fresh.p{number} 1 {NOW}" for number in range(500)])
    eventually(lambda: len(web.get("/graphite/find", query="served.fresh.*").json) == 500, "all new paths")


def test_an_error_is_a_sentence(web):
    answer = web.get("/render", target="sumSeriez(served.*)")
    assert (answer.status, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert "sumSeriez" in answer.text


def test_a_long_request_line_is_taken(web):
    """Dashboards ask for many targets; browsers go to some 8,000 characters."""
    answer = web.get("/graphite/metrics", target=["served.p1", *(f"none.{number:095}" for number in range(70))], **RANGE)
    assert answer.json["series"] == {"served.p1": [[1.0, NOW]]}

"""Every route of docs/http-api.md: where it is, how it takes parameters, and what it says to those it cannot take."""

import json

import pytest
from cadent.schema.errors import ConfigError
from folder import START, STOP

TIMES = {"from": START - 1, "to": START + 59}
ROUTES = {
    "/graphite/find": {"query": "fast.*"},
    "/graphite/paths": {"query": "fast.*"},
    "/graphite/expand": {"query": ["fast.*.load", "slow.*"]},
    "/graphite/metrics": {"target": ["fast.*.load", "slow.load"], **TIMES},
    "/graphite/rawrender": {"target": ["fast.*.load"], **TIMES},
    "/metrics/find": {"query": "fast.*"},
    "/metrics/expand": {"query": ["fast.*.load", "slow.*"]},
    "/render": {"target": ["fast.*.load", "slow.load"], "format": "json", **TIMES},
    "/version": {},
    "/health": {},
}


def same(first, second):
    return (first.status_code, first.data) == (second.status_code, second.data)


@pytest.mark.parametrize("route", ROUTES)
def test_get_form_and_json_are_answered_alike_with_and_without_a_slash(client, route):
    plain = client.get(route, query_string=ROUTES[route])
    assert len(plain.data) > 5
    assert plain.headers["Cache-Control"] == "no-cache"
    for path in (route, route + "/"):
        assert same(client.get(path, query_string=ROUTES[route]), plain)
        assert same(client.post(path, data=ROUTES[route]), plain)
        assert same(client.post(path, json=ROUTES[route]), plain)


@pytest.mark.parametrize("route", ROUTES)
def test_other_methods_are_refused_by_name(client, route):
    answer = client.delete(route)
    assert answer.status_code == 405
    assert answer.text == f"DELETE is not allowed at {route}"


@pytest.mark.parametrize("base_path", ["graphite", "/graphite", "graphite/", "/graphite/", "//graphite//"])
def test_slashes_around_the_base_path_do_not_matter(application, client, base_path):
    other = application.client(base_path=base_path)
    for route in ("/graphite/find", "/graphite/metrics/", "/metrics/find"):
        assert same(
            other.get(route, query_string=ROUTES[route.rstrip("/")]), client.get(route, query_string=ROUTES[route.rstrip("/")])
        )


@pytest.mark.parametrize(
    ("base_path", "prefix"), [("", ""), ("/", ""), ("api/v1", "/api/v1"), ("/metrics/more", "/metrics/more")]
)
def test_another_base_path_moves_the_routes_below_it_and_no_others(application, client, base_path, prefix):
    other = application.client(base_path=base_path)
    for name in ("find", "expand", "metrics", "rawrender"):
        query = ROUTES[f"/graphite/{name}"]
        assert same(other.get(f"{prefix}/{name}", query_string=query), client.get(f"/graphite/{name}", query_string=query))
        assert other.get(f"/graphite/{name}", query_string=query).status_code == 404
    assert same(other.get("/metrics/find?query=*"), client.get("/metrics/find?query=*"))


@pytest.mark.parametrize("base_path", ["metrics", "/render/", "version", "health", "events", "a b", "<x>", "/a?b"])
def test_a_base_path_that_cannot_be_one_is_named(application, base_path):
    with pytest.raises(ConfigError) as error:
        application.client(base_path=base_path)
    assert repr(base_path) in str(error.value)


def test_query_string_form_and_json_are_merged_and_the_last_counts(client):
    both = client.post(
        "/graphite/metrics?target=fast.a.load&from=-1y", data={"target": "fast.b.load", "from": START - 1, "to": STOP}
    )
    assert list(both.json["series"]) == ["fast.a.load", "fast.b.load"]
    assert both.json["from"] == START - 1
    assert both.json["to"] == STOP
    as_json = client.post("/graphite/metrics?target=fast.a.load", json={"target": "fast.b.load", "from": START - 1, "to": STOP})
    assert same(as_json, both)


def test_a_form_that_is_not_url_encoded_is_taken(client):
    """Grafana sends patterns as they are."""
    answer = client.post("/metrics/find", data=b"query=fast.{a,b}", content_type="application/x-www-form-urlencoded")
    assert [node["text"] for node in answer.json] == ["a", "b"]


@pytest.mark.parametrize("body", [b'{"query": ', b"[1]", b'{"query": {"a": 1}}', b'{"query": [["a"]]}', b"null", b"\xff"])
def test_a_json_body_that_is_no_object_of_parameters_is_refused(client, body):
    answer = client.post("/graphite/find", data=body, content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert "JSON" in answer.text


def test_an_unknown_address_is_named(client):
    answer = client.get("/nowhere/to%20go")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert answer.text == "there is nothing at /nowhere/to go"


def test_a_request_that_is_too_large_is_refused(client):
    answer = client.post("/graphite/find", data=b"query=" + b"a" * (17 << 20), content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.text) == (413, "the request is too large")


def test_a_form_of_ten_thousand_targets_is_taken(client):
    answer = client.post("/graphite/metrics", data={"target": [f"none.{number:0500}" for number in range(10_000)]})
    assert (answer.status_code, answer.json["series"]) == (200, {})


POINTS = ["/graphite/metrics", "/graphite/rawrender", "/render"]
LISTS = ["/graphite/find", "/graphite/paths", "/graphite/expand", "/metrics/find", "/metrics/expand"]


def sentence(client, route, **parameters):
    """What a refusal says: one line that is no page of HTML, or two more that show a place in a target."""
    answer = client.get(route, query_string=parameters)
    assert answer.status_code == 400, answer.text
    assert answer.mimetype == "text/plain"
    assert "\n" not in answer.text or answer.text.endswith("^")
    assert "Traceback" not in answer.text
    return answer.text


@pytest.mark.parametrize("route", POINTS)
@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"target": "a.[b"}, ["a.[b"]),
        ({"target": "a.{b"}, ["a.{b"]),
        ({}, ["target"]),
        ({"target": ""}, ["target"]),
        ({"target": "a", "from": "soon"}, ["'soon'"]),
        ({"target": "a", "to": "25:99_20240101"}, ["25:99_20240101"]),
        ({"target": "a", "until": "9" * 400}, ["9" * 100]),
        ({"target": "a", "from": "1700000000", "to": "1700000000"}, ["from=1700000000", "=1700000000"]),
        ({"target": "a", "tz": "Mars/Olympus"}, ["Mars/Olympus"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_query_that_cannot_be_read_is_a_sentence_that_holds_the_input(client, route, parameters, words):
    said = sentence(client, route, **parameters)
    for word in words:
        assert word in said


@pytest.mark.parametrize("route", ["/graphite/metrics", "/graphite/rawrender"])
@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"target": "a", "from": "-1h", "until": "-2h"}, ["from=-1h", "to=-2h"]),
        ({"target": "a", "step": "7s"}, ["step=7", "10s:7d"]),
        ({"target": "a", "step": "soon"}, ["step=soon"]),
        ({"target": "a", "step": "0"}, ["step=0"]),
        ({"target": "a", "max_points": "0"}, ["max_points=0"]),
        ({"target": "a", "maxDataPoints": "many"}, ["max_points=many"]),
        ({"target": "a", "agg": "median"}, ["agg=median", "mean"]),
        ({"target": "a", "interpolate": "-1"}, ["interpolate=-1"]),
        ({"target": "a", "interpolate": "1.5"}, ["interpolate=1.5"]),
        ({"target": "a", "format": "png"}, ["format=png", "json"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_option_of_ours_that_cannot_be_read_is_a_sentence_that_holds_it(client, route, parameters, words):
    said = sentence(client, route, **parameters)
    for word in words:
        assert word in said


@pytest.mark.parametrize("route", LISTS)
@pytest.mark.parametrize("query", ["a.[b", "a.{b", "a.b}", "a\x01", "a" * 100_000, None], ids=lambda value: str(value)[:20])
def test_a_pattern_that_cannot_be_read_is_a_sentence_that_holds_it(client, route, query):
    said = sentence(client, route, **({} if query is None else {"query": query}))
    assert (query or "query")[:60] in said or repr(query)[1:-1] in said


def test_the_formats_of_find_are_named(client):
    assert "pickle" in sentence(client, "/metrics/find", query="*", format="pickle")


@pytest.mark.parametrize("more", [{"step": "7s"}, {"agg": "median"}, {"maxDataPoints": "many"}, {"colour": "red"}], ids=str)
def test_graphites_route_passes_over_options_that_it_does_not_know(client, more):
    asked = ROUTES["/render"]
    assert same(client.get("/render", query_string={**asked, **more}), client.get("/render", query_string=asked))


def test_graphites_route_takes_times_in_any_order(client):
    asked = {"target": "fast.a.load"}
    turned = client.get("/render", query_string={**asked, "from": STOP - 1, "until": START - 1})
    assert same(turned, client.get("/render", query_string={**asked, "from": START - 1, "until": STOP - 1}))


def test_a_target_that_cannot_be_read_is_shown_with_a_caret(client):
    answer = client.get("/render", query_string={"target": "sumSeries(fast.*"})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert answer.text.endswith("\nsumSeries(fast.*\n                ^")


def test_an_error_no_one_expected_is_a_500_without_a_traceback(application):
    def broken():
        raise RuntimeError("secret")

    client = application.client(monotonic=broken)
    answer = client.get("/render?target=fast.*")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.mimetype == "text/plain"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("text", ["\x00", "a\nb", "💥", "\ud800", "%", "&&&==", "a" * 2_000, "../../etc/passwd", "'\"<script>"])
def test_no_text_of_a_client_is_a_500(client, route, text):
    for name in ("query", "target", "from", "step", "tz", "format", "agg", "max_points", "interpolate"):
        answer = client.post(route, data=json.dumps({**ROUTES[route], name: text}), content_type="application/json")
        assert answer.status_code in {200, 400}
        if answer.mimetype != "image/png":
            assert "\n" not in answer.text or (name == "target" and answer.text.count("\n") == 2)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b"1",
        b"[" * 100_000,
        b'{"target":' * 100_000,
        rb'{"target": "a.\ud800"}',
        b'{"target": "\xff"}',
        b"{'target': 'a'}",
    ],
)
def test_a_body_that_is_no_json_object_of_unicode_texts_is_a_sentence(client, body):
    answer = client.post("/render", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "the JSON body is not an object of parameters" in answer.text
    assert len(answer.text) < 1_000

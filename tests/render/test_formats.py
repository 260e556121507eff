"""Each format as graphite-web 1.1.10 writes it, byte by byte where a client could care."""

import csv
import io
import json
import pickle

import msgpack
import pytest
import samples
from test_differential import difference

pytestmark = pytest.mark.slow

USUAL = {"from": "-10min", "until": "now", "now": samples.NOW}
TARGETS = [
    "d.host*.cpu.user",
    "alias(d.host2.cpu.user, 'a,\"b\" c')",
    "d.empty.one",
    "d.size.huge",
    "alias(d.size.tiny, 'tiny')",
    "none.such",
]


@pytest.fixture(params=TARGETS)
def both(request, exact, oracle):
    """What Cadent and graphite-web answer to the same parameters."""

    def ask(**parameters):
        return [web.post("/render", target=request.param, **{**USUAL, **parameters}) for web in (exact.web, oracle)]

    return ask


def kind(answer):
    return answer.headers["Content-Type"].removesuffix("; charset=utf-8")


def decoded(answers, decode):
    assert [answer.status for answer in answers] == [200, 200]
    assert kind(answers[0]) == kind(answers[1])
    ours, theirs = (decode(answer.body) for answer in answers)
    return ours, theirs


@pytest.mark.parametrize("wish", [{}, {"noNullPoints": "1"}, {"noNullPoints": ""}, {"maxDataPoints": "7"}, {"pretty": "1"}])
def test_json(both, wish):
    answers = both(format="json", **wish)
    assert difference(*answers) == ""
    assert kind(answers[0]) == kind(answers[1])
    assert answers[0].body.count(b"\n") == answers[1].body.count(b"\n")


@pytest.mark.parametrize("zone", [{}, {"tz": "Europe/Berlin"}, {"tz": "Asia/Kolkata"}])
def test_csv(both, zone):
    def rows(body):
        found = csv.reader(io.StringIO(body.decode(), newline=""))
        return [(name, at, value and float(value)) for name, at, value in found]

    answers = both(format="csv", **zone)
    ours, theirs = decoded(answers, rows)
    assert ours == theirs
    assert answers[0].body.count(b"\r\n") == answers[1].body.count(b"\r\n")


@pytest.mark.parametrize("wish", [{"format": "raw"}, {"rawData": "true"}, {"pickle": "1", "rawData": "1"}])
def test_raw(both, wish):
    def lines(body):
        for line in body.decode().splitlines():
            head, _, values = line.rpartition("|")
            yield head, [None if value == "None" else float(value) for value in values.split(",")]

    ours, theirs = decoded(both(**wish), lambda body: list(lines(body)))
    assert ours == theirs


@pytest.mark.parametrize("wish", [{"format": "pickle"}, {"pickle": ""}])
def test_pickle(both, wish):
    ours, theirs = decoded(both(**wish), pickle.loads)
    assert ours == theirs


def test_msgpack(both):
    ours, theirs = decoded(both(format="msgpack"), msgpack.unpackb)
    assert ours == theirs


@pytest.mark.parametrize("form", ["dygraph", "rickshaw"])
def test_tables_for_libraries_of_pages(both, form):
    ours, theirs = decoded(both(format=form), json.loads)
    assert ours == theirs


@pytest.mark.parametrize("form", ["json", "dygraph", "rickshaw"])
def test_jsonp(both, form):
    def inside(body):
        assert body.startswith(b"draw(")
        assert body.endswith(b")")
        return json.loads(body[5:-1])

    ours, theirs = decoded(both(format=form, jsonp="draw"), inside)
    assert ours == theirs

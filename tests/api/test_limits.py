"""Queries that ask for too much."""

import pytest
from cadent.query.limits import Limits
from folder import RANGE


@pytest.mark.parametrize("route", ["/graphite/metrics", "/graphite/rawrender", "/render"])
@pytest.mark.parametrize(
    ("limits", "parameters", "words"),
    [
        (Limits(max_series=2), {"target": "fast.*.*", **RANGE}, ["2 series", "raise [query] max_series"]),
        (Limits(max_points=100), {"target": "fast.*.load", **RANGE}, ["120 points", "100", "raise [query] max_points"]),
        (
            Limits(),
            {"target": "fast.a.load", "from": 1, "to": 10**11},
            ["from 1 to 100000000000", "raise [query] max_points"],
        ),
    ],
    ids=["series", "points", "huge range"],
)
def test_what_is_too_much_is_refused_with_the_way_out(application, route, limits, parameters, words):
    answer = application.client(limits=limits).get(route, query_string=parameters)
    assert answer.status_code == 400
    for word in words:
        assert word in answer.text


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({}, 400),
        ({"format": "csv", "maxDataPoints": 10}, 400),
        ({"maxDataPoints": 10}, 200),
    ],
    ids=str,
)
def test_a_graph_shows_no_more_points_than_a_query_may_read(application, wish, status):
    asked = {"target": ["fast.a.load", "timeStack(fast.a.load,'1h',1,10)"], "format": "json", **RANGE, **wish}
    answer = application.client(limits=Limits(max_points=100)).get("/render", query_string=asked)
    assert answer.status_code == status
    assert status == 200 or "raise [query] max_points" in answer.text


@pytest.mark.parametrize("route", ["/graphite/metrics", "/graphite/rawrender", "/render"])
def test_what_takes_too_long_is_given_up(application, route):
    ticks = iter(range(0, 10**6, 20))
    client = application.client(monotonic=lambda: float(next(ticks)))
    answer = client.get(route, query_string={"target": ["fast.a.load", "fast.b.load", "slow.load"], **RANGE})
    assert answer.status_code == 400
    assert "30 s" in answer.text
    assert "raise [query] timeout_s" in answer.text

"""Which points are answered as JSON, over a folder whose points are known."""

import json
from unittest import mock

import pytest
from cadent.api.backend import WriterState
from cadent.schema.errors import Damaged, Unavailable
from cadent.stores.files.snapshot import FilesSnapshot
from cadent.stores.log.reader import LogReader
from folder import NOW, RANGE, START, STOP, GoneHead, get, grid, pairs, value


def test_values_and_gaps_word_by_word(client):
    answer = get(client, "/graphite/metrics", target="fast.a.load", **RANGE)
    assert answer == {
        "data_from": START,
        "data_end": STOP,
        "from": START - 1,
        "to": STOP - 1,
        "step": 10,
        "series": {"fast.a.load": pairs("fast.a.load", grid())},
    }


def test_what_the_window_statistics_are(client):
    """The samples 1.5, 4 and 2, in the order of their arrival."""
    expected = {"mean": 2.5, "sum": 7.5, "min": 1.5, "max": 4.0, "last": 2.0, "count": 3, None: 2.5, "avg": 2.5}
    for agg, wanted in expected.items():
        chosen = {} if agg is None else {"agg": agg}
        series = get(client, "/graphite/metrics", target="fast.three", **{"from": START - 1, "to": START}, **chosen)["series"]
        assert series == {"fast.three": [[wanted, START]]}


@pytest.mark.parametrize("targets", [["fast.{a,b}.load"], ["fast.a.load", "fast.b.load"], ["fast.[ab].load", "fast.a.load"]])
def test_each_target_is_one_pattern_and_a_path_is_there_once(client, targets):
    series = get(client, "/graphite/metrics", target=targets, **RANGE)["series"]
    assert series == {path: pairs(path, grid()) for path in ("fast.a.load", "fast.b.load")}


def test_a_path_that_does_not_exist_is_missing(client):
    answer = get(client, "/graphite/metrics", target=["fast.a.load", "none.at.all"], **RANGE)
    assert list(answer["series"]) == ["fast.a.load"]
    assert get(client, "/graphite/metrics", target="none.at.all", **RANGE)["series"] == {}


def test_a_tagged_path_is_found_by_its_full_name(client):
    name = "fast.a.count;dc=x;host=y"
    assert get(client, "/graphite/metrics", target=name, **{"from": START - 1, "to": START})["series"] == {name: [[1.0, START]]}
    (series,) = get(client, "/render", target=name, **{"from": START - 1, "to": START})
    assert series["tags"] == {"name": "fast.a.count", "dc": "x", "host": "y"}


def test_the_synonyms_of_the_parameters(client):
    plain = client.get("/graphite/metrics", query_string={"target": "fast.a.load", **RANGE, "max_points": 7})
    other = client.get(
        "/graphite/metrics",
        query_string={"path": "fast.a.load", "from": START - 1, "until": STOP - 1, "maxDataPoints": 7},
    )
    assert plain.data == other.data


def test_steps_of_several_policies_come_to_their_common_multiple_each_by_its_own_statistic(client):
    answer = get(client, "/graphite/metrics", target=["fast.a.load", "fast.a.errors", "slow.load"], **RANGE)
    times = grid(START, STOP, 60)
    assert answer["step"] == 60
    assert answer["series"]["slow.load"] == [[float(at - START), at] for at in times]
    for path, fold in (("fast.a.load", lambda values: sum(values) / len(values)), ("fast.a.errors", sum)):
        minutes = [[value(path, at) for at in range(minute, minute + 60, 10) if value(path, at)] for minute in times]
        assert answer["series"][path] == [[pytest.approx(fold(values)), at] for values, at in zip(minutes, times, strict=True)]


def test_a_step_can_be_asked_for(client):
    for step in ("60", "60s", "1m"):
        answer = get(client, "/graphite/metrics", target="fast.a.errors", step=step, **RANGE)
        assert answer["step"] == 60
        assert [at for _, at in answer["series"]["fast.a.errors"]] == list(grid(START, STOP, 60))


def test_no_more_points_than_asked_for(client):
    answer = get(client, "/graphite/metrics", target="fast.a.errors", max_points=7, **RANGE)
    series = answer["series"]["fast.a.errors"]
    assert 1 <= len(series) <= 7
    assert answer["step"] % 10 == 0
    assert all(at % answer["step"] == 0 for _, at in series)


def test_gaps_are_filled_on_request_and_only_inside(client):
    query = {"target": "fast.a.load", "from": START - 61, "to": STOP + 60}
    (plain,) = get(client, "/graphite/metrics", **query)["series"].values()
    (filled,) = get(client, "/graphite/metrics", interpolate=1, **query)["series"].values()
    with_points = [at for number, at in plain if number is not None]
    for (before, at), (after, _) in zip(plain, filled, strict=True):
        if before is not None or not min(with_points) < at < max(with_points):
            assert after == before
        else:
            assert after == pytest.approx((value("fast.a.load", at - 10) + value("fast.a.load", at + 10)) / 2)


@pytest.mark.parametrize(
    ("after", "until"),
    [("-800s", "-205s"), ("1699999200", "1699999795"), ("22:00_20231114", "22:09_20231114"), ("22:00", "22:09_today")],
)
def test_times_in_words_mean_the_same_as_seconds(client, after, until):
    answer = get(client, "/graphite/metrics", target="fast.a.load", **{"from": after, "to": until})
    assert answer["from"] == START
    assert START < answer["to"] < STOP
    assert answer["series"]["fast.a.load"] == pairs("fast.a.load", grid(START + 10, answer["to"] // 10 * 10 + 10))


def test_times_are_in_the_time_zone_asked_for_or_configured(application, client):
    utc = get(client, "/graphite/metrics", target="fast.a.load", **{"from": "22:00_20231114", "to": "22:05_20231114"})
    paris = {"from": "23:00_20231114", "to": "23:05_20231114"}
    assert get(client, "/graphite/metrics", target="fast.a.load", tz="Europe/Paris", **paris) == utc
    assert get(application.client(timezone="Europe/Paris"), "/graphite/metrics", target="fast.a.load", **paris) == utc


def test_the_default_is_the_last_hour(client):
    answer = get(client, "/graphite/metrics", target="fast.a.load")
    assert (answer["from"], answer["to"]) == (NOW - 3_600, NOW)
    (series,) = get(client, "/render", target="fast.a.load")
    assert series["datapoints"][0][1] == (NOW - 86_400) // 10 * 10 + 10


def test_a_time_that_only_a_coarse_step_still_covers(client):
    answer = get(client, "/graphite/metrics", target="fast.a.load", **{"from": "-20d", "to": "now"})
    assert answer["step"] == 60


def test_all_statistics_of_the_points_that_exist(client):
    assert get(client, "/graphite/rawrender", target="fast.three", **RANGE) == [
        {
            "metric": "fast.three",
            "data_from": START,
            "data_end": STOP,
            "from": START - 1,
            "to": STOP - 1,
            "step": 10,
            "data": [{"time": START, "sum": 7.5, "mean": 2.5, "min": 1.5, "max": 4.0, "count": 3, "last": 2.0}],
        }
    ]


def test_a_path_without_points_is_there_without_points(client):
    (one,) = get(client, "/graphite/rawrender", target="fast.three", **{"from": "-2h", "to": "-1h"})
    assert one["data"] == []


def test_a_step_of_a_coarser_resolution(client):
    (one,) = get(client, "/graphite/rawrender", target="fast.a.load", step="1m", **RANGE)
    samples = [[value("fast.a.load", at) for at in range(minute, minute + 60, 10)] for minute in grid(START, STOP, 60)]
    present = [[number for number in minute if number] for minute in samples]
    assert [point["count"] for point in one["data"]] == [len(minute) for minute in present]
    assert [point["max"] for point in one["data"]] == [max(minute) for minute in present]
    assert [point["last"] for point in one["data"]] == [minute[-1] for minute in present]


def test_without_its_writer_a_query_answers_from_disk_and_says_so(application, client):
    gone = application.client(head=GoneHead(), writer=WriterState("dead"))
    for route in ("/graphite/metrics", "/graphite/rawrender", "/render"):
        answer = gone.get(route, query_string={"target": "fast.a.load", **RANGE})
        assert answer.headers["X-Cadent-Writer"] == "gone"
        whole = client.get(route, query_string={"target": "fast.a.load", **RANGE})
        assert answer.data == whole.data
        assert "X-Cadent-Writer" not in whole.headers


def test_what_is_damaged_is_left_out_and_said(application):
    damaged = mock.patch.object(LogReader, "read", side_effect=Damaged("x.log", 7, "test"))
    for route in ("/graphite/metrics", "/graphite/rawrender", "/render"):
        with damaged:
            answer = application.client().get(route, query_string={"target": "fast.a.load", **RANGE})
        assert (answer.status_code, answer.headers["X-Cadent-Damaged"]) == (200, "x.log is damaged at byte 7: test")


def test_what_is_away_is_left_out_and_said(application, client):
    away = mock.patch.object(FilesSnapshot, "read", side_effect=Unavailable("no host of keyspace m\u00e9t\nanswers"))
    for route in ("/graphite/metrics", "/graphite/rawrender", "/render"):
        query = {"target": "fast.a.load", **RANGE}
        with away:
            answer = application.client(remote=True).get(route, query_string=query)
        assert (answer.status_code, answer.headers["X-Cadent-Unreachable"]) == (200, r"no host of keyspace m\xe9t\nanswers")
        whole = client.get(route, query_string=query)
        assert answer.data == whole.data  # all of it was in the log
        assert "X-Cadent-Unreachable" not in whole.headers


def test_a_disk_that_refuses_is_no_partial_answer(application):
    refused = mock.patch.object(FilesSnapshot, "read", side_effect=Unavailable("x.block: Input/output error"))
    with refused:
        answer = application.client().get("/graphite/metrics", query_string={"target": "fast.a.load", **RANGE})
    assert (answer.status_code, answer.text) == (503, "x.block: Input/output error")


@pytest.mark.parametrize("route", ["/graphite/metrics", "/graphite/rawrender", "/render", "/graphite/find", "/health"])
def test_json_is_strict_json(client, route):
    answer = client.get(route, query_string={"target": "fast.*", "query": "fast.*", "from": "-1d", "format": "json"})
    assert answer.mimetype == "application/json"
    assert json.loads(answer.data, parse_constant=pytest.fail) is not None
    assert answer.content_length == len(answer.data)

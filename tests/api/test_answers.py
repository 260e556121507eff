"""What the routes answer, over a folder whose points are known."""

import json
from collections.abc import Iterable

import pytest
from cadent.api.backend import WriterState
from cadent.cadentfinder.binary import read_series
from cadent.query.limits import Limits
from folder import NOW, START, STOP, GoneHead, value

RANGE = {"from": START - 1, "to": STOP - 1}


def get(client, route, **parameters):
    answer = client.get(route, query_string=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json


def grid(start=START, stop=STOP, step_s=10) -> range:
    return range(start, stop, step_s)


def pairs(path: str, times: Iterable[int]) -> list[list]:
    return [[value(path, at), at] for at in times]


class TestFind:
    def test_a_node_says_what_it_is(self, client):
        assert get(client, "/graphite/find", query="fast.b*") == [
            {"text": "b", "expandable": 1, "leaf": 0, "id": "fast.b", "path": "fast.b", "allowChildren": 1},
            {"text": "both", "expandable": 1, "leaf": 1, "id": "fast.both", "path": "fast.both", "allowChildren": 1},
        ]

    @pytest.mark.parametrize(
        ("query", "paths"),
        [
            ("*", ["fast", "slow"]),
            ("fast.?", ["fast.a", "fast.b"]),
            ("fast.[ab].load", ["fast.a.load", "fast.b.load"]),
            ("{fast,slow}.{a,b}.load", ["fast.a.load", "fast.b.load"]),
            ("fast.{a,b}.{load,errors}", ["fast.a.errors", "fast.a.load", "fast.b.load"]),
            ("fast.a.load", ["fast.a.load"]),
            ("fast.*.*", ["fast.a.errors", "fast.a.load", "fast.b.load", "fast.both.below", "fast.many.p1", "fast.many.p2"]),
            ("nowhere.*", []),
            ("fast.a.load.deeper", []),
        ],
    )
    def test_globs_list_every_match_in_order(self, client, query, paths):
        assert [node["path"] for node in get(client, "/graphite/find", query=query)] == paths
        assert [node["path"] for node in get(client, "/metrics/find", query=query, format="json")] == paths
        assert get(client, "/graphite/expand", query=query) == {"results": paths}

    def test_a_quote_in_a_path_is_still_json(self, client):
        assert [node["text"] for node in get(client, "/graphite/find", query="fast.qu*")] == ['qu"ote']
        assert [node["id"] for node in get(client, "/metrics/find", query="fast.qu*")] == ['fast.qu"ote']

    def test_treejson_has_an_item_for_each_last_name_below_the_patterns_own_base(self, client):
        assert get(client, "/metrics/find", query="fast.*.load") == [
            {"text": "load", "id": "fast.*.load", "allowChildren": 0, "expandable": 0, "leaf": 1}
        ]

    def test_treejson_shows_of_a_node_that_is_both_the_branch(self, client):
        both = [node for node in get(client, "/metrics/find", query="fast.*") if node["text"] == "both"]
        assert both == [{"text": "both", "id": "fast.both", "allowChildren": 1, "expandable": 1, "leaf": 0}]

    def test_tagged_paths_are_not_in_the_tree(self, client):
        assert [node["path"] for node in get(client, "/graphite/find", query="fast.a.*")] == ["fast.a.errors", "fast.a.load"]

    def test_expand_merges_all_queries(self, client):
        expected = ["fast.a.load", "fast.b.load", "slow.load"]
        for route in ("/graphite/expand", "/metrics/expand"):
            assert get(client, route, query=["slow.*", "fast.*.load", "fast.a.load"]) == {"results": expected}

    def test_expand_by_expression(self, client):
        by_query = get(client, "/metrics/expand", query=["slow.*", "none.*"], groupByExpr="1")
        assert by_query == {"results": {"slow.*": ["slow.load"], "none.*": []}}

    def test_expand_can_leave_branches_out(self, client):
        assert get(client, "/metrics/expand", query="fast.b*", leavesOnly="1") == {"results": ["fast.both"]}
        assert get(client, "/metrics/expand", query="fast.b*", leavesOnly="0") == {"results": ["fast.b", "fast.both"]}

    def test_more_nodes_than_allowed_are_refused_with_the_way_out(self, application):
        client = application.client(limits=Limits(max_nodes=3))
        for route in ("/graphite/find", "/graphite/expand", "/metrics/find", "/metrics/expand"):
            answer = client.get(route, query_string={"query": "fast.*"})
            assert answer.status_code == 400
            assert "fast.*" in answer.text
            assert "raise [query] max_nodes" in answer.text
            assert client.get(route, query_string={"query": "fast.many.*"}).status_code == 200


class TestMetrics:
    def test_values_and_gaps_word_by_word(self, client):
        answer = get(client, "/graphite/metrics", target="fast.a.load", **RANGE)
        assert answer == {
            "data_from": START,
            "data_end": STOP,
            "from": START - 1,
            "to": STOP - 1,
            "step": 10,
            "series": {"fast.a.load": pairs("fast.a.load", grid())},
        }

    def test_what_the_window_statistics_are(self, client):
        """The samples 1.5, 4 and 2, in the order of their arrival."""
        expected = {"mean": 2.5, "sum": 7.5, "min": 1.5, "max": 4.0, "last": 2.0, "count": 3, None: 2.5, "avg": 2.5}
        for agg, wanted in expected.items():
            chosen = {} if agg is None else {"agg": agg}
            series = get(client, "/graphite/metrics", target="fast.three", **{"from": START - 1, "to": START}, **chosen)["series"]
            assert series == {"fast.three": [[wanted, START]]}

    @pytest.mark.parametrize("targets", [["fast.{a,b}.load"], ["fast.a.load", "fast.b.load"], ["fast.[ab].load", "fast.a.load"]])
    def test_each_target_is_one_pattern_and_a_path_is_there_once(self, client, targets):
        series = get(client, "/graphite/metrics", target=targets, **RANGE)["series"]
        assert series == {path: pairs(path, grid()) for path in ("fast.a.load", "fast.b.load")}

    def test_a_path_that_does_not_exist_is_missing(self, client):
        answer = get(client, "/graphite/metrics", target=["fast.a.load", "none.at.all"], **RANGE)
        assert list(answer["series"]) == ["fast.a.load"]
        assert get(client, "/graphite/metrics", target="none.at.all", **RANGE)["series"] == {}

    def test_a_tagged_path_is_found_by_its_full_name(self, client):
        name = "fast.a.count;dc=x;host=y"
        assert get(client, "/graphite/metrics", target=name, **{"from": START - 1, "to": START})["series"] == {
            name: [[1.0, START]]
        }
        (series,) = get(client, "/render", target=name, **{"from": START - 1, "to": START})
        assert series["tags"] == {"name": "fast.a.count", "dc": "x", "host": "y"}

    def test_the_synonyms_of_the_parameters(self, client):
        plain = client.get("/graphite/metrics", query_string={"target": "fast.a.load", **RANGE, "max_points": 7})
        other = client.get(
            "/graphite/metrics",
            query_string={"path": "fast.a.load", "from": START - 1, "until": STOP - 1, "maxDataPoints": 7},
        )
        assert plain.data == other.data

    def test_steps_of_several_policies_come_to_their_common_multiple_each_by_its_own_statistic(self, client):
        answer = get(client, "/graphite/metrics", target=["fast.a.load", "fast.a.errors", "slow.load"], **RANGE)
        times = grid(START, STOP, 60)
        assert answer["step"] == 60
        assert answer["series"]["slow.load"] == [[float(at - START), at] for at in times]
        for path, fold in (("fast.a.load", lambda values: sum(values) / len(values)), ("fast.a.errors", sum)):
            minutes = [[value(path, at) for at in range(minute, minute + 60, 10) if value(path, at)] for minute in times]
            assert answer["series"][path] == [
                [pytest.approx(fold(values)), at] for values, at in zip(minutes, times, strict=True)
            ]

    def test_a_step_can_be_asked_for(self, client):
        for step in ("60", "60s", "1m"):
            answer = get(client, "/graphite/metrics", target="fast.a.errors", step=step, **RANGE)
            assert answer["step"] == 60
            assert [at for _, at in answer["series"]["fast.a.errors"]] == list(grid(START, STOP, 60))

    def test_no_more_points_than_asked_for(self, client):
        answer = get(client, "/graphite/metrics", target="fast.a.errors", max_points=7, **RANGE)
        series = answer["series"]["fast.a.errors"]
        assert 1 <= len(series) <= 7
        assert answer["step"] % 10 == 0
        assert all(at % answer["step"] == 0 for _, at in series)

    def test_gaps_are_filled_on_request_and_only_inside(self, client):
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
    def test_times_in_words_mean_the_same_as_seconds(self, client, after, until):
        answer = get(client, "/graphite/metrics", target="fast.a.load", **{"from": after, "to": until})
        assert answer["from"] == START
        assert START < answer["to"] < STOP
        assert answer["series"]["fast.a.load"] == pairs("fast.a.load", grid(START + 10, answer["to"] // 10 * 10 + 10))

    def test_times_are_in_the_time_zone_asked_for_or_configured(self, application, client):
        utc = get(client, "/graphite/metrics", target="fast.a.load", **{"from": "22:00_20231114", "to": "22:05_20231114"})
        paris = {"from": "23:00_20231114", "to": "23:05_20231114"}
        assert get(client, "/graphite/metrics", target="fast.a.load", tz="Europe/Paris", **paris) == utc
        assert get(application.client(timezone="Europe/Paris"), "/graphite/metrics", target="fast.a.load", **paris) == utc

    def test_the_default_is_the_last_hour(self, client):
        answer = get(client, "/graphite/metrics", target="fast.a.load")
        assert (answer["from"], answer["to"]) == (NOW - 3_600, NOW)
        (series,) = get(client, "/render", target="fast.a.load")
        assert series["datapoints"][0][1] == (NOW - 86_400) // 10 * 10 + 10

    def test_a_time_that_only_a_coarse_step_still_covers(self, client):
        answer = get(client, "/graphite/metrics", target="fast.a.load", **{"from": "-20d", "to": "now"})
        assert answer["step"] == 60


class TestBinary:
    def test_it_holds_the_same_values_as_the_json(self, client):
        answer = client.get("/graphite/metrics", query_string={"target": ["fast.*.load", "slow.*"], "format": "binary", **RANGE})
        assert answer.mimetype == "application/x-cadent-series"
        assert answer.content_length == len(answer.data)
        read = {series.path: series for series in read_series(answer.data)}
        assert {path: (one.target, one.start, one.end, one.step) for path, one in read.items()} == {
            "fast.a.load": ("fast.*.load", START, STOP, 10),
            "fast.b.load": ("fast.*.load", START, STOP, 10),
            "slow.load": ("slow.*", START, STOP, 60),
        }
        assert list(read["fast.a.load"].values) == [value("fast.a.load", at) for at in grid()]
        assert list(read["slow.load"].values) == [float(at - START) for at in grid(START, STOP, 60)]

    def test_align_brings_all_to_one_grid(self, client):
        parameters = {"target": ["fast.*.load", "slow.*"], **RANGE}
        as_json = get(client, "/graphite/metrics", **parameters)
        answer = client.get("/graphite/metrics", query_string={**parameters, "format": "binary", "align": "1"})
        read = read_series(answer.data)
        assert {(one.start, one.end, one.step) for one in read} == {(START, STOP, 60)}
        for one in read:
            assert list(one.values) == [number for number, _ in as_json["series"][one.path]]

    def test_a_path_that_two_targets_match_is_there_for_each(self, client):
        answer = client.get(
            "/graphite/metrics", query_string={"target": ["fast.a.*", "fast.*.load"], "format": "binary", **RANGE}
        )
        pairs_found = [(one.target, one.path) for one in read_series(answer.data)]
        assert pairs_found.count(("fast.a.*", "fast.a.load")) == pairs_found.count(("fast.*.load", "fast.a.load")) == 1

    def test_of_nothing_it_is_a_header_alone(self, client):
        answer = client.get("/graphite/metrics", query_string={"target": "none", "format": "binary", **RANGE})
        assert list(read_series(answer.data)) == []


class TestRawrender:
    def test_all_statistics_of_the_points_that_exist(self, client):
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

    def test_a_path_without_points_is_there_without_points(self, client):
        (one,) = get(client, "/graphite/rawrender", target="fast.three", **{"from": "-2h", "to": "-1h"})
        assert one["data"] == []

    def test_a_step_of_a_coarser_resolution(self, client):
        (one,) = get(client, "/graphite/rawrender", target="fast.a.load", step="1m", **RANGE)
        samples = [[value("fast.a.load", at) for at in range(minute, minute + 60, 10)] for minute in grid(START, STOP, 60)]
        present = [[number for number in minute if number] for minute in samples]
        assert [point["count"] for point in one["data"]] == [len(minute) for minute in present]
        assert [point["max"] for point in one["data"]] == [max(minute) for minute in present]
        assert [point["last"] for point in one["data"]] == [minute[-1] for minute in present]


class TestRender:
    def test_graphites_form(self, client):
        answer = get(client, "/render", target=["fast.{a,b}.load", "fast.three"], format="json", **RANGE)
        assert [series["target"] for series in answer] == ["fast.a.load", "fast.b.load", "fast.three"]
        assert answer[0]["datapoints"] == pairs("fast.a.load", grid())
        assert answer[0]["tags"] == {"name": "fast.a.load"}

    def test_each_series_keeps_its_own_step(self, client):
        fast, slow = get(client, "/render", target=["fast.a.load", "slow.load"], **RANGE)
        assert [at for _, at in fast["datapoints"]] == list(grid())
        assert [at for _, at in slow["datapoints"]] == list(grid(START, STOP, 60))

    def test_of_nothing_it_is_an_empty_list(self, client):
        assert get(client, "/render", target="none.*") == []


class TestLimits:
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
    def test_what_is_too_much_is_refused_with_the_way_out(self, application, route, limits, parameters, words):
        answer = application.client(limits=limits).get(route, query_string=parameters)
        assert answer.status_code == 400
        for word in words:
            assert word in answer.text

    @pytest.mark.parametrize("route", ["/graphite/metrics", "/graphite/rawrender", "/render"])
    def test_what_takes_too_long_is_given_up(self, application, route):
        ticks = iter(range(0, 10**6, 20))
        client = application.client(monotonic=lambda: float(next(ticks)))
        answer = client.get(route, query_string={"target": ["fast.a.load", "fast.b.load", "slow.load"], **RANGE})
        assert answer.status_code == 400
        assert "30 s" in answer.text
        assert "raise [query] timeout_s" in answer.text


class TestHealth:
    AGE_S = float(NOW - (STOP - 10))

    def health(self, client):
        answer = client.get("/health")
        return answer.status_code, answer.json

    def test_a_process_that_only_reads_goes_by_the_newest_point(self, client):
        assert self.health(client) == (200, {"status": "ok", "writer": "none", "pid": None, "age_s": self.AGE_S})

    def test_old_points_without_a_writer_are_not_healthy(self, application):
        client = application.client(now=NOW + 600.0)
        assert self.health(client) == (
            503,
            {"status": "the newest point is 810 s old", "writer": "none", "pid": None, "age_s": self.AGE_S + 600},
        )

    def test_a_living_writer_is_healthy_however_old_the_points(self, application):
        client = application.client(now=NOW + 86_400.0, writer=WriterState("alive", 7, None))
        assert self.health(client) == (200, {"status": "ok", "writer": "alive", "pid": 7, "age_s": self.AGE_S + 86_400})

    def test_the_writer_may_hold_a_newer_sample(self, application):
        status, report = self.health(application.client(writer=WriterState("alive", 7, NOW - 3)))
        assert (status, report["age_s"]) == (200, 3.0)

    def test_a_sample_from_the_future_is_not_older_than_now(self, application):
        assert self.health(application.client(writer=WriterState("alive", 7, NOW + 60)))[1]["age_s"] == 0.0

    def test_a_writer_whose_disk_is_full_is_not_healthy_and_says_why(self, application):
        writer = WriterState("alive", 7, NOW, trouble="/data: No space left on device")
        status, report = self.health(application.client(writer=writer))
        assert (status, report["status"]) == (503, "the writer cannot write: /data: No space left on device")

    def test_a_dead_writer_is_not_healthy(self, application):
        status, report = self.health(application.client(writer=WriterState("dead")))
        assert (status, report["status"], report["writer"]) == (503, "the writer is dead", "dead")


def test_without_its_writer_a_query_answers_from_disk_and_says_so(application, client):
    gone = application.client(head=GoneHead(), writer=WriterState("dead"))
    for route in ("/graphite/metrics", "/graphite/rawrender", "/render"):
        answer = gone.get(route, query_string={"target": "fast.a.load", **RANGE})
        assert answer.headers["X-Cadent-Writer"] == "gone"
        whole = client.get(route, query_string={"target": "fast.a.load", **RANGE})
        assert answer.data == whole.data
        assert "X-Cadent-Writer" not in whole.headers


def test_the_version_is_graphites(client):
    answer = client.get("/version")
    assert (answer.text, answer.mimetype) == ("1.1.10", "text/plain")


@pytest.mark.parametrize("route", ["/graphite/metrics", "/graphite/rawrender", "/render", "/graphite/find", "/health"])
def test_json_is_strict_json(client, route):
    answer = client.get(route, query_string={"target": "fast.*", "query": "fast.*", "from": "-1d"})
    assert answer.mimetype == "application/json"
    assert json.loads(answer.data, parse_constant=pytest.fail) is not None
    assert answer.content_length == len(answer.data)

"""Every request that Grafana's Graphite data source makes, in the form it makes it, to a running service: status and shape."""

import json
import time
import urllib.parse

import pytest
from programs import eventually

STEP_S = 10
START = int(time.time()) // STEP_S * STEP_S - 600
STOP = START + 300
HOSTS = {"a": 1.0, "b": 10.0}
PATHS = [f"grafana.{host}.load" for host in HOSTS]
TAGGED = {f"grafana_load;dc=x;host={host}": value for host, value in HOSTS.items()}

# The picker sends epochs once it knows them, else what the user wrote.
RANGES = [{"from": START - 1, "until": STOP - 1}, {"from": "-1h", "until": "now"}, {"from": "-6mon", "until": "-1min"}]


@pytest.fixture(scope="module", autouse=True)
def sent(cadent):
    times = range(START, STOP, STEP_S)
    untagged = dict(zip(PATHS, HOSTS.values(), strict=True))
    cadent.send([f"{path} {value + at - START} {at}" for path, value in (untagged | TAGGED).items() for at in times])
    eventually(lambda: last_shown(cadent.web) == [HOSTS["b"] + STOP - STEP_S - START, STOP - STEP_S], "the points are shown")


def last_shown(web):
    series = web.post("/graphite/metrics", target=list(TAGGED), **{"from": START - 1, "to": STOP - 1}).json["series"]
    return series.get(list(TAGGED)[-1], [None])[-1]


def render(web, *targets, most=300, **times):
    """A panel's request: a form, JSON asked for."""
    answer = web.post("/render", target=targets, format="json", maxDataPoints=most, **(times or RANGES[0]))
    found = answer.json["series"] if isinstance(answer.json, dict) else answer.json
    assert answer.headers["Content-Type"] == "application/json"
    for series in found:
        assert_is_series(series, most)
    return found


def assert_is_series(series, most):
    assert isinstance(series["target"], str)
    assert all(isinstance(text, str) for pair in series.get("tags", {}).items() for text in pair)
    times = [at for _, at in series["datapoints"]]
    assert len(times) <= most
    assert all(isinstance(at, int) for at in times)
    assert times == sorted(times)
    assert all(value is None or isinstance(value, int | float) for value, _ in series["datapoints"])


def wrapped(target, ref):
    """What the frontend makes of each target, so that it knows whose series came back."""
    return f'aliasSub({target}, "(^.*$)", "\\1 {ref}")'


def of_ref(series):
    """The frontend splits what it added off at the last space."""
    name, _, ref = series["target"].rpartition(" ")
    return name, ref


# -- save & test ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", RANGES, ids=str)
def test_save_and_test_of_the_frontend(cadent, times):
    (series,) = render(cadent.web, wrapped("constantLine(100)", "A"), **times)
    name, ref = of_ref(series)
    assert (float(name), ref) == (100, "A")
    assert {value for value, _ in series["datapoints"]} == {100}


def test_save_and_test_of_the_backend(cadent):
    (series,) = render(cadent.web, "constantLine(100)", most=100)
    assert {value for value, _ in series["datapoints"]} == {100}


def test_save_and_test_of_old_versions(cadent):
    nodes = cadent.web.get("/metrics/find", query="*").json
    assert "grafana" in [node["text"] for node in nodes]


# -- panels --------------------------------------------------------------------------------------------------------------


def test_a_panel_of_the_frontend_asks_all_its_targets_at_once(cadent):
    found = render(cadent.web, wrapped("grafana.*.load", "A"), wrapped("sumSeries(grafana.*.load)", "B"))
    assert [of_ref(series) for series in found] == [
        ("grafana.a.load", "A"),
        ("grafana.b.load", "A"),
        ("sumSeries(grafana.*.load)", "B"),
    ]
    for series, value in zip(found, (1.0, 10.0, None), strict=True):
        wanted = [[2 * at + 11.0 if value is None else at + value, START + at] for at in range(0, STOP - START, STEP_S)]
        assert series["datapoints"] == wanted


def test_names_keep_the_blanks_and_brackets_they_have(cadent):
    (series,) = render(cadent.web, wrapped("alias(grafana.a.load, 'load of a (busy)')", "C"))
    assert of_ref(series) == ("load of a (busy)", "C")


def test_a_panel_of_the_backend_and_an_alert_ask_one_target_each(cadent):
    """The backend writes 5m as 5min and 1M as 1mon before it asks."""
    for target in ("grafana.a.load", "summarize(grafana.a.load, '5min', 'sum', false)", "timeShift(grafana.a.load, '1mon')"):
        assert len(render(cadent.web, target, most=100)) == 1


@pytest.mark.parametrize("times", RANGES, ids=str)
def test_no_answer_has_more_points_than_the_panel_can_draw(cadent, times):
    for most in (1, 7, 30, 1_000):
        assert len(render(cadent.web, "grafana.*.load", most=most, **times)) == 2


def test_a_target_of_nothing_is_an_empty_list(cadent):
    assert render(cadent.web, wrapped("grafana.nobody.*", "A")) == []


def test_tagged_series_carry_their_tags(cadent):
    found = render(cadent.web, wrapped("seriesByTag('name=grafana_load')", "A"))
    assert sorted(series["tags"]["host"] for series in found) == ["a", "b"]
    assert all(series["tags"]["name"] == "grafana_load" for series in found)


def test_a_request_that_cannot_be_answered_says_why_in_a_line_of_plain_text(cadent):
    for target in ("noSuchFunction(grafana.a.load)", "sumSeries(grafana.a.load", "movingAverage(grafana.a.load)"):
        answer = cadent.web.post("/render", target=wrapped(target, "A"), format="json", maxDataPoints=300, **RANGES[0])
        assert answer.status == 400
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert 0 < len(answer.text) < 1_000
        assert "<" not in answer.text.split("\n")[0]


# -- the query editor and variables --------------------------------------------------------------------------------------


def find(web, query, body=None):
    """The frontend does not encode the body; times stand in the URL."""
    answer = web.ask(f"/metrics/find?{urllib.parse.urlencode(RANGES[0])}", f"query={query}".encode() if body is None else body)
    for node in answer.json:
        assert {name: type(node[name]) for name in ("text", "id", "allowChildren", "expandable", "leaf")} == {
            "text": str,
            "id": str,
            "allowChildren": int,
            "expandable": int,
            "leaf": int,
        }
    return [(node["text"], node["expandable"], node["leaf"]) for node in answer.json]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("grafana.*", [("a", 1, 0), ("b", 1, 0)]),
        ("grafana.{a,b}", [("a", 1, 0), ("b", 1, 0)]),
        ("grafana.a.*", [("load", 0, 1)]),
        ("grafana.a.*oa*", [("load", 0, 1)]),
        ("grafana.nobody.*", []),
    ],
)
def test_the_editor_lists_what_may_come_next(cadent, query, found):
    assert find(cadent.web, query) == found
    assert find(cadent.web, query, urllib.parse.urlencode({"query": query}).encode()) == found
    older = cadent.web.get("/metrics/find", query=query, **RANGES[0]).json
    assert [(node["text"], node["expandable"], node["leaf"]) for node in older] == found


def test_a_variable_expands_a_query(cadent):
    answer = cadent.web.get("/metrics/expand", query="grafana.*.load", **RANGES[1])
    assert answer.json == {"results": PATHS}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"name", "dc", "host"}),
        ({"tagPrefix": "ho"}, {"host"}),
        ({"expr": "name=grafana_load", "tagPrefix": ""}, {"dc", "host"}),
        ({"expr": ["name=grafana_load", "host=a"]}, {"dc"}),
        ({"expr": "name=nobody"}, set()),
    ],
    ids=str,
)
def test_the_editor_completes_tags(cadent, asked, found):
    tags = cadent.web.get("/tags/autoComplete/tags", limit=10_000, **asked, **RANGES[1]).json
    assert tags == sorted(tags)
    # Others' tags may be there too.
    assert set(tags) == found if "expr" in asked else set(tags) >= found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"tag": "host", "expr": "name=grafana_load"}, ["a", "b"]),
        ({"tag": "host", "expr": ["name=grafana_load", "host=a"]}, ["a"]),
        ({"tag": "host", "expr": "name=grafana_load", "valuePrefix": "b"}, ["b"]),
        ({"tag": "nobody"}, []),
    ],
    ids=str,
)
def test_the_editor_completes_values(cadent, asked, found):
    assert cadent.web.get("/tags/autoComplete/values", limit=10_000, **asked).json == found


# -- functions, version, annotations -------------------------------------------------------------------------------------


def test_the_editor_lists_functions(cadent):
    """Grafana reads the answer as text and lets ``Infinity`` be."""
    answer = cadent.web.get("/functions")
    functions = json.loads(answer.text)
    assert {"sumSeries", "aliasSub", "movingAverage", "seriesByTag"} <= set(functions)
    for name, function in functions.items():
        assert function["name"] == name
        assert all(isinstance(function[field], str) for field in ("name", "description", "module", "group", "function"))
        for param in function["params"]:
            assert isinstance(param["name"], str)
            assert isinstance(param["type"], str)
            assert all(isinstance(param.get(field, []), list) for field in ("options", "suggestions"))
            assert all(isinstance(param.get(field, False), bool) for field in ("required", "multiple"))


def test_the_version_is_one_that_has_tags_and_functions(cadent):
    version = cadent.web.get("/version").text.strip('"\n')
    assert [int(part) for part in version.split(".")] >= [1, 1]


def test_annotations_are_events_by_tags_and_time(cadent):
    cadent.web.post_json("/events/", {"what": "deploy", "tags": ["grafana-deploy", "web"], "when": START, "data": "by hand"})
    for times in ({"from": START, "until": STOP}, RANGES[1]):
        (event,) = cadent.web.get("/events/get_data", tags="grafana-deploy web", **times).json
        assert {**event, "id": 0} == {
            "when": START,
            "what": "deploy",
            "tags": ["grafana-deploy", "web"],
            "data": "by hand",
            "id": 0,
        }
    assert cadent.web.get("/events/get_data", tags="grafana-nothing", **RANGES[1]).json == []
    assert isinstance(cadent.web.get("/events/get_data", **RANGES[0]).json, list)


def test_annotations_of_a_target_are_its_points(cadent):
    assert len(render(cadent.web, "grafana.a.load", most=100)) == 1

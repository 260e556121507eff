"""``/events``: what is posted is found, and what cannot be taken is refused in words."""

import json
import re
import shutil

import pytest
from cadent.schema.event import Event
from cadent.stores.events import EventsFile
from folder import NOW, Application, get


@pytest.fixture
def application(application, tmp_path):
    """Over a folder of its own, for events stay."""
    shutil.copytree(application.folder, tmp_path / "data")
    opened = Application(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def client(application):
    return application.client()


def post(client, **fields):
    answer = client.post("/events/", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json["id"]


def whats(client, **parameters):
    return [event["what"] for event in get(client, "/events/get_data", **parameters)]


def test_an_event_is_found_as_it_was_posted(client):
    posted = {"what": "deploy", "tags": ["web", "a", "web"], "data": "by hand", "when": NOW - 60}
    shown = {**posted, "id": post(client, **posted)}
    assert get(client, "/events/get_data") == get(client, "/events/") == get(client, "/events") == [shown]
    assert get(client, f"/events/{shown['id']}") == get(client, f"/events/{shown['id']}/") == shown


def test_what_was_not_said_is_empty_and_now(client):
    post(client, what="deploy")
    assert get(client, "/events/get_data") == [{"what": "deploy", "tags": [], "data": "", "when": NOW, "id": 1}]


@pytest.mark.parametrize("empty", [None, ""])
def test_null_is_as_good_as_nothing(client, empty):
    post(client, what="deploy", tags=empty, data=empty)
    assert get(client, "/events/1") == {"what": "deploy", "tags": [], "data": "", "when": NOW, "id": 1}


@pytest.mark.parametrize("tags", ["a b", ["a", "b"], ["a b"], "a, b", " a  b ", ["a,b"], "a\tb\n"])
def test_tags_are_a_list_or_a_text(client, tags):
    post(client, what="deploy", tags=tags)
    assert get(client, "/events/1")["tags"] == ["a", "b"]


def test_a_body_that_is_called_a_form_is_json_all_the_same(client):
    """``curl -d`` calls it so."""
    body = json.dumps({"what": "a=b&c", "when": 5})
    for content_type in ("application/x-www-form-urlencoded", "text/plain", None):
        assert client.post("/events/", data=body, content_type=content_type).status_code == 200
    assert whats(client) == ["a=b&c"] * 3


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "the event is not JSON"),
        ("what=deploy", "the event is not JSON"),
        ('{"what": "\\ud800"}', "the event is not JSON"),
        ("[" * 100_000, "the event is not JSON"),
        ('["deploy"]', "the event is not a JSON object; got b'[\"deploy\"]'"),
        ("{}", "what is empty"),
        ('{"what": ""}', "what is empty"),
        ('{"what": 5}', "what is not a text; got 5"),
        ('{"what": "w", "data": {"a": 1}}', "data is not a text; got {'a': 1}"),
        ('{"what": "w", "tags": {"a": 1}}', "tags is neither a list of texts nor a text"),
        ('{"what": "w", "tags": 5}', "tags is neither a list of texts nor a text"),
        ('{"what": "w", "tags": ["a", 5]}', "tags is neither a list of texts nor a text"),
        ('{"what": "w", "when": "yesterday"}', "when is not a number of unix seconds; got 'yesterday'"),
        ('{"what": "w", "when": null}', "when is not a number of unix seconds; got None"),
        ('{"what": "w", "when": true}', "when is not a number of unix seconds; got True"),
        ('{"what": "w", "when": -5}', "when=-5 is not in unix seconds"),
        ('{"what": "w", "when": 1e300}', "is not in unix seconds"),
        (json.dumps({"what": "w" * 1_025}), "what of an event has 1,025 characters; at most 1,024 are taken"),
        (json.dumps({"what": "w", "data": "d" * 16_385}), "at most 16,384 are taken"),
        (json.dumps({"what": "w", "tags": list(map(str, range(101)))}), "at most 100 are taken"),
        (json.dumps({"what": "w", "tags": "t" * 256}), "at most 255 are taken"),
    ],
)
def test_what_is_no_event_is_refused_in_words_and_not_kept(client, body, sentence):
    answer = client.post("/events/", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert sentence in answer.text
    assert len(answer.text) < 1_000
    assert get(client, "/events/get_data") == []


def test_a_body_beyond_all_bounds_is_a_413(client):
    assert client.post("/events/", data=b" " * (16 << 20) + b"{}").status_code == 413


# -- get_data ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def four(client):
    for what, when, tags in (
        ("old", NOW - 7_200, "a b"),
        ("late", NOW - 60, "b"),
        ("early", NOW - 600, "a c"),
        ("to come", NOW + 60, "a"),
    ):
        post(client, what=what, when=when, tags=tags)
    return client


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["old", "early", "late"]),
        ({"from": "-1h"}, ["early", "late"]),
        ({"from": NOW - 600, "until": NOW - 60}, ["early", "late"]),
        ({"from": NOW - 599, "until": NOW - 61}, []),
        ({"until": "+5min"}, ["old", "early", "late", "to come"]),
        ({"from": "-1min", "until": "-10min"}, []),
        ({"from": "21:00", "until": "22:10", "tz": "UTC"}, ["early"]),
        ({"from": "22:00", "until": "23:10", "tz": "Europe/Berlin"}, ["early"]),
        ({"tags": "a"}, ["old", "early"]),
        ({"tags": "a b"}, ["old"]),
        ({"tags": "a b", "set": "intersection"}, ["old"]),
        ({"tags": "a b", "set": "union"}, ["old", "early", "late"]),
        ({"tags": "c,b", "set": "union", "from": "-1h"}, ["early", "late"]),
        ({"tags": "a nobody"}, []),
        ({"tags": "nobody a", "set": "union"}, ["old", "early"]),
        ({"tags": "", "set": "union"}, ["old", "early", "late"]),
        ({"tags": "A"}, []),
    ],
    ids=str,
)
def test_get_data_finds_by_time_and_tags_oldest_first(four, asked, found):
    assert whats(four, **asked) == found
    for body in ({"data": asked}, {"json": asked}):
        assert [event["what"] for event in four.post("/events/get_data", **body).json] == found


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"from": "whenever"}, "'whenever' is not a time"),
        ({"until": "whenever"}, "'whenever' is not a time"),
        ({"tz": "Mars/Base", "from": "noon"}, "'Mars/Base' is not a known time zone"),
        ({"set": "difference"}, "set=difference is not known here; want intersection or union"),
        ({"tags": "\ud800"}, "the JSON body is not an object of parameters"),
        ({"tags": " ".join(map(str, range(101)))}, "at most 100 can be asked for"),
        ({"jsonp": "alert(1);x"}, "jsonp=alert(1);x is not the name of a function"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(four, asked, sentence):
    answer = four.post("/events/get_data", json=asked)
    assert answer.status_code == 400
    assert sentence in answer.text


def test_jsonp_is_a_call_of_that_function(four):
    answer = four.get("/events/get_data?jsonp=page.draw&from=-1h")
    assert answer.mimetype == "text/javascript"
    called = re.fullmatch(r"page\.draw\((.*)\)", answer.text)
    assert json.loads(called[1]) == get(four, "/events/get_data", **{"from": "-1h"})


def test_of_more_events_than_an_answer_holds_it_has_the_last_and_says_so(client, monkeypatch):
    monkeypatch.setattr("cadent.api.events.MOST_EVENTS", 3)
    for when in range(1, 5):
        post(client, what=str(when), when=when)
        answer = client.get("/events/get_data")
        assert [event["what"] for event in answer.json] == [str(each) for each in range(max(1, when - 2), when + 1)]
        assert answer.headers.get("X-Cadent-Limited") == ("the last 3 of more events" if when > 3 else None)


# -- what is not there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1", "0", "9" * 30])
def test_an_event_that_is_not_there_is_a_404(client, number):
    answer = client.get(f"/events/{number}")
    assert (answer.status_code, answer.text) == (404, f"there is no event {number}")


@pytest.mark.parametrize(("method", "route"), [("DELETE", "/events/"), ("PUT", "/events/get_data"), ("POST", "/events/1")])
def test_other_methods_are_refused_by_name(client, method, route):
    answer = client.open(route, method=method)
    assert (answer.status_code, answer.text) == (405, f"{method} is not allowed at {route}")


def test_a_damaged_file_is_named_and_other_routes_answer(application, client):
    file = EventsFile(application.folder)
    file.add(Event.new(1, "one"))
    file.path.write_bytes(b"\xff" * 8_192)
    for answer in (client.get("/events/get_data"), client.post("/events/", json={"what": "two"})):
        assert answer.status_code == 500
        assert f"{file.path} is damaged" in answer.text
    assert get(client, "/graphite/find", query="fast.*")


def test_a_file_that_cannot_be_used_now_is_a_503(application, client):
    EventsFile(application.folder).path.mkdir()
    for answer in (client.get("/events/get_data"), client.post("/events/", json={"what": "two"})):
        assert answer.status_code == 503
        assert "events.db: unable to open database file" in answer.text

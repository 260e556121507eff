"""``delete`` and ``rename``: who may, and what is asked of the writer. Whether it does so: tests/service/cli/test_changes.py."""

import json

import numpy as np
import pytest
from folder import NOW, START

TOKEN = "correct-horse-battery"
ALLOWED = {"Authorization": f"Bearer {TOKEN}"}


class Asked(list):
    """The requests that reach the writer, which grants them all."""

    def __call__(self, header, payload=b""):
        self.append((header, payload))
        return {"start": START, "stop": NOW}


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def client(application, asked):
    return application.client(admin_token=TOKEN, call=asked)


def delete(client, headers=ALLOWED, **parameters):
    return client.post("/graphite/delete", data=parameters, headers=headers)


@pytest.mark.parametrize("route", ["delete", "rename"])
def test_without_a_token_set_nobody_may(application, asked, route):
    for token in ({}, {"admin_token": ""}):
        answer = application.client(call=asked, **token).post(f"/graphite/{route}", data={"query": "*"}, headers=ALLOWED)
        assert answer.status_code == 403
        assert "[http] admin_token" in answer.text
    assert asked == []


@pytest.mark.parametrize("route", ["delete", "rename"])
@pytest.mark.parametrize(
    "given", [None, "", TOKEN, "Bearer", "Bearer ", f"bearer {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer \xe9"]
)
def test_who_has_another_token_may_not(client, asked, route, given):
    headers = {} if given is None else {"Authorization": given}
    answer = client.post(f"/graphite/{route}", data={"query": "*", "old": "a", "new": "b"}, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert TOKEN not in answer.text
    assert asked == []


@pytest.mark.parametrize("route", ["delete", "rename"])
def test_a_get_changes_nothing(client, asked, route):
    assert client.get(f"/graphite/{route}", query_string={"query": "*"}, headers=ALLOWED).status_code == 405
    assert asked == []


def test_a_delete_names_the_paths_and_asks_with_their_ids(client, asked, application):
    answer = delete(client, query="fast.*.load")
    assert answer.json == {"dry_run": False, "paths": ["fast.a.load", "fast.b.load"], "erased": []}
    ((header, payload),) = asked
    assert header == {"op": "delete"}
    found = {node["path"]: node["id"] for node in application.client().get("/graphite/find?query=fast.*.load").json}
    assert len(np.frombuffer(payload, "<u4")) == len(found) == 2


@pytest.mark.parametrize("name", ["query", "pattern"])
def test_a_dry_run_asks_for_nothing(client, asked, name):
    assert delete(client, **{name: "slow.load", "dry_run": "1"}).json == {"dry_run": True, "paths": ["slow.load"], "erased": []}
    assert asked == []


def test_times_are_read_and_the_range_is_told_for_each_policy(client, asked):
    answer = delete(client, query="{slow,odd}.load", **{"from": "-1h", "until": str(NOW)})
    ranges = [{"policy": policy, "start": START, "stop": NOW} for policy in ("odd", "slow")]
    assert answer.json == {"dry_run": False, "paths": ["odd.load", "slow.load"], "erased": ranges}
    assert [header for header, _ in asked] == [
        {"op": "erase", "policy": policy, "from": NOW - 3_600, "to": NOW, "dry_run": False} for policy in ("odd", "slow")
    ]


def test_a_rename_names_each_path_and_asks_for_all(client, asked):
    answer = client.post("/graphite/rename", json={"old": "fast.many", "new": "quick"}, headers=ALLOWED)
    pairs = [[f"fast.many.p{number}", f"quick.p{number}"] for number in (1, 2)]
    assert answer.json == {"renamed": [{"old": old, "new": new} for old, new in pairs]}
    ((header, payload),) = asked
    assert (header, json.loads(payload)) == ({"op": "rename"}, pairs)


@pytest.mark.parametrize(
    ("route", "parameters", "word"),
    [
        ("delete", {}, "query"),
        ("delete", {"query": "a.[b"}, "a.[b"),
        ("delete", {"query": "fast.*", "from": "soon"}, "soon"),
        ("delete", {"query": "fast.*", "dry_run": "perhaps"}, "perhaps"),
        ("rename", {"old": "fast.both"}, "new"),
        ("rename", {"old": "nowhere", "new": "b"}, "nowhere"),
        ("rename", {"old": "fast.a.load", "new": "fast.b.load"}, "already"),
        ("rename", {"old": "fast.a.load", "new": "a..b"}, "a..b"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(client, asked, route, parameters, word):
    answer = client.post(f"/graphite/{route}", data=parameters, headers=ALLOWED)
    assert answer.status_code == 400
    assert word in answer.text
    assert asked == []


def test_without_a_writer_it_is_unavailable(application):
    answer = delete(application.client(admin_token=TOKEN), query="fast.*.load")
    assert (answer.status_code, answer.text) == (503, "nobody answers")

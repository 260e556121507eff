"""Graphite's own routes."""

from folder import RANGE, START, STOP, get, grid, pairs


def test_graphites_form(client):
    answer = get(client, "/render", target=["fast.{a,b}.load", "fast.three"], format="json", **RANGE)
    assert [series["target"] for series in answer] == ["fast.a.load", "fast.b.load", "fast.three"]
    assert answer[0]["datapoints"] == pairs("fast.a.load", grid())
    assert answer[0]["tags"] == {"name": "fast.a.load"}


def test_each_series_keeps_its_own_step(client):
    fast, slow = get(client, "/render", target=["fast.a.load", "slow.load"], **RANGE)
    assert [at for _, at in fast["datapoints"]] == list(grid())
    assert [at for _, at in slow["datapoints"]] == list(grid(START, STOP, 60))


def test_of_nothing_it_is_an_empty_list(client):
    assert get(client, "/render", target="none.*") == []


def test_the_version_is_graphites(client):
    answer = client.get("/version")
    assert (answer.text, answer.mimetype) == ("1.1.10", "text/plain")

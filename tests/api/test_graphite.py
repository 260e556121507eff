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


def test_a_client_that_has_the_answer_is_not_sent_it_again(client):
    asked = {"target": "fast.a.load", "format": "json", **RANGE}
    first = client.get("/render", query_string=asked)
    has_it = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/render", query_string=asked, headers=has_it)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = client.get(
        "/render", query_string={**asked, "target": "fast.b.load"}, headers={"If-None-Match": first.headers["ETag"]}
    )
    assert other.status_code == 200
    assert len(other.data) > 100


def test_what_a_dashboard_adds_to_make_an_address_new_changes_nothing(client):
    asked = {"target": "fast.a.load", "format": "json", **RANGE}
    answers = [client.get("/render", query_string={**asked, **more}) for more in ({}, {"_salt": "1"}, {"noCache": "1"})]
    assert len({answer.headers["ETag"] for answer in answers}) == 1

"""The same events posted to Cadent and to the real graphite-web 1.1.10 are found by the same queries."""

import time

import pytest

pytestmark = pytest.mark.slow

NOW = int(time.time())
DAY = 1_600_000_000  # in the past, and no other test's
POSTED = [
    {"what": "both", "tags": ["ev-a", "ev-b"], "when": DAY + 10, "data": "some data"},
    {"what": "text", "tags": "ev-b ev-a", "when": DAY + 20},
    {"what": "one", "tags": ["ev-a"], "when": DAY + 5},
    {"what": "other", "tags": ["ev-b"], "when": DAY + 30, "data": ""},
    {"what": "twice", "tags": ["ev-c", "ev-c", "ev-a"], "when": DAY + 30.75},
    {"what": "commas", "tags": "ev-d,ev-e", "when": DAY + 140},
    {"what": "none at all", "when": DAY + 50},
    {"what": "Größe ☃ <b>", "tags": ["ev-ü"], "when": DAY + 60, "data": 'q"uote\n'},
    {"what": "just now", "tags": ["ev-now"]},
    {"what": "an hour ago", "tags": ["ev-now"], "when": NOW - 3_600},
    {"what": "in an hour", "tags": ["ev-now"], "when": NOW + 3_600},
]

WITHIN = {"from": DAY, "until": DAY + 100}


@pytest.fixture(scope="module", autouse=True)
def posted(cadent, graphite_web):
    for event in POSTED:
        for web in (cadent.web, graphite_web):
            assert web.post_json("/events/", event).status == 200


def shown(web, **asked):
    """All but the id, which others' events move, and the second at which it was posted."""
    found = web.get("/events/get_data", **asked).json
    for event in found:
        del event["id"]
        event["when"] = min(event["when"], NOW) if event["what"] == "just now" else event["when"]
    return found


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (WITHIN, 7),
        ({"from": DAY + 10, "until": DAY + 31}, 4),
        ({"from": DAY + 11, "until": DAY + 29}, 1),
        ({"from": DAY + 30, "until": DAY + 10}, 0),
        ({"from": "00:00_20200913", "until": "00:00_20200914", "tags": "ev-a ev-ü", "set": "union"}, 5),
        ({**WITHIN, "tags": "ev-a"}, 4),
        ({**WITHIN, "tags": "ev-a ev-b"}, 2),
        ({**WITHIN, "tags": "ev-b ev-a", "set": "intersection"}, 2),
        ({**WITHIN, "tags": "ev-a ev-nobody", "set": "intersection"}, 0),
        ({**WITHIN, "tags": "ev-nobody", "set": "intersection"}, 0),
        ({**WITHIN, "tags": "ev-b ev-c", "set": "union"}, 4),
        ({**WITHIN, "tags": "ev-c ev-nobody", "set": "union"}, 1),
        ({**WITHIN, "tags": "ev-nobody", "set": "union"}, 0),
        ({**WITHIN, "tags": "ev-nobody"}, 0),
        ({**WITHIN, "tags": "ev-ü"}, 1),
        ({"tags": "ev-now"}, 2),
        ({"tags": "ev-now", "from": "-10min"}, 1),
        ({"tags": "ev-now", "from": "-2h", "until": "-30min"}, 1),
        ({"tags": "ev-now", "from": "-10min", "until": "+2h"}, 2),
    ],
    ids=str,
)
def test_get_data_answers_as_graphite_web_does(cadent, graphite_web, asked, count):
    ours, theirs = (shown(web, **asked) for web in (cadent.web, graphite_web))
    assert ours == theirs
    assert len(ours) == count


@pytest.mark.parametrize("tag", ["ev-d", "ev-e"])
def test_tags_with_commas_between_them_are_several(cadent, graphite_web, tag):
    for web in (cadent.web, graphite_web):
        assert [event["what"] for event in web.get("/events/get_data", tags=tag).json] == ["commas"]


def test_a_tag_that_nothing_has_is_left_out_by_graphite_web_and_not_here(cadent, graphite_web):
    """An accepted difference; with a set both say what Cadent says."""
    asked = {**WITHIN, "tags": "ev-b ev-nobody"}
    assert len(shown(graphite_web, **asked)) == 3
    assert shown(cadent.web, **asked) == shown(graphite_web, **asked, set="intersection") == []


def test_jsonp_is_graphite_webs(cadent, graphite_web):
    answers = [web.get("/events/get_data", jsonp="draw", tags="ev-nobody", set="union") for web in (cadent.web, graphite_web)]
    assert answers[0].text == answers[1].text == "draw([])"
    assert answers[0].headers["Content-Type"].split(";")[0] == answers[1].headers["Content-Type"].split(";")[0]


def test_what_neither_takes_is_an_error_of_both(cadent, graphite_web):
    for body in ([], {"tags": ["a"]}, {"what": "w", "tags": 5}, {"what": "w", "tags": [5]}, {"what": "w", "when": "noon"}, "w"):
        assert cadent.web.post_json("/events/", body).status == 400
        assert graphite_web.post_json("/events/", body).status >= 400

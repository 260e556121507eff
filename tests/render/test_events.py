"""The series of events is graphite-web's."""

import pytest
import samples
from test_differential import USUAL, difference

pytestmark = pytest.mark.slow

EVENTS = [
    {"what": "begin", "tags": ["release"], "when": samples.NOW - 3_600},
    {"what": "one", "tags": ["release", "web"], "when": samples.NOW - 1_800},
    {"what": "two", "tags": ["web", "release", "night"], "when": samples.NOW - 1_800},
    {"what": "three", "tags": ["web"], "when": samples.NOW - 61},
    {"what": "earlier", "tags": ["web", "old"], "when": samples.NOW - 7_200},
]


@pytest.fixture(scope="module")
def happened(exact, oracle):
    """Both, after the same events."""
    for event in EVENTS:
        for web in (exact.web, oracle):
            assert web.post_json("/events/", event).status == 200
    return exact.web, oracle


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("events('release')", {}),
        ("events('release','web')", {}),
        ("events('web','release','night')", {}),
        ("events('*')", {}),
        ("events('*')", {"from": "-3h", "maxDataPoints": 60}),
        ("drawAsInfinite(events('web'))", {"from": "-2min"}),
        ("summarize(events('web'),'10min','sum')", {}),
        ("sumSeries(events('web'),events('release'))", {}),
    ],
)
def test_events_are_counted_as_graphite_web_does(happened, target, more):
    ours, theirs = (web.post("/render", **{**USUAL, "target": target, **more}) for web in happened)
    assert difference(ours, theirs) == ""
    assert any(value for value, _ in theirs.json[0]["datapoints"])


def test_no_event_has_tags_of_two(happened):
    ours, theirs = (web.post("/render", **{**USUAL, "target": "events('release','old')"}) for web in happened)
    assert difference(ours, theirs) == ""
    assert not any(value for value, _ in theirs.json[0]["datapoints"])

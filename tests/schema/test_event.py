import pytest
from cadent.schema.errors import LimitExceeded, QueryError
from cadent.schema.event import Event


def test_tags_stay_as_they_were_given():
    assert Event.new(1, "w", ["b", "a", "b"], "d") == Event(1, "w", ("b", "a", "b"), "d", 0)


@pytest.mark.parametrize("when", [0, 253_402_300_799])
def test_a_time_may_be_any_that_a_date_has(when):
    assert Event.new(when, "w").when == when


@pytest.mark.parametrize("when", [-1, 253_402_300_800, 10**30])
def test_a_time_without_a_date_is_refused_by_name(when):
    with pytest.raises(QueryError, match=str(when)):
        Event.new(when, "w")


def test_an_event_says_what_happened():
    with pytest.raises(QueryError, match="what is empty"):
        Event.new(1, "")


@pytest.mark.parametrize(
    ("most", "more", "name"),
    [
        ({"what": "w" * 1_024}, {"what": "w" * 1_025}, "what of an event has 1,025"),
        ({"data": "d" * 16_384}, {"data": "d" * 16_385}, "data of an event has 16,385"),
        ({"tags": list(map(str, range(100)))}, {"tags": list(map(str, range(101)))}, "tags of an event has 101"),
        ({"tags": ["t" * 255]}, {"tags": ["t" * 256]}, "a tag of an event has 256"),
    ],
)
def test_what_is_too_long_is_refused_with_its_bound(most, more, name):
    Event.new(1, **{"what": "w", **most})
    with pytest.raises(LimitExceeded, match=name):
        Event.new(1, **{"what": "w", **more})

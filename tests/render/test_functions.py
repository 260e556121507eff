"""The list of functions is graphite-web's."""

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def listed(exact, oracle):
    """Ours and graphite-web's."""
    return exact.web.get("/functions").json, oracle.get("/functions").json


def test_there_are_the_same_names(listed):
    ours, theirs = map(set, listed)
    assert len(theirs) == 154
    assert ours == theirs


def test_each_is_in_the_same_group(listed):
    ours, theirs = ({name: one["group"] for name, one in functions.items()} for functions in listed)
    assert ours == theirs


def test_each_has_the_same_parameters(listed):
    ours, theirs = ({name: one["params"] for name, one in functions.items()} for functions in listed)
    assert ours == theirs


def test_each_is_described_in_other_words(listed):
    ours, theirs = listed
    assert [
        name for name, one in ours.items() if not one["description"] or one["description"] == theirs[name]["description"]
    ] == []


def test_those_of_pies_are_the_same(exact, oracle):
    ours, theirs = (web.get("/functions", type="pie").json for web in (exact.web, oracle))
    for functions in (ours, theirs):
        for one in functions.values():
            del one["description"], one["module"], one["function"]
    assert ours == theirs

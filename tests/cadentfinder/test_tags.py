"""Tags in the real graphite-web 1.1.10: through the finder, through its own tag database as an oracle, and through ours."""

import json

import hosts
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sent import START, STOP, points, wait_until_visible

pytestmark = pytest.mark.slow

VALUES = {at: float(at % 70) for at in range(START - 600, STOP + 600, 10)}
# In each a place for every case: tags that some have and others lack, values that begin alike, bytes that sort oddly.
SERIES = [
    "tags.disk.used;dc=paris;host=web1",
    "tags.disk.used;dc=paris;host=web2;rack=r1",
    "tags.disk.used;dc=rome;host=web10",
    "tags.disk.used;dc=rome;host=db1;rack=r2",
    "tags.disk.free;d-c=x;dc=paris;host=web1",
    "tags.load;dc=paris",
    "tags.load;d=paris.1",
    "tags.größe;dc=évry;host=web1",
    "tags.count;dc=parisian;host=a=b",
]
# Completions are asked of the tag database when a finder knows no tags, as that of whisper files.
NO_FINDER = "STORAGE_FINDERS = ['graphite.finders.standard.StandardFinder']\n"
TAGS = ["dc", "d", "d-c", "host", "rack", "name", "nothing"]


@pytest.fixture(scope="module", autouse=True)
def sent(cadent):
    """Points of every series, and so the series themselves."""
    cadent.send([f"{path} {value!r} {at}" for path in SERIES for at, value in VALUES.items()])
    for path in SERIES:
        wait_until_visible(cadent.web, path, points(VALUES))


@pytest.fixture(scope="module")
def oracle(graphite_web_bin, tmp_path_factory):
    """A graphite-web that has nothing of ours, and the same series in the tag database of its own."""
    program, web = hosts.graphite_web(graphite_web_bin, tmp_path_factory.mktemp("oracle"), [], NO_FINDER)
    assert sorted(web.post("/tags/tagMultiSeries", path=SERIES).json) == sorted(SERIES)
    yield web
    program.stop()


@pytest.fixture(scope="module")
def on_our_tags(cadent, graphite_web_bin, tmp_path_factory):
    """A graphite-web whose tag database is our ``/tags``."""
    lines = f"{NO_FINDER}TAGDB = 'graphite.tags.http.HttpTagDB'\nTAGDB_HTTP_URL = {cadent.web.url!r}\n"
    lines += "TAGDB_HTTP_AUTOCOMPLETE = True\n"
    program, web = hosts.graphite_web(graphite_web_bin, tmp_path_factory.mktemp("http-tags"), [], lines)
    yield web
    program.stop()


def rendered(web, target):
    answer = web.post("/render", target=target, format="json", **{"from": START, "until": STOP})
    assert answer.status == 200, answer.text
    return {series["target"]: (series["tags"], series["datapoints"]) for series in answer.json}


def tags_of(path):
    name, *tags = path.split(";")
    return {"name": name, **dict(tag.split("=", 1) for tag in tags)}


# -- through the finder --------------------------------------------------------------------------------------------------


def test_series_are_found_by_their_tags(graphite_web):
    found = rendered(graphite_web, "seriesByTag('name=tags.disk.used', 'dc=~ro')")
    assert found == {path: (tags_of(path), points(VALUES)) for path in SERIES[2:4]}


def test_a_graph_asks_for_tags_and_paths_at_once(graphite_web):
    targets = ["seriesByTag('dc=~par', 'name=tags.load')", SERIES[0], 'alias(seriesByTag("rack=r2"), "second")']
    assert list(rendered(graphite_web, targets)) == [SERIES[5], SERIES[0], "second"]


def test_functions_that_use_tags_work(graphite_web):
    grouped = rendered(graphite_web, "groupByTags(seriesByTag('name=tags.disk.used'), 'sum', 'dc')")
    twice = [[None if value is None else 2 * value, at] for value, at in points(VALUES)]
    assert {name: shown for name, (_, shown) in grouped.items()} == {f"tags.disk.used;dc={dc}": twice for dc in ("paris", "rome")}
    aliased = rendered(graphite_web, "aliasByTags(seriesByTag('host=web1', 'name=~tags.disk'), 'name', 'host')")
    assert sorted(aliased) == ["tags.disk.free.web1", "tags.disk.used.web1"]


def test_nothing_found_is_an_empty_graph(graphite_web):
    assert rendered(graphite_web, "seriesByTag('name=tags.nothing')") == {}


@pytest.mark.parametrize("expression", ["dc=", "dc=~("])
def test_a_bad_call_is_a_400_with_cadents_sentence(cadent, graphite_web, expression):
    answer = graphite_web.get("/render", target=f"seriesByTag('{expression}')", format="json")
    assert answer.status == 400
    assert cadent.web.get("/graphite/metrics", target=f"seriesByTag('{expression}')").text.strip() in answer.text


def test_the_finder_completes_tags(graphite_web):
    """Which graphite-web asks of nobody else."""
    of_disks = {"expr": ["name=tags.disk.used"]}
    assert graphite_web.get("/tags/autoComplete/tags", **of_disks).json == ["dc", "host", "rack"]
    assert graphite_web.get("/tags/autoComplete/tags", tagPrefix="d", limit=2, **of_disks).json == ["dc"]
    assert graphite_web.get("/tags/autoComplete/values", tag="host", valuePrefix="web1", **of_disks).json == ["web1", "web10"]
    assert graphite_web.get("/tags/autoComplete/values", tag="rack").json == ["r1", "r2"]
    assert graphite_web.get("/tags/autoComplete/values", tag="host", limit=2, **of_disks).json == ["db1", "web1"]


@pytest.mark.parametrize(("route", "parameters"), [("tags", {"expr": "dc!=x"}), ("values", {"tag": "dc", "expr": "host=~("})])
def test_a_bad_completion_is_a_400_with_cadents_sentence(cadent, graphite_web, route, parameters):
    ours, theirs = (web.get(f"/tags/autoComplete/{route}", **parameters) for web in (cadent.web, graphite_web))
    assert (ours.status, theirs.status) == (400, 400)
    assert ours.text.strip() in theirs.text


# -- with graphite-web as the oracle -------------------------------------------------------------------------------------

REGEXES = ["par", "paris$", "^web1", "web1|r", ".*", "(paris)?$", "[^w]", "é", "tags", "web[0-9]{2}", ""]
EXPRESSION = st.builds(
    "{}{}{}".format, st.sampled_from(TAGS), st.sampled_from(["=", "!="]), st.sampled_from(["paris", "web1", "r1", "a=b", ""])
) | st.builds("{}{}{}".format, st.sampled_from(TAGS), st.sampled_from(["=~", "!=~"]), st.sampled_from(REGEXES))
ONLY_OURS = "name=~^tags\\."  # the other tests' series are in the same Cadent


def both(oracle, cadent, route, **parameters):
    """What the two answer: (status, JSON if it is 200)."""
    answers = [web.get(f"/tags/{route}", **parameters) for web in (oracle, cadent.web)]
    return [(answer.status, answer.json if answer.status == 200 else None) for answer in answers]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EXPRESSION, min_size=1, max_size=3))
def test_the_same_series_are_found(oracle, cadent, expressions):
    theirs, ours = both(oracle, cadent, "findSeries", expr=expressions)
    status, found = ours
    assert (status, found and [path for path in found if path.startswith("tags.")]) == theirs


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EXPRESSION, max_size=2), st.sampled_from(TAGS), st.sampled_from(["", "d", "web"]), st.sampled_from([1, 2, 100]))
def test_the_same_is_completed(oracle, cadent, expressions, tag, prefix, limit):
    expressions = [ONLY_OURS, *expressions]
    theirs, ours = both(oracle, cadent, "autoComplete/tags", expr=expressions, tagPrefix=prefix, limit=limit)
    assert ours == theirs
    theirs, ours = both(oracle, cadent, "autoComplete/values", expr=expressions, tag=tag, valuePrefix=prefix, limit=limit)
    assert ours == theirs


@pytest.mark.parametrize("parameters", [{}, {"filter": "d"}, {"filter": "^d$|r"}, {"limit": 3}, {"filter": "nothing"}], ids=str)
def test_the_same_tags_are_listed(oracle, cadent, parameters):
    (_, theirs), (_, ours) = both(oracle, cadent, "", **parameters)
    assert [{"tag": one["tag"]} for one in theirs] == ours


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("parameters", [{"filter": "web"}, {"filter": "^p"}, {"filter": "tags", "limit": 2}], ids=str)
def test_the_same_values_are_listed(oracle, cadent, tag, parameters):
    (_, theirs), (_, ours) = both(oracle, cadent, tag, **parameters)
    if theirs:
        values = [{"value": one["value"], "count": one["count"]} for one in theirs["values"]]
        theirs = {"tag": theirs["tag"], "values": values}
    assert ours == theirs


@pytest.mark.parametrize("ask", ["findSeries", "autoComplete/values", "findSeries?expr=dc", "autoComplete/tags?expr=dc%3D~("])
def test_the_same_is_refused(oracle, cadent, ask):
    theirs, ours = (web.get(f"/tags/{ask}{'&' if '?' in ask else '?'}limit=1").status for web in (oracle, cadent.web))
    assert (theirs, ours) == (400, 400)


# -- our /tags as graphite-web's tag database ----------------------------------------------------------------------------


def test_graphite_web_takes_our_tags_for_its_own(cadent, on_our_tags):
    for route, parameters in (
        ("", {"filter": "d"}),
        ("dc", {"filter": "p"}),
        ("nothing", {}),
        ("findSeries", {"expr": ["name=~tags.disk", "dc!=rome"]}),
        ("autoComplete/tags", {"expr": ["name=~tags.disk"]}),
        ("autoComplete/values", {"expr": ["name=~tags.disk"], "tag": "host", "valuePrefix": "w"}),
    ):
        theirs, ours = (web.get(f"/tags/{route}", **parameters) for web in (on_our_tags, cadent.web))
        assert (theirs.status, ours.status) == (200, 200)
        assert json.dumps(theirs.json) == json.dumps(ours.json)


def test_a_series_made_in_graphite_web_is_in_cadent(cadent, on_our_tags):
    assert on_our_tags.post("/tags/tagSeries", path="made.there;z=1;a=2").json == "made.there;a=2;z=1"
    assert on_our_tags.post("/tags/tagMultiSeries", path=["made.there;b=1", "made.there;b=2"]).status == 200
    made = ["made.there;a=2;z=1", "made.there;b=1", "made.there;b=2"]
    assert cadent.web.get("/tags/findSeries", expr="name=made.there").json == made

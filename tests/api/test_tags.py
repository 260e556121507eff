"""``/tags``: Graphite's routes, over a folder with some tagged paths."""

import json
from itertools import product

import pytest
from cadent.query.limits import Limits
from folder import NOW, START, Application, write

TOKEN = "correct-horse-battery"
HOSTS = [f"web{number}" for number in range(12)]
SERIES = sorted(
    [f"disk.used;dc={dc};host={host}" for dc, host in product(["paris", "rome"], HOSTS)]
    + ["disk.free;dc=paris;host=web1;rack=r1", "größe;dc=é", "load;a-b=1", "load;a=b/c"]
)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tags")
    write(folder, [f"{path} 1 {START}" for path in [*SERIES, "disk.used", "plain.path"]])
    opened = Application(folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(tagged):
    return tagged.client()


@pytest.fixture
def asked():
    return []


@pytest.fixture
def granted(tagged, asked):
    """A client whose changes are all granted; ``asked`` has them."""

    def grant(header, payload=b""):
        asked.append((header, payload))
        return {}

    return tagged.client(admin_token=TOKEN, call=grant)


def get(client, route, **parameters):
    answer = client.get(route, query_string=parameters)
    assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.text
    return answer.json


def test_tags_are_listed_those_of_tagged_paths_alone(client):
    names = ["a", "a-b", "dc", "host", "name", "rack"]
    for route in ("/tags", "/tags/"):
        assert get(client, route) == [{"tag": tag} for tag in names]
    assert get(client, "/tags", limit=2) == [{"tag": "a"}, {"tag": "a-b"}]
    assert get(client, "/tags", limit=0) == get(client, "/tags")


@pytest.mark.parametrize(("wanted", "tags"), [("a", ["a", "a-b"]), ("^a", ["a", "a-b"]), ("ame", []), ("(h|d)", ["dc", "host"])])
def test_a_filter_is_a_regex_from_the_beginning_on(client, wanted, tags):
    assert get(client, "/tags", filter=wanted) == [{"tag": tag} for tag in tags]


def test_a_tag_is_shown_with_its_values_and_how_many_paths_have_each(client):
    values = [{"value": "paris", "count": 13}, {"value": "rome", "count": 12}, {"value": "é", "count": 1}]
    assert get(client, "/tags/dc") == {"tag": "dc", "values": values}
    assert get(client, "/tags/dc", filter="p|é") == {"tag": "dc", "values": [values[0], values[2]]}
    assert get(client, "/tags/dc", limit=1) == {"tag": "dc", "values": values[:1]}
    assert get(client, "/tags/dc", filter="x") == {"tag": "dc", "values": []}
    assert {one["value"] for one in get(client, "/tags/name")["values"]} == {"disk.free", "disk.used", "größe", "load"}


@pytest.mark.parametrize("route", ["/tags/nothing", "/tags/a/b", "/tags/dc/"])
def test_a_tag_that_no_path_has_is_null(client, route):
    assert get(client, route) is None


@pytest.mark.parametrize("parameter", ["expr", "expr[]"])
@pytest.mark.parametrize(
    ("expressions", "found"),
    [
        (["name=disk.free"], ["disk.free;dc=paris;host=web1;rack=r1"]),
        (["name=disk.used", "host=web1"], ["disk.used;dc=paris;host=web1", "disk.used;dc=rome;host=web1"]),
        (["dc=~(p|r)", "host=~web1$", "rack="], ["disk.used;dc=paris;host=web1", "disk.used;dc=rome;host=web1"]),
        (["host=~.", "rack!=r1", "host!=~web[02-9]", "host!=~web1.$", "dc!=rome"], ["disk.used;dc=paris;host=web1"]),
        (["name=plain.path"], ["plain.path"]),
        (["name=nothing"], []),
        (["a=b/c"], ["load;a=b/c"]),
    ],
)
def test_series_are_found(client, parameter, expressions, found):
    assert get(client, "/tags/findSeries", **{parameter: expressions}) == found
    assert client.post("/tags/findSeries", data={parameter: expressions}).json == found
    assert get(client, "/tags/findSeries", **{parameter: expressions}, limit=1) == found[:1]


def test_completions_without_expressions_are_of_all_tags(client):
    assert get(client, "/tags/autoComplete/tags") == ["a", "a-b", "dc", "host", "name", "rack"]
    assert get(client, "/tags/autoComplete/tags", tagPrefix="a", limit=1) == ["a"]
    assert get(client, "/tags/autoComplete/values", tag="host", valuePrefix="web1") == ["web1", "web10", "web11"]
    assert get(client, "/tags/autoComplete/values", tag="host", limit=3) == ["web0", "web1", "web10"]


def test_completions_are_of_the_paths_that_fit(client):
    assert get(client, "/tags/autoComplete/tags", expr=["name=disk.free"]) == ["dc", "host", "rack"]
    assert get(client, "/tags/autoComplete/tags", expr=["name=disk.free", "dc=paris"], tagPrefix="h") == ["host"]
    assert get(client, "/tags/autoComplete/values", tag="dc", expr=["host=web3"]) == ["paris", "rome"]
    assert get(client, "/tags/autoComplete/values", tag="dc", expr=["host!=web3"], valuePrefix="r") == ["rome"]
    assert get(client, "/tags/autoComplete/values", tag="rack", expr=["name=load"]) == []


def test_grafana_asks_with_times_and_gets_lists(client):
    """As its editor does, GET or POST; what is not there is an empty list."""
    times = {"from": "-1h", "until": "now", "limit": 10_000}
    for ask, key in ((client.get, "query_string"), (client.post, "data")):
        for route, more in (("tags", {"tagPrefix": "nothing"}), ("values", {"tag": "nothing", "valuePrefix": ""})):
            answer = ask(f"/tags/autoComplete/{route}", **{key: {**times, **more, "expr": ["name=nothing"]}})
            assert (answer.status_code, answer.json) == (200, [])


@pytest.mark.parametrize("base_path", ["/graphite", "/", "/a/b"])
def test_completions_are_below_the_base_path_too(tagged, base_path):
    client = tagged.client(base_path=base_path)
    for prefix in ("", base_path.rstrip("/")):
        assert get(client, f"{prefix}/tags/autoComplete/tags", tagPrefix="a") == ["a", "a-b"]
        assert get(client, f"{prefix}/tags/autoComplete/values", tag="a") == ["b/c"]


def test_no_more_completions_than_a_hundred_are_made_unasked(tmp_path):
    write(tmp_path, [f"a;tag{number:03}=v;k=v{number:03} 1 {START}" for number in range(150)])
    opened = Application(tmp_path)
    for route in ("tags", "values"):
        assert len(get(opened.client(), f"/tags/autoComplete/{route}", tag="k")) == 100
        assert len(get(opened.client(), f"/tags/autoComplete/{route}", tag="k", limit=120)) == 120
    opened.close()


@pytest.mark.parametrize(
    ("route", "parameters", "said"),
    [
        ("findSeries", {}, "expr"),
        ("findSeries", {"expr": ["dc"]}, "'dc'"),
        ("findSeries", {"expr": ["dc="]}, "at least one"),
        ("findSeries", {"expr": ["dc=~("]}, "'('"),
        ("findSeries", {"expr": ["dc=~(?!a)b"]}, "look-around"),
        ("findSeries", {"expr": ["dc=a"], "limit": "x"}, "limit=x"),
        ("autoComplete/tags", {"expr": ["dc!=a"]}, "at least one"),
        ("autoComplete/values", {}, "tag"),
        ("autoComplete/values", {"tag": "a;b"}, None),
        ("autoComplete/values", {"tag": "a;b", "expr": ["dc=a"]}, "a;b!="),
        ("", {"filter": "["}, "'['"),
        ("dc", {"filter": "*"}, "'*'"),
    ],
)
def test_what_cannot_be_asked_is_a_400_with_a_sentence(client, route, parameters, said):
    answer = client.get(f"/tags/{route}", query_string=parameters)
    if said is None:
        assert (answer.status_code, answer.json) == (200, [])
        return
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert said in answer.text


def test_more_series_than_the_limit_are_refused(tagged):
    answer = tagged.client(limits=Limits(max_nodes=5)).get("/tags/findSeries", query_string={"expr": "dc=rome"})
    assert answer.status_code == 400
    assert "max_nodes" in answer.text


@pytest.mark.parametrize("route", ["tagSeries", "tagMultiSeries", "delSeries"])
def test_a_get_changes_nothing(granted, asked, route):
    assert granted.get(f"/tags/{route}", query_string={"path": "a;b=c"}).status_code == 405
    assert asked == []


@pytest.mark.parametrize("route", ["", "dc"])
def test_a_post_to_a_list_is_none_of_graphites(client, route):
    assert client.post(f"/tags/{route}").status_code == 405


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("a;c=d;b=e", "a;b=e;c=d"),
        ("a", "a"),
        ('a{c="d",b="e"}', "a;b=e;c=d"),
        (r'a{c="\"x\\"}', 'a;c="x_'),
        ("a;name=x;b=c", "a;b=c"),
    ],
)
def test_a_series_is_made_and_told_in_its_canonical_form(granted, asked, given, canonical):
    assert granted.post("/tags/tagSeries", data={"path": given}).json == canonical
    assert granted.post("/tags/tagMultiSeries", data={"path": [given, "z;k=v"]}).json == [canonical, "z;k=v"]
    assert granted.post("/tags/tagMultiSeries", data={"path[]": [given]}).json == [canonical]
    assert [json.loads(payload) for _, payload in asked] == [[canonical], [canonical, "z;k=v"], [canonical]]
    assert {header["op"] for header, _ in asked} == {"create"}


@pytest.mark.parametrize(
    "path", [None, "", "a;b", "a;=b", "a;b=", "a;b=~c", ";a=b", 'a{b="}', 'a{b="c;d=e"}', 'a{b=c,d="e"}', "a b"]
)
@pytest.mark.parametrize("route", ["tagSeries", "tagMultiSeries", "delSeries"])
def test_what_is_no_series_is_refused(granted, asked, route, path):
    data = {} if path is None else {"path": path}
    answer = granted.post(f"/tags/{route}", data=data, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert asked == []


def test_without_a_writer_nothing_is_made(client):
    for route in ("tagSeries", "tagMultiSeries"):
        assert client.post(f"/tags/{route}", data={"path": "a;b=c"}).status_code == 503


def test_deleting_needs_the_token(tagged, granted, asked):
    given = {"path": "load;a-b=1"}
    assert tagged.client().post("/tags/delSeries", data=given).status_code == 403
    assert granted.post("/tags/delSeries", data=given).status_code == 401
    assert asked == []
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    assert granted.post("/tags/delSeries", data={"path": ["load;a-b=1", "nothing;a=b"]}, headers=allowed).json is True
    ((header, payload),) = asked
    assert header == {"op": "delete"}
    assert len(payload) == 4


def test_a_deletion_takes_a_glob_as_a_name(granted, asked):
    answer = granted.post("/tags/delSeries", data={"path": ["disk.*", "**"]}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json, asked) == (200, True, [])


def test_pretty_answers_say_the_same(client):
    for route in ("/tags", "/tags/dc", "/tags/autoComplete/tags", "/tags/autoComplete/values?tag=dc"):
        plain, pretty = (client.get(f"{route}{'&' if '?' in route else '?'}pretty={pretty}") for pretty in ("", 1))
        assert plain.json == pretty.json
        assert pretty.text.count("\n  ") > plain.text.count("\n") == 0


def test_points_are_found_by_tags(client):
    times = {"from": START - 1, "to": START + 9}
    answer = get(client, "/graphite/metrics", target="seriesByTag('name=disk.used', 'host=web3')", **times)
    assert answer["series"] == {f"disk.used;dc={dc};host=web3": [[1.0, START]] for dc in ("paris", "rome")}
    answer = get(client, "/graphite/metrics", target=["seriesByTag('name=plain.path')", "disk.used"], **times)
    assert list(answer["series"]) == ["plain.path", "disk.used"]


def test_binary_answers_name_the_target_as_it_was_sent(client):
    target = """seriesByTag( "name=disk.used",'host=web3')"""
    parameters = {"target": target, "from": START - 1, "to": START + 9, "format": "binary"}
    body = client.get("/graphite/metrics", query_string=parameters).data
    length = int.from_bytes(body[8:12], "little")
    assert [series["target"] for series in json.loads(body[12 : 12 + length])["series"]] == [target, target]


def test_a_query_by_tags_keeps_the_limit_of_series(tagged):
    limited = tagged.client(limits=Limits(max_series=12), now=NOW)
    assert limited.get("/graphite/metrics", query_string={"target": "seriesByTag('dc=rome')"}).status_code == 200
    refused = limited.get("/graphite/metrics", query_string={"target": ["seriesByTag('dc=rome')", "plain.path"]})
    assert refused.status_code == 400
    assert "max_series" in refused.text

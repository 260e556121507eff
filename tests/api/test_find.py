"""Which paths are listed, over a folder whose paths are known."""

import numpy as np
import pytest
from cadent.index.names import NamesLog
from cadent.query.limits import Limits
from cadent.schema.protocols import NewNames
from folder import NOW, Application, get


def test_a_node_says_what_it_is(client):
    assert get(client, "/graphite/find", query="fast.b*") == [
        {"text": "b", "expandable": 1, "leaf": 0, "id": "fast.b", "path": "fast.b", "allowChildren": 1},
        {"text": "both", "expandable": 1, "leaf": 1, "id": "fast.both", "path": "fast.both", "allowChildren": 1},
    ]


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("*", ["fast", "odd", "slow"]),
        ("fast.?", ["fast.a", "fast.b"]),
        ("fast.[ab].load", ["fast.a.load", "fast.b.load"]),
        ("{fast,slow}.{a,b}.load", ["fast.a.load", "fast.b.load"]),
        ("fast.{a,b}.{load,errors}", ["fast.a.errors", "fast.a.load", "fast.b.load"]),
        ("fast.a.load", ["fast.a.load"]),
        ("fast.*.*", ["fast.a.errors", "fast.a.load", "fast.b.load", "fast.both.below", "fast.many.p1", "fast.many.p2"]),
        ("nowhere.*", []),
        ("fast.a.load.deeper", []),
    ],
)
def test_globs_list_every_match_in_order(client, query, paths):
    assert [node["path"] for node in get(client, "/graphite/find", query=query)] == paths
    assert [node["path"] for node in get(client, "/metrics/find", query=query, format="json")] == paths
    assert get(client, "/graphite/expand", query=query) == {"results": paths}


def test_a_quote_in_a_path_is_still_json(client):
    assert [node["text"] for node in get(client, "/graphite/find", query="fast.qu*")] == ['qu"ote']
    assert [node["id"] for node in get(client, "/metrics/find", query="fast.qu*")] == ['fast.qu"ote']


def test_treejson_has_an_item_for_each_last_name_below_the_patterns_own_base(client):
    assert get(client, "/metrics/find", query="fast.*.load") == [
        {"text": "load", "id": "fast.*.load", "allowChildren": 0, "expandable": 0, "leaf": 1}
    ]


def test_treejson_shows_of_a_node_that_is_both_the_branch(client):
    both = [node for node in get(client, "/metrics/find", query="fast.*") if node["text"] == "both"]
    assert both == [{"text": "both", "id": "fast.both", "allowChildren": 1, "expandable": 1, "leaf": 0}]


def test_tagged_paths_are_not_in_the_tree(client):
    assert [node["path"] for node in get(client, "/graphite/find", query="fast.a.*")] == ["fast.a.errors", "fast.a.load"]


def test_expand_merges_all_queries(client):
    expected = ["fast.a.load", "fast.b.load", "slow.load"]
    for route in ("/graphite/expand", "/metrics/expand"):
        assert get(client, route, query=["slow.*", "fast.*.load", "fast.a.load"]) == {"results": expected}


def test_expand_by_expression(client):
    by_query = get(client, "/metrics/expand", query=["slow.*", "none.*"], groupByExpr="1")
    assert by_query == {"results": {"slow.*": ["slow.load"], "none.*": []}}


def test_expand_can_leave_branches_out(client):
    assert get(client, "/metrics/expand", query="fast.b*", leavesOnly="1") == {"results": ["fast.both"]}
    assert get(client, "/metrics/expand", query="fast.b*", leavesOnly="0") == {"results": ["fast.b", "fast.both"]}


def test_more_nodes_than_allowed_are_refused_with_the_way_out(application):
    client = application.client(limits=Limits(max_nodes=3))
    for route in ("/graphite/find", "/graphite/expand", "/metrics/find", "/metrics/expand"):
        answer = client.get(route, query_string={"query": "fast.*"})
        assert answer.status_code == 400
        assert "fast.*" in answer.text
        assert "raise [query] max_nodes" in answer.text
        assert client.get(route, query_string={"query": "fast.many.*"}).status_code == 200


DAY_S = 86_400


@pytest.fixture(scope="module")
def aging(tmp_path_factory):
    """``old.one`` was seen 20 days before NOW, ``mixed.one`` then and 10 days later, ``mixed.two`` and ``both`` only then."""
    folder = tmp_path_factory.mktemp("aging")
    names = NamesLog.open(folder)
    names.append(first_seen(20, 0, "slow.old.one", "slow.mixed.one", "slow.both.below"))
    names.append(first_seen(10, 3, "slow.mixed.two", "slow.both"))
    names.seen(NOW // DAY_S - 10, np.array([1], np.uint32))
    names.close()
    opened = Application(folder)
    yield opened.client()
    opened.close()


def first_seen(days_ago, first_id, *paths):
    ids = np.arange(first_id, first_id + len(paths), dtype=np.uint32)
    return NewNames("slow", NOW // DAY_S - days_ago, ids, [len(path) for path in paths], "".join(paths).encode())


def between(first, last):
    """Days before NOW."""
    return {"from": NOW - first * DAY_S, "until": NOW - last * DAY_S}


@pytest.mark.parametrize("route", ["/graphite/find", "/graphite/paths", "/metrics/find"])
@pytest.mark.parametrize(
    ("times", "texts"),
    [
        ({}, ["both", "mixed", "old"]),
        ({"from": "-1", "until": "-1"}, ["both", "mixed", "old"]),
        (between(30, 22), []),
        (between(30, 21), ["both", "mixed", "old"]),
        (between(18, 16), ["mixed"]),
        (between(12, 5), ["both", "mixed"]),
        ({"from": "-12d"}, ["both", "mixed"]),
        ({"until": "-18d"}, ["both", "mixed", "old"]),
        ({"from": "-8d"}, []),
        ({"from": "-8d", "to": "-8d"}, []),
    ],
)
def test_a_find_lists_what_was_seen_between_its_times(aging, route, times, texts):
    assert sorted(node["text"] for node in get(aging, route, query="slow.*", **times)) == texts


def test_a_node_is_leaf_and_branch_only_when_it_was(aging):
    def kinds(times):
        (node,) = get(aging, "/graphite/find", query="slow.both", **times)
        return node["leaf"], node["expandable"]

    assert (kinds({}), kinds(between(30, 19)), kinds(between(12, 5))) == ((1, 1), (0, 1), (1, 0))


@pytest.mark.parametrize("route", ["/graphite/find", "/metrics/find"])
@pytest.mark.parametrize("times", [{"from": "soon"}, {"until": "soon"}, between(5, 6), {"from": "-1d", "tz": "Mars"}])
def test_a_find_whose_times_make_no_sense_is_refused(aging, route, times):
    assert aging.get(route, query_string={"query": "slow.*", **times}).status_code == 400


def test_a_path_that_a_find_leaves_out_is_rendered_with_nulls(aging):
    times = {"from": NOW - 300, "until": NOW}
    assert get(aging, "/graphite/find", query="slow.old.*", **times) == []
    (series,) = get(aging, "/render", target="slow.old.*", format="json", **times)
    assert {value for value, _ in series["datapoints"]} == {None}

"""Which paths are listed, over a folder whose paths are known."""

import pytest
from cadent.query.limits import Limits
from folder import get


def test_a_node_says_what_it_is(client):
    assert get(client, "/graphite/find", query="fast.b*") == [
        {"text": "b", "expandable": 1, "leaf": 0, "id": "fast.b", "path": "fast.b", "allowChildren": 1},
        {"text": "both", "expandable": 1, "leaf": 1, "id": "fast.both", "path": "fast.both", "allowChildren": 1},
    ]


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("*", ["fast", "slow"]),
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

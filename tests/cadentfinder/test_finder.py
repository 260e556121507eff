import subprocess
import sys
import types

import cadent
import pytest
from cadent.cadentfinder.errors import NoAnswerError
from cadent.cadentfinder.finder import CadentFinder
from servers import GAP, binary_answer, http

NODES = b"""[
    {"text": "b", "expandable": 1, "leaf": 1, "id": "a.b", "path": "a.b", "allowChildren": 1},
    {"text": "c", "expandable": 1, "leaf": 0, "id": "a.c", "path": "a.c", "allowChildren": 1}
]"""


class Node:
    def __init__(self, path, reader=None):
        self.path = path
        self.reader = reader
        self.is_leaf = reader is not None


class Interval:
    def __init__(self, start, end):
        self.start, self.end = start, end


class InputParameterError(ValueError):
    """Stands for graphite-web's."""


@pytest.fixture
def inside_graphite_web(monkeypatch):
    """The few names of graphite-web that the finder imports; test_graphite_web.py runs the real one."""
    names = {
        "graphite.errors": {"InputParameterError": InputParameterError},
        "graphite.intervals": {"Interval": Interval, "IntervalSet": list},
        "graphite.node": {"BranchNode": Node, "LeafNode": Node},
    }
    monkeypatch.setitem(sys.modules, "graphite", types.ModuleType("graphite"))
    for module, content in names.items():
        monkeypatch.setitem(sys.modules, module, types.SimpleNamespace(**content))


@pytest.fixture
def inside_graphite_api(monkeypatch):
    names = {
        "graphite_api.intervals": {"Interval": Interval, "IntervalSet": list},
        "graphite_api.node": {"BranchNode": Node, "LeafNode": Node},
    }
    monkeypatch.setitem(sys.modules, "graphite_api", types.ModuleType("graphite_api"))
    for module, content in names.items():
        monkeypatch.setitem(sys.modules, module, types.SimpleNamespace(**content))


def finder(server) -> CadentFinder:
    return CadentFinder({"cadent": {"urls": [server.url]}})


def query(pattern: str, start=None, end=None):
    return types.SimpleNamespace(pattern=pattern, startTime=start, endTime=end)


def entry(path: str, target: str, start: int = 60, end: int = 80, step: int = 10) -> dict:
    return {"path": path, "target": target, "start": start, "end": end, "step": step}


def test_the_name_in_users_settings_is_the_finder():
    assert cadent.CadentFinder is CadentFinder


def test_outside_of_a_host_the_finder_says_where_it_belongs():
    with pytest.raises(RuntimeError, match="inside graphite-web or graphite-api"):
        CadentFinder()


def test_a_new_finder_asks_nothing(inside_graphite_web, stand_in):
    server = stand_in(lambda *_: http(NODES))
    finder(server)
    assert server.requests == []


def test_a_path_that_is_leaf_and_branch_is_found_as_both(inside_graphite_web, stand_in):
    found = finder(stand_in(lambda *_: http(NODES))).find_nodes(query("a.*"))
    assert isinstance(found, list)
    assert sorted((node.path, node.is_leaf) for node in found) == [("a.b", False), ("a.b", True), ("a.c", False)]


def test_a_find_of_graphite_web_is_one_of_its_times(inside_graphite_web, stand_in):
    server = stand_in(lambda *_: http(NODES))
    finder(server).find_nodes(query("a.*", 60, 120))
    finder(server).find_nodes(query("a.*", None, 120))
    assert [request.form for request in server.requests] == [
        {"query": ["a.*"], "from": ["60"], "until": ["120"]},
        {"query": ["a.*"], "until": ["120"]},
    ]


def test_a_find_of_graphite_api_lists_silent_paths_too_for_its_graphs_are_made_of_them(inside_graphite_api, stand_in):
    server = stand_in(lambda *_: http(NODES))
    finder(server).find_nodes(query("a.*", 60, 120))
    (request,) = server.requests
    assert request.form == {"query": ["a.*"]}


def test_a_leafs_intervals_hold_all_time_and_ask_nothing(inside_graphite_web, stand_in):
    server = stand_in(lambda *_: http(NODES))
    (leaf,) = (node for node in finder(server).find_nodes(query("a.*")) if node.is_leaf)
    (interval,) = leaf.reader.get_intervals()
    assert interval.start <= 0
    assert interval.end > 4_000_000_000
    assert len(server.requests) == 1


def test_fetch_names_the_pattern_that_each_series_matched(inside_graphite_web, stand_in):
    server = stand_in(lambda *_: http(binary_answer(entry("a.b", "a.*"), entry("a.b", "*.b"), values=[[1, GAP], [1, GAP]])))
    fetched = finder(server).fetch(["*.b", "a.*"], 55, 75, now=80, requestContext={"maxDataPoints": 1})
    shared = {"name": "a.b", "path": "a.b", "time_info": (60, 80, 10), "values": [1.0, None]}
    assert fetched == [{"pathExpression": "a.*", **shared}, {"pathExpression": "*.b", **shared}]
    (request,) = server.requests
    assert "max_points" not in request.form  # consolidation is graphite's


def test_fetch_without_patterns_asks_nothing(inside_graphite_web, stand_in):
    server = stand_in(lambda *_: http(binary_answer(values=[])))
    assert list(finder(server).fetch([], 55, 75)) == []
    assert server.requests == []


def test_a_reader_fetches_its_own_path(inside_graphite_web, stand_in):
    def answer(request, connection):
        return http(NODES) if request.route.endswith("find") else http(binary_answer(entry("a.b", "a.b"), values=[[GAP, 2]]))

    server = stand_in(answer)
    (leaf,) = (node for node in finder(server).find_nodes(query("a.*")) if node.is_leaf)
    assert leaf.reader.fetch(55, 75) == ((60, 80, 10), [None, 2.0])
    assert leaf.reader.fetch(55, 75, 80, {}) == ((60, 80, 10), [None, 2.0])
    assert server.requests[-1].form["target"] == ["a.b"]


def test_a_reader_of_a_path_that_is_gone_has_nothing(inside_graphite_web, stand_in):
    server = stand_in(lambda request, _: http(NODES if request.route.endswith("find") else binary_answer(values=[])))
    (leaf,) = (node for node in finder(server).find_nodes(query("a.*")) if node.is_leaf)
    assert leaf.reader.fetch(55, 75) is None


def test_the_index_walks_the_tree_depth_by_depth(inside_graphite_web, stand_in):
    tree = {
        "*": b'[{"path": "a", "leaf": 1, "expandable": 1}]',
        "*.*": b'[{"path": "a.c", "leaf": 1, "expandable": 0}, {"path": "a.b", "leaf": 1, "expandable": 0}]',
    }
    server = stand_in(lambda request, _: http(tree[request.form["query"][0]]))
    assert finder(server).get_index(requestContext={}) == ["a", "a.b", "a.c"]


def refusing(*_) -> bytes:
    return http(b"pattern 'a[' is not a glob", "400 Bad Request")


def test_a_bad_query_waits_for_graphite_web_to_iterate(inside_graphite_web, stand_in):
    """What the job itself raises is a 500 in graphite-web."""
    asking = finder(stand_in(refusing))
    for result in (asking.find_nodes(query("a[")), asking.fetch(["a["], 55, 75)):
        assert result
        with pytest.raises(InputParameterError, match="is not a glob"):
            list(result)


def test_an_outage_is_raised_within_the_job(inside_graphite_web, stand_in):
    asking = finder(stand_in(lambda *_: None))
    with pytest.raises(NoAnswerError):
        asking.find_nodes(query("*"))
    with pytest.raises(NoAnswerError):
        asking.fetch(["a"], 55, 75)


def test_graphite_apis_batch_is_one_request_on_one_grid(inside_graphite_api, stand_in):
    series = [entry("a", "a", 60, 180, 60), entry("b", "b", 60, 180, 60)]
    server = stand_in(lambda *_: http(binary_answer(*series, values=[[1, GAP], [3, 4]])))
    asking = finder(server)
    assert asking.fetch_multi([Node("a"), Node("b")], 55, 175) == ((60, 180, 60), {"a": [1.0, None], "b": [3.0, 4.0]})
    (request,) = server.requests
    assert request.form["target"] == ["a", "b"]
    assert request.form["align"] == ["1"]


def test_graphite_api_recognises_the_leaves_of_the_batch(inside_graphite_api, stand_in):
    asking = finder(stand_in(lambda *_: http(NODES)))
    keys = {getattr(node, "__fetch_multi__", None) for node in asking.find_nodes(query("a.*")) if node.is_leaf}
    assert keys == {asking.__fetch_multi__}


def test_graphite_apis_batch_of_paths_that_are_gone_is_empty(inside_graphite_api, stand_in):
    _, series = finder(stand_in(lambda *_: http(binary_answer(values=[])))).fetch_multi([Node("a")], 55, 175)
    assert series == {}


def test_a_bad_query_is_a_bad_request_in_graphite_api(inside_graphite_api, stand_in):
    with pytest.raises(ValueError, match="is not a glob") as caught:
        finder(stand_in(refusing)).fetch_multi([Node("a[")], 55, 75)
    assert caught.value.code == 400


def test_graphite_api_goes_before_a_graphite_web_that_is_installed_too(inside_graphite_web, inside_graphite_api, stand_in):
    with pytest.raises(ValueError, match="is not a glob") as caught:
        finder(stand_in(refusing)).fetch_multi([Node("a[")], 55, 75)
    assert not isinstance(caught.value, InputParameterError)


def test_importing_the_package_does_not_import_the_finder():
    code = "import cadent, sys; sys.exit('cadent.cadentfinder' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

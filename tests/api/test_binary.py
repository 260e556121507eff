"""The answer in binary, read as the finder reads it."""

from cadent.cadentfinder.binary import read_series
from folder import RANGE, START, STOP, get, grid, value


def test_it_holds_the_same_values_as_the_json(client):
    answer = client.get("/graphite/metrics", query_string={"target": ["fast.*.load", "slow.*"], "format": "binary", **RANGE})
    assert answer.mimetype == "application/x-cadent-series"
    assert answer.content_length == len(answer.data)
    read = {series.path: series for series in read_series(answer.data)}
    assert {path: (one.target, one.start, one.end, one.step) for path, one in read.items()} == {
        "fast.a.load": ("fast.*.load", START, STOP, 10),
        "fast.b.load": ("fast.*.load", START, STOP, 10),
        "slow.load": ("slow.*", START, STOP, 60),
    }
    assert list(read["fast.a.load"].values) == [value("fast.a.load", at) for at in grid()]
    assert list(read["slow.load"].values) == [float(at - START) for at in grid(START, STOP, 60)]


def test_align_brings_all_to_one_grid(client):
    parameters = {"target": ["fast.*.load", "slow.*"], **RANGE}
    as_json = get(client, "/graphite/metrics", **parameters)
    answer = client.get("/graphite/metrics", query_string={**parameters, "format": "binary", "align": "1"})
    read = read_series(answer.data)
    assert {(one.start, one.end, one.step) for one in read} == {(START, STOP, 60)}
    for one in read:
        assert list(one.values) == [number for number, _ in as_json["series"][one.path]]


def test_a_path_that_two_targets_match_is_there_for_each(client):
    answer = client.get("/graphite/metrics", query_string={"target": ["fast.a.*", "fast.*.load"], "format": "binary", **RANGE})
    pairs_found = [(one.target, one.path) for one in read_series(answer.data)]
    assert pairs_found.count(("fast.a.*", "fast.a.load")) == pairs_found.count(("fast.*.load", "fast.a.load")) == 1


def test_of_nothing_it_is_a_header_alone(client):
    answer = client.get("/graphite/metrics", query_string={"target": "none", "format": "binary", **RANGE})
    assert list(read_series(answer.data)) == []

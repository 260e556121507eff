"""The real graphite-api 1.1.3 over a running ``cadent serve``."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sent import MANY, SLOW_STEP_S, START, STEP_S, STOP, points, send_sample_data, whisper_grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def sent(cadent):
    """All that these tests look for, under ``api.``."""
    return send_sample_data(cadent, "api")


@pytest.fixture
def unpluggable(relays):
    yield relays
    for relay in relays:
        relay.unplug()
        relay.plug_in()


def render(api, *targets: str, **more: object) -> dict[str, list]:
    answer = api.post("/render", target=targets, **{"from": START, "until": STOP, "format": "json", **more})
    return {series["target"]: series["datapoints"] for series in answer.json}


def completions(api, query: str) -> list[tuple[str, int]]:
    return [(node["path"], node["is_leaf"]) for node in api.get("/metrics/find", query=query, format="completer").json["metrics"]]


def test_find_lists_leaves_and_branches(graphite_api):
    assert completions(graphite_api, "api.host?") == [("api.host1.", 0), ("api.host2.", 0)]
    assert sorted(completions(graphite_api, "api.*.cpu.total")) == [("api.host1.cpu.total", 1), ("api.host2.cpu.total", 1)]


def test_a_path_that_is_leaf_and_branch_is_both(graphite_api):
    assert sorted(completions(graphite_api, "api.both")) == [("api.both", 1), ("api.both.", 0)]


def test_the_tree_of_the_browser(graphite_api):
    tree = graphite_api.get("/metrics/find", query="api.host1.*", **{"from": START, "until": STOP}).json
    assert [(node["text"], node["id"], node["leaf"], node["expandable"]) for node in tree] == [
        ("cpu", "api.host1.cpu", 0, 1),
        ("requests", "api.host1.requests", 1, 0),
    ]


def test_series_of_different_steps_come_at_their_common_one(graphite_api, sent):
    rendered = render(graphite_api, "api.host2.cpu.total", "api.slow.*")
    fast = sent["api.host2.cpu.total"]
    minutes = whisper_grid(step_s=SLOW_STEP_S)
    sums = [sum(fast[at + offset] for offset in range(0, SLOW_STEP_S, STEP_S)) for at in minutes]  # a path that ends in total
    assert rendered == {
        "api.host2.cpu.total": [[pytest.approx(total), at] for total, at in zip(sums, minutes, strict=True)],
        "api.slow.load": points(sent["api.slow.load"], step_s=SLOW_STEP_S),
    }


def test_nothing_found_is_an_empty_list(graphite_api):
    assert graphite_api.get("/metrics/find", query="api.nowhere.*").json == []


def test_expand(graphite_api):
    expanded = graphite_api.get("/metrics/expand", query="api.host{1,2}.[c]pu.*").json
    assert expanded == {"results": ["api.host1.cpu.total", "api.host2.cpu.total"]}


def test_render_answers_the_values_that_were_sent_and_null_where_none_was(graphite_api, sent):
    path = "api.host1.cpu.total"
    rendered = render(graphite_api, path)
    assert rendered == {path: points(sent[path])}
    assert None in [value for value, _ in rendered[path]]


@pytest.mark.parametrize("shift", [(0, 0), (1, 1), (-1, -1), (9, 11), (-10, 10)])
def test_the_edges_are_whispers(graphite_api, sent, shift):
    start, stop = START + shift[0], STOP + shift[1]
    rendered = render(graphite_api, "api.host2.cpu.total", **{"from": start, "until": stop})
    assert rendered == {"api.host2.cpu.total": points(sent["api.host2.cpu.total"], start, stop)}


def test_a_path_that_was_silent_all_the_time_is_rendered_with_nulls(graphite_api):
    long_ago = {"from": START - 30 * 86_400, "until": START - 20 * 86_400}
    (datapoints,) = render(graphite_api, "api.host1.cpu.*", **long_ago).values()
    assert {value for value, _ in datapoints} == {None}


def test_a_range_without_data_is_all_null(graphite_api):
    rendered = render(graphite_api, "api.host1.cpu.total", **{"from": START - 3_600, "until": START - 3_000})
    assert rendered == {"api.host1.cpu.total": [[None, time] for time in whisper_grid(START - 3_600, START - 3_000)]}


def test_wildcards_and_braces_in_several_targets(graphite_api, sent):
    paths = ["api.host1.cpu.total", "api.host2.cpu.total", "api.host1.requests"]
    rendered = render(graphite_api, "api.*.cpu.total", "api.host{1,2}.requests")
    assert rendered == {path: points(sent[path]) for path in paths}


def test_functions_work_on_what_was_fetched(graphite_api, sent):
    first, second = points(sent["api.host1.cpu.total"]), points(sent["api.host2.cpu.total"])
    both = [[sum(v for v in (a, b) if v is not None), time] for (a, time), (b, _) in zip(first, second, strict=True)]
    assert render(graphite_api, "alias(sumSeries(api.*.cpu.total), 'both')") == {"both": both}


def test_many_series(graphite_api, sent):
    rendered = render(graphite_api, "api.many.*.value")
    assert len(rendered) == MANY
    assert rendered == {path: points(values) for path, values in sent.items() if path.startswith("api.many.")}


def test_eight_graphs_at_once(graphite_api, sent):
    paths = [f"api.many.s{number:03}.value" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda path: render(graphite_api, path), paths))
    assert answers == [{path: points(sent[path])} for path in paths]


@pytest.mark.parametrize("pattern", ["api.[unclosed", "api.{unclosed"])
def test_a_bad_pattern_is_a_400_with_cadents_sentence(graphite_api, pattern):
    answer = graphite_api.get("/metrics/find", query=pattern)
    assert answer.status == 400
    assert pattern in answer.text


def test_the_second_url_answers_when_the_first_is_gone(graphite_api, unpluggable, sent):
    path = "api.host2.cpu.total"
    for relay in unpluggable:
        relay.unplug()
        assert render(graphite_api, path) == {path: points(sent[path])}
        relay.plug_in()


def test_an_outage_is_an_error_that_names_every_url_and_not_an_empty_graph(graphite_api, unpluggable, sent):
    for relay in unpluggable:
        relay.unplug()
    path = "api.host2.cpu.total"
    for answer in (
        graphite_api.get("/render", target=path, format="json"),
        graphite_api.get("/metrics/find", query=path),
        graphite_api.get("/metrics/expand", query=path),
    ):
        assert answer.status == 500
        assert all(relay.url in answer.text for relay in unpluggable)
    unpluggable[0].plug_in()
    assert render(graphite_api, path) == {path: points(sent[path])}

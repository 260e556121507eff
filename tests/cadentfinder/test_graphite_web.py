"""The real graphite-web 1.1.10 over a running ``cadent serve``."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from programs import Web
from sent import MANY, SLOW_STEP_S, START, STOP, points, send_sample_data, whisper_grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def sent(cadent):
    """All that these tests look for, under ``web.``."""
    return send_sample_data(cadent, "web")


@pytest.fixture
def unpluggable(relays):
    yield relays
    for relay in relays:
        relay.unplug()
        relay.plug_in()


def render(web, *targets: str, **more: object) -> dict[str, list]:
    answer = web.post("/render", target=targets, **{"from": START, "until": STOP, "format": "json", **more})
    return {series["target"]: series["datapoints"] for series in answer.json}


def find(web, query: str) -> list[tuple[str, bool]]:
    return [(node["path"], node["is_leaf"]) for node in web.get("/metrics/find", query=query, format="json").json]


def test_find_lists_leaves_and_branches(graphite_web):
    assert find(graphite_web, "web.host?") == [("web.host1", False), ("web.host2", False)]
    assert find(graphite_web, "web.*.cpu.total") == [("web.host1.cpu.total", True), ("web.host2.cpu.total", True)]


def test_a_path_that_is_leaf_and_branch_is_both(graphite_web):
    assert sorted(find(graphite_web, "web.both")) == [("web.both", False), ("web.both", True)]
    assert find(graphite_web, "web.both.*") == [("web.both.below", True)]


def test_the_tree_of_the_browser(graphite_web):
    tree = graphite_web.get("/metrics/find", query="web.host1.*", **{"from": START, "until": STOP}).json
    assert [(node["text"], node["id"], node["leaf"], node["expandable"]) for node in tree] == [
        ("cpu", "web.host1.cpu", 0, 1),
        ("requests", "web.host1.requests", 1, 0),
    ]


def test_nothing_found_is_an_empty_list(graphite_web):
    assert find(graphite_web, "web.nowhere.*") == []


def test_expand(graphite_web):
    expanded = graphite_web.get("/metrics/expand", query="web.host{1,2}.[c]pu.*").json
    assert expanded == {"results": ["web.host1.cpu.total", "web.host2.cpu.total"]}


def test_the_index_holds_every_path(graphite_web, sent):
    index = graphite_web.get("/metrics/index.json").json
    assert set(sent) <= set(index)


def test_render_answers_the_values_that_were_sent_and_null_where_none_was(graphite_web, sent):
    path = "web.host1.cpu.total"
    rendered = render(graphite_web, path)
    assert rendered == {path: points(sent[path])}
    assert None in [value for value, _ in rendered[path]]


def test_the_samples_of_one_window_are_folded_by_the_paths_statistic(graphite_web, sent):
    assert render(graphite_web, "web.host1.requests") == {"web.host1.requests": points(sent["web.host1.requests"])}


@pytest.mark.parametrize("shift", [(0, 0), (1, 1), (-1, -1), (9, 11), (-10, 10)])
def test_the_edges_are_whispers(graphite_web, sent, shift):
    start, stop = START + shift[0], STOP + shift[1]
    rendered = render(graphite_web, "web.host2.cpu.total", **{"from": start, "until": stop})
    assert rendered["web.host2.cpu.total"] == points(sent["web.host2.cpu.total"], start, stop)
    assert [time for _, time in rendered["web.host2.cpu.total"]] == list(whisper_grid(start, stop))


def test_numbers_keep_every_bit(graphite_web, sent):
    for path in ("web.number.large", "web.number.small", "web.number.third"):
        assert render(graphite_web, path) == {path: points(sent[path])}


@pytest.mark.parametrize("ask", [Web.get, Web.post])
def test_a_find_leaves_out_what_was_silent_and_a_graph_shows_nulls(graphite_web, ask):
    long_ago = {"from": START - 30 * 86_400, "until": START - 20 * 86_400}
    pattern = "web.host1.cpu.*"
    now = {"from": START, "until": STOP}
    assert [node["text"] for node in ask(graphite_web, "/metrics/find", query=pattern, **now).json] == ["total"]
    assert ask(graphite_web, "/metrics/find", query=pattern, **long_ago).json == []
    assert ask(graphite_web, "/metrics/find", query="web.*", **long_ago).json == []
    (datapoints,) = render(graphite_web, pattern, **long_ago).values()
    assert {value for value, _ in datapoints} == {None}


def test_a_range_without_data_is_all_null(graphite_web):
    rendered = render(graphite_web, "web.host1.cpu.total", **{"from": START - 3_600, "until": START - 3_000})
    assert rendered == {"web.host1.cpu.total": [[None, time] for time in whisper_grid(START - 3_600, START - 3_000)]}


def test_wildcards_and_braces_in_several_targets(graphite_web, sent):
    paths = ["web.host1.cpu.total", "web.host2.cpu.total", "web.host1.requests"]
    rendered = render(graphite_web, "web.*.cpu.total", "web.host{1,2}.requests")
    assert rendered == {path: points(sent[path]) for path in paths}


def test_a_path_that_two_targets_match_comes_for_each(graphite_web):
    answer = graphite_web.post(
        "/render", target=["web.host1.*", "web.*.requests"], format="json", **{"from": START, "until": STOP}
    ).json
    assert [series["target"] for series in answer] == ["web.host1.requests"] * 2


def test_functions_work_on_what_was_fetched(graphite_web, sent):
    first, second = points(sent["web.host1.cpu.total"]), points(sent["web.host2.cpu.total"])
    both = [[sum(v for v in (a, b) if v is not None), time] for (a, time), (b, _) in zip(first, second, strict=True)]
    assert render(graphite_web, "alias(sumSeries(web.*.cpu.total), 'both')") == {"both": both}


def test_series_of_different_steps_keep_their_own(graphite_web, sent):
    rendered = render(graphite_web, "web.host2.cpu.total", "web.slow.*")
    assert rendered == {
        "web.host2.cpu.total": points(sent["web.host2.cpu.total"]),
        "web.slow.load": points(sent["web.slow.load"], step_s=SLOW_STEP_S),
    }


def test_a_function_over_different_steps_answers_at_their_common_one(graphite_web):
    (rendered,) = render(graphite_web, "sumSeries(web.host2.cpu.total,web.slow.load)").values()
    assert {later - at for (_, at), (_, later) in pairwise(rendered)} == {SLOW_STEP_S}
    assert all(value is not None for value, _ in rendered)


def test_many_series(graphite_web, sent):
    rendered = render(graphite_web, "web.many.*.value")
    assert len(rendered) == MANY
    assert rendered == {path: points(values) for path, values in sent.items() if path.startswith("web.many.")}


def test_eight_graphs_at_once(graphite_web, sent):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: render(graphite_web, f"web.many.s{number:03}.value"), range(40)))
    assert answers == [{path: points(sent[path])} for path in (f"web.many.s{number:03}.value" for number in range(40))]


@pytest.mark.parametrize("pattern", ["web.[unclosed", "web.{unclosed"])
def test_a_bad_pattern_is_a_400_with_cadents_sentence(graphite_web, pattern):
    answer = graphite_web.get("/metrics/find", query=pattern)
    assert answer.status == 400
    assert pattern in answer.text


def test_the_second_url_answers_when_the_first_is_gone(graphite_web, unpluggable, sent):
    path = "web.host2.cpu.total"
    for relay in unpluggable:
        relay.unplug()
        assert render(graphite_web, path) == {path: points(sent[path])}
        assert find(graphite_web, path) == [(path, True)]
        relay.plug_in()


def test_an_outage_is_an_error_that_names_every_url_and_not_an_empty_graph(graphite_web, unpluggable, sent):
    for relay in unpluggable:
        relay.unplug()
    path = "web.host2.cpu.total"
    for answer in (
        graphite_web.get("/render", target=path, format="json"),
        graphite_web.get("/metrics/find", query=path),
        graphite_web.get("/metrics/expand", query=path),
    ):
        assert answer.status == 500
        assert all(relay.url in answer.text for relay in unpluggable)
    unpluggable[0].plug_in()
    assert render(graphite_web, path) == {path: points(sent[path])}


def test_the_finder_brought_nothing_along(graphite_web_bin):
    """graphite-web's environment holds neither numpy nor Flask, and the finder was installed without a compiler."""
    environment = graphite_web_bin.parent
    installed = {folder.name for folder in environment.glob("lib/python3*/site-packages/*")}
    assert "cadent" in installed
    assert installed & {"numpy", "flask", "orjson"} == set()
    assert not list(environment.glob("lib/python3*/site-packages/cadent/**/*.so"))


PATTERNS = [
    "*",
    "web.*",
    "web.host?",
    "web.host1.*",
    "web.*.cpu",
    "web.*.cpu.total",
    "web.host{1,2}.cpu.total",
    "web.host{1,2}.{cpu,requests}",
    "web.{host1,both}",
    "web.both",
    "web.both.*",
    "web.host1.cpu.total",
    "web.many.s00[0-3].value",
    "web.nowhere.*",
    "web.host1.cpu.total.deeper",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_cadents_own_tree_is_what_graphite_web_makes_of_it(cadent, graphite_web, pattern):
    """Cadent can be asked directly too, and then answers as graphite-web would."""
    asked = {"query": pattern, "format": "treejson", "from": START, "until": STOP}
    ours, theirs = (web.get("/metrics/find", **asked).json for web in (cadent.web, graphite_web))
    words = ("text", "id", "allowChildren", "expandable", "leaf")
    assert [{word: node[word] for word in words} for node in theirs] == ours


@pytest.mark.parametrize("flags", [{}, {"leavesOnly": 1}, {"groupByExpr": 1}, {"leavesOnly": 1, "groupByExpr": 1}], ids=str)
def test_cadents_own_expand_is_graphite_webs(cadent, graphite_web, flags):
    for pattern in PATTERNS[1:]:
        asked = {"query": [pattern, "web.host1.*"], **flags}
        assert cadent.web.get("/metrics/expand", **asked).json == graphite_web.get("/metrics/expand", **asked).json


@pytest.mark.parametrize(
    "target", ["web.*.cpu.total", "web.host1.requests", "web.number.*", "web.many.s00[0-3].value", "web.none"]
)
def test_cadents_own_render_is_graphite_webs(cadent, graphite_web, target):
    asked = {"target": [target], "from": START, "until": STOP, "format": "json"}
    ours, theirs = (web.get("/render", **asked).json for web in (cadent.web, graphite_web))
    assert [(one["target"], one["datapoints"]) for one in ours] == [(one["target"], one["datapoints"]) for one in theirs]
    assert [one["tags"] for one in ours] == [{"name": one["tags"]["name"]} for one in theirs]


def test_cadent_says_the_version_whose_answers_it_gives(cadent, graphite_web):
    assert cadent.web.get("/version").text.strip('"') == graphite_web.get("/version").text.strip().strip('"')

"""A dashboard of 37 panels, as people draw their hosts and services, asked for as Grafana's Graphite data source asks."""

import json
import math
import re
import time
from itertools import product
from pathlib import Path

import hosts
import pytest
from programs import eventually

FILE = Path(__file__).parent / "dashboards" / "hosts.json"
DASHBOARD = json.loads(FILE.read_text())

STEP_S = 10
STOP = int(time.time()) // 600 * 600 - 600
START = STOP - 2_400
WINDOW = {"from": STOP - 1_200, "until": STOP - 1}

HOSTS, CORES, MOUNTS, DEVICES, SERVICES = ("web-1", "web-2"), (0, 1), ("root", "home"), ("sda", "sdb"), ("shop", "search")
GAUGES = [
    *(f"collectd.{host}.load.load.{term}" for host, term in product(HOSTS, ("shortterm", "midterm"))),
    *(
        f"collectd.{host}.cpu-{core}.cpu-{state}"
        for host, core, state in product(HOSTS, CORES, ("user", "system", "wait", "idle", "steal"))
    ),
    *(f"collectd.{host}.memory.memory-{kind}" for host, kind in product(HOSTS, ("used", "free", "cached", "buffered"))),
    *(f"collectd.{host}.df-{mount}.df_complex-{kind}" for host, mount, kind in product(HOSTS, MOUNTS, ("used", "free"))),
    *(f"stats.timers.web.{service}.response.{kind}" for service, kind in product(SERVICES, ("mean", "upper_90", "upper_99"))),
    *(
        f"stats.counters.web.{service}.{kind}"
        for service, kind in product(SERVICES, ("requests.rate", "requests.count", "errors.rate"))
    ),
    *(f"stats.gauges.web.{service}.workers" for service in SERVICES),
    *(f"queue.length;dc={dc};host={host}" for dc, host in (("east", "a"), ("east", "b"), ("west", "c"))),
]
COUNTERS = [
    *(f"collectd.{host}.nginx.requests" for host in HOSTS),
    *(
        f"collectd.{host}.disk-{disk}.{kind}"
        for host, disk, kind in product(HOSTS, DEVICES, ("disk_octets.read", "disk_octets.write", "disk_ops.write"))
    ),
    *(
        f"collectd.{host}.interface-eth0.{kind}"
        for host, kind in product(HOSTS, ("if_octets.rx", "if_octets.tx", "if_dropped.rx"))
    ),
]


def lines():
    for number, path in enumerate(GAUGES, 1):
        yield from (f"{path} {10 + number % 7 + at // STEP_S % 5} {at}" for at in range(START, STOP, STEP_S))
    for number, path in enumerate(COUNTERS, 1):
        yield from (f"{path} {number * (at - START)} {at}" for at in range(START, STOP, STEP_S))


@pytest.fixture(scope="module", autouse=True)
def sent(cadent):
    cadent.send(list(lines()))
    last = {"target": COUNTERS[-1], "from": STOP - 2 * STEP_S, "to": STOP}
    eventually(lambda: str(STOP - STEP_S) in cadent.web.get("/graphite/metrics", **last).text, "the points are shown")
    eventually(lambda: all(len(found(cadent.web, "collectd.*")) == 2 for _ in range(20)), "all workers know the hosts")


# -- what Grafana does ---------------------------------------------------------------------------------------------------


def found(web, query):
    """What the data source finds for a variable: the request's times in the URL, the query in the body as it is."""
    answer = web.ask(f"/metrics/find?from={WINDOW['from']}&until={WINDOW['until']}", f"query={query}".encode())
    return [node["text"] for node in answer.json]


def tag_values(web, tag, expression):
    return web.get("/tags/autoComplete/values", tag=tag, expr=expression, limit=10_000, valuePrefix="").json


def variables(web):
    """The text that stands for each variable with all of its values chosen."""
    chosen = {}
    for one in DASHBOARD["templating"]["list"]:
        if one["type"] == "query":
            chosen[one["name"]] = one.get("allValue") or either(values_of(web, one, chosen))
        elif one["type"] == "interval":
            chosen[one["name"]] = one["current"]["value"]
    return chosen


def values_of(web, variable, chosen):
    query = filled(variable["query"], chosen)
    by_tag = re.fullmatch(r"tag_values\((\w+), ?(.*)\)", query)
    texts = tag_values(web, *by_tag.groups()) if by_tag else found(web, query)
    pattern = variable.get("regex", "").strip("/")
    return sorted({match[match.re.groups] for text in texts if (match := re.search(pattern or "^.*$", text))})


def either(values):
    return values[0] if len(values) == 1 else f"{{{','.join(values)}}}"


def filled(text, chosen):
    """A regular expression of a tag has its alternatives in brackets."""
    text = re.sub(r"(=~)\$(\w+)", lambda found: f"{found[1]}{as_regex(chosen[found[2]])}", text)
    return re.sub(r"\$(\w+)", lambda found: chosen[found[1]], text)


def as_regex(values):
    return f"({values[1:-1].replace(',', '|')})" if values.startswith("{") else values


def panels():
    for panel in DASHBOARD["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def targets(panel, chosen):
    """By ref: variables filled in, and other targets of the panel in the place of ``#A``."""
    texts = {one["refId"]: filled(one["target"], chosen) for one in panel["targets"]}
    for ref, text in texts.items():
        texts[ref] = re.sub(r"#([A-Z])", lambda found: texts[found[1]], text)
    return texts


def wrapped(ref, target):
    return f'aliasSub({target}, "(^.*$)", "\\1 {ref}")'


def drawn(web, panel, most=300):
    """The series of a panel by ref."""
    asked = [wrapped(*one) for one in targets(panel, variables(web)).items()]
    answer = web.post("/render", target=asked, format="json", maxDataPoints=most, **WINDOW)
    by_ref = {one["refId"]: [] for one in panel["targets"]}
    for series in answer.json:
        name, _, ref = series["target"].rpartition(" ")
        by_ref[ref].append((name, series["datapoints"]))
    return by_ref


PANELS = {panel["title"]: panel for panel in panels()}

# -- the tests -----------------------------------------------------------------------------------------------------------


def test_it_is_a_dashboard_as_large_as_people_have_them():
    assert len(PANELS) >= 30
    assert sum(len(panel["targets"]) for panel in PANELS.values()) >= 45


def test_variables_find_what_there_is(cadent):
    assert variables(cadent.web) == {
        "host": "*",
        "mount": "{home,root}",
        "service": "{search,shop}",
        "dc": "{east,west}",
        "interval": "5min",
    }


@pytest.mark.parametrize("title", PANELS)
def test_every_target_of_a_panel_shows_values(cadent, title):
    for ref, series in drawn(cadent.web, PANELS[title]).items():
        assert series, ref
        assert any(value is not None for _, points in series for value, _ in points), ref


@pytest.mark.parametrize(
    ("title", "ref", "names"),
    [
        ("load", "A", ["web-1", "web-2"]),
        ("load", "B", ["web-1.midterm", "web-2.midterm"]),
        ("requests", "A", ["requests/s"]),
        ("requests", "B", ["smoothed"]),
        ("errors", "C", ["error share"]),
        ("cpu of all", "A", ["web-1", "web-2"]),
        ("idle below", "A", ["core 0", "core 1", "core 0", "core 1"]),
        ("memory", "C", ["both"]),
        ("used by host", "A", ["web-1", "web-2"]),
        ("space used", "A", ["web-1.df-home", "web-1.df-root", "web-2.df-home", "web-2.df-root"]),
        ("in and out", "A", ["web-1.rx", "web-1.tx", "web-2.rx", "web-2.tx"]),
        ("as last hour", "C", ["difference"]),
        ("limit", "A", ["limit"]),
        ("percentiles", "A", ["mean", "upper_90", "upper_99"] * 2),
        ("summary", "A", [f'summarize(stats.counters.web.{one}.requests.count, "5min", "sum")' for one in ("search", "shop")]),
        ("tagged by data centre", "A", ["queue.length;dc=east", "queue.length;dc=west"]),
        ("tagged hosts", "A", ["east.a", "east.b", "west.c"]),
    ],
)
def test_series_have_the_names_that_a_reader_expects(cadent, title, ref, names):
    assert sorted(name for name, _ in drawn(cadent.web, PANELS[title])[ref]) == sorted(names)


def test_a_counter_is_shown_as_its_rate(cadent):
    """The n-th counter grows by n a second."""
    rate = sum(number for number, path in enumerate(COUNTERS, 1) if path.endswith("nginx.requests"))
    ((_, points),) = drawn(cadent.web, PANELS["requests"])["A"]
    assert {value for value, _ in points if value is not None} == {float(rate)}


@pytest.mark.slow
def test_graphite_web_draws_the_same(cadent, graphite_web_bin, tmp_path):
    """With as many points as there are: fewer may come from coarser points than those that graphite-web reads."""
    program, oracle = hosts.graphite_web(graphite_web_bin, tmp_path, [f"http://127.0.0.1:{cadent.http_port}/graphite"])
    try:
        chosen = variables(cadent.web)
        asked = [wrapped(ref, text) for panel in PANELS.values() for ref, text in targets(panel, chosen).items()]
        for target in asked:
            ours, theirs = (
                web.post("/render", target=target, format="json", maxDataPoints=10_000, **WINDOW).json
                for web in (cadent.web, oracle)
            )
            assert [(one["target"], one["tags"]) for one in ours] == [(one["target"], one["tags"]) for one in theirs]
            for one, other in zip(ours, theirs, strict=True):
                assert_same(one["datapoints"], other["datapoints"], target)
    finally:
        program.stop()


def assert_same(points, others, target):
    assert [at for _, at in points] == [at for _, at in others], target
    for (value, _), (other, _) in zip(points, others, strict=True):
        assert (value is None) == (other is None), target
        assert value is None or math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12), target

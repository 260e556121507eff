"""Fewer points than there are slots, with coarser reads on: what is shown is what plain arithmetic over all samples gives.

Where a function does not allow it, the answer is that of a service with coarser reads off, byte by byte.
"""

import math
from collections import defaultdict

import pytest
import samples

pytestmark = pytest.mark.slow

ASKED = {"from": "-1h", "until": "now", "now": samples.NOW, "format": "json"}


@pytest.fixture(scope="module")
def sent():
    """time -> value of each path."""
    found = defaultdict(dict)
    for path, value, at in samples.lines():
        found[path][at] = value
    return found


def shown(service, target, points):
    """The one series of ``target``: value by time, and the step."""
    (series,) = service.web.post("/render", target=target, maxDataPoints=points, **ASKED).json
    times = [at for _, at in series["datapoints"]]
    assert len(times) <= points
    return {at: value for value, at in series["datapoints"]}, times[1] - times[0]


def within(values, at, step_s):
    return [value for time, value in values.items() if at <= time < at + step_s]


def mean(values):
    return math.fsum(values) / len(values)


ONE = [
    ("{}", "d.host1.cpu.user", mean),
    ("{}", "d.host3.cpu.user", mean),
    ("alias({},'x')", "d.host2.cpu.user", mean),
    ("consolidateBy({},'max')", "d.host2.cpu.user", max),
    ("consolidateBy({},'min')", "d.host2.cpu.user", min),
    ("consolidateBy({},'sum')", "d.host1.requests", sum),
    ("consolidateBy(scale({},10),'max')", "d.host2.cpu.user", lambda values: 10 * max(values)),
    ("consolidateBy(scale({},-10),'max')", "d.host2.cpu.user", lambda values: -10 * min(values)),
    ("scale(consolidateBy({},'min'),-10)", "d.host2.cpu.user", lambda values: -10 * max(values)),
    ("offset({},3)", "d.sign.mixed", lambda values: mean(values) + 3),
    ("consolidateBy(offset({},3),'max')", "d.sign.mixed", lambda values: max(values) + 3),
    ("{}", "d.peaks.upper", max),
    ("{}", "d.peaks.lower", min),
    ("alias(scale({},2),'x')", "d.peaks.upper", lambda values: 2 * max(values)),
]


@pytest.mark.parametrize(("target", "path", "reduce"), ONE, ids=str)
@pytest.mark.parametrize("points", [7, 50, 119, 300])
def test_one_path(coarse, sent, target, path, reduce, points):
    values, step_s = shown(coarse, target.format(path), points)
    assert step_s > 10
    for at, value in values.items():
        those = within(sent[path], at, step_s)
        assert value == (pytest.approx(reduce(those), rel=1e-12) if those else None)


@pytest.mark.parametrize("points", [7, 50, 119])
@pytest.mark.parametrize(
    ("target", "reduce", "combine"),
    [
        ("sumSeries({0},{1})", mean, sum),
        ("averageSeries({0},{1})", mean, mean),
        ("diffSeries({0},{1})", mean, lambda pair: pair[0] - pair[1]),
        ("consolidateBy(maxSeries({0},{1}),'max')", max, max),
        ("consolidateBy(minSeries({0},{1}),'min')", min, min),
    ],
    ids=str,
)
def test_two_paths(coarse, sent, target, reduce, combine, points):
    paths = "d.host1.cpu.user", "d.host1.cpu.system"
    values, step_s = shown(coarse, target.format(*paths), points)
    for at, value in values.items():
        pair = [reduce(within(sent[path], at, step_s)) for path in paths]
        assert value == pytest.approx(combine(pair), rel=1e-12)


def test_a_peak_survives_zooming_out(coarse, exact, sent):
    """graphite-web averages it away: a single sample among many."""
    path = "d.peaks.upper"
    peak = max(value for at, value in sent[path].items() if at > samples.NOW - 3_600)
    assert max(value for value in shown(coarse, path, 20)[0].values() if value is not None) == peak
    assert max(value for value in shown(exact, path, 20)[0].values() if value is not None) < peak


EXACT = [
    "derivative(d.counter.steady)",
    "nonNegativeDerivative(d.counter.gaps)",
    "perSecond(d.counter.resets)",
    "integral(d.host1.cpu.user)",
    "movingAverage(d.host2.cpu.user,5)",
    "summarize(d.host1.cpu.user,'5min')",
    "hitcount(d.host1.requests,'5min')",
    "transformNull(d.host3.cpu.user)",
    "keepLastValue(d.host3.cpu.user)",
    "absolute(d.sign.mixed)",
    "maxSeries(d.host1.cpu.user,d.host2.cpu.user)",
    "consolidateBy(sumSeries(d.host1.cpu.user,d.host2.cpu.user),'max')",
    "sumSeries(consolidateBy(d.host1.cpu.user,'max'),d.host2.cpu.user)",
    "scale(derivative(d.counter.steady),2)",
    "derivative(scale(d.counter.steady,2))",
    "consolidateBy(d.host1.cpu.user,'last')",
    "consolidateBy(d.host1.cpu.user,'sum')",
    "d.host1.requests",
    "sortByMaxima(d.host*.cpu.user)",
    "percentileOfSeries(d.host*.cpu.user,50)",
    "removeAboveValue(d.host1.cpu.user,50)",
    "timeShift(derivative(d.counter.steady),'30min')",
]


@pytest.mark.parametrize("target", EXACT)
@pytest.mark.parametrize("points", [50, 300, 1_000])
def test_what_needs_every_point_gets_it(coarse, exact, target, points):
    ours, theirs = (one.web.post("/render", target=target, maxDataPoints=points, **ASKED).body for one in (coarse, exact))
    assert ours == theirs
    assert b"datapoints" in ours


def test_a_graph_that_is_drawn_beside_one_of_all_points_is_not_thinned_again(coarse):
    """Both have as many points as each would have alone."""
    targets = ["sumSeries(d.host*.cpu.user)", "derivative(d.counter.steady)"]
    asked = {**ASKED, "from": samples.NOW - 3_003, "maxDataPoints": 100}
    together = coarse.web.post("/render", target=targets, **asked).json
    alone = [coarse.web.post("/render", target=target, **asked).json[0] for target in targets]
    assert together == alone
    assert min(len(one["datapoints"]) for one in together) > 90


def test_what_needs_no_fewer_points_is_the_same(coarse, exact):
    target = "sumSeries(d.host*.cpu.user)"
    ours, theirs = (one.web.post("/render", target=target, maxDataPoints=360, **ASKED).body for one in (coarse, exact))
    assert ours == theirs

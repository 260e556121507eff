"""What no graph can be made of, asked of a running service: a sentence, soon, in little memory, from a worker that goes on."""

import re
import time
from pathlib import Path

import processes
import pytest
from programs import Cadent, eventually

STEP_S = 10
MANY, MORE = 1_000, 20_000
LONG = "a" * 100
# A worker may come to so much: what the series of a query may hold, and what functions take beside them.
MOST_MEMORY_KB = 1_500_000
SOON_S = 20  # most take milliseconds; machines that test are busy

HOUR = {"from": "-1h"}
CENTURY = {"from": "-100y"}
DIGITS = "9" * 5_000


@pytest.fixture(scope="module")
def bounded(tmp_path_factory):
    """A running service whose queries may ask for less than is usual. In it are bounds.one, bounds.many.n0 to n999 with a value
    each, bounds.more.n0 to n19999, and two paths with long names, one with a tag."""
    folder = tmp_path_factory.mktemp("bounded")
    file = folder / "cadent.toml"
    file.write_text("[query]\nmax_series = 10000\nmax_points = 2000000\n")
    service = Cadent(folder, "--config", file)
    try:
        service.wait()
        service.send(list(lines()))
        eventually(lambda: all(is_there(service.web) for _ in range(20)), "all workers know all paths")
        yield service
    finally:
        service.stop()


def lines():
    at = int(time.time()) // STEP_S * STEP_S - 600
    yield from (f"bounds.one {number} {at + STEP_S * number}" for number in range(50))
    yield from (f"{path} 1 {at}" for path in (f"bounds.long.{LONG}", f"bounds_{LONG};host=a"))
    yield from (f"bounds.more.n{number} 1 {at}" for number in range(MORE))
    yield from (f"bounds.many.n{number} {number} {at}" for number in range(MANY))


def is_there(web):
    return web.get("/metrics/expand", query=f"bounds.more.n{MORE - 1}").json["results"] and len(ordinary(web)) == MANY


def ordinary(web):
    """A query as any other, which is worked on each time."""
    return web.post("/render", target="bounds.many.*", format="json", maxDataPoints=10, noCache=1, **HOUR).json


def peak_memory_kb(pid):
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1])


@pytest.fixture(autouse=True)
def workers_that_go_on(bounded):
    """Whatever a test asks: the same processes answer the next query, and none has grown without bound."""
    before = processes.api_of(bounded)
    yield
    assert len(ordinary(bounded.web)) == MANY
    assert processes.api_of(bounded) == before
    assert max(map(peak_memory_kb, before[1])) < MOST_MEMORY_KB


def asked(bounded, *targets, **parameters):
    """What /render answers to a form; soon."""
    began = time.monotonic()
    answer = bounded.web.post("/render", target=targets, **{"format": "json", **HOUR, **parameters})
    assert time.monotonic() - began < SOON_S
    return answer


def assert_sentence(answer, *words):
    assert 400 <= answer.status < 500, answer.text[:300]
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 0 < len(answer.text) < 20_000
    for word in words:
        assert word in answer.text


def assert_no_failure(answer):
    """A sentence, or what Graphite makes of it."""
    if answer.status != 200:
        assert_sentence(answer)


# -- targets that mean nothing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("noSuchFunction(bounds.one)", "noSuchFunction"),
        ("sumSerie(bounds.one)", "sumSeries"),
        ("__import__('os')", "__import__"),
        ("scale(bounds.one)", "factor"),
        ("scale(bounds.one,1,2)", "2 arguments"),
        ("scale(bounds.one,'a')", "factor='a'"),
        ("scale(1,2)", "seriesList"),
        ("scale(bounds.one,nothing=1)", "nothing"),
        ("alias(bounds.one,bounds.one)", "newName"),
        ("sumSeries()", "seriesLists"),
        ("movingWindow(bounds.one,10,'nothing')", "nothing"),
        ("groupByNode(bounds.many.*,1,'nothing')", "nothing"),
        ("filterSeries(bounds.many.*,'max','~',1)", "~"),
        ("consolidateBy(bounds.one,'nothing')", "nothing"),
        ("summarize(bounds.one,'0s')", "0s"),
        ("summarize(bounds.one,'-1h')", "-1h"),
        ("hitcount(bounds.one,'nothing')", "nothing"),
        ("timeShift(bounds.one,'nothing')", "nothing"),
        ("verticalLine('nothing')", "nothing"),
        ("log(bounds.one,0)", "base=0"),
        ("sin('x',1,0)", "step=0"),
        ("randomWalk('x',-5)", "step=-5"),
        ("timeFunction('x',0)", "step=0"),
        ("stdev(bounds.one,-1)", "points=-1"),
        ("nPercentile(bounds.one,1e300)", "1e+300"),
        ("seriesByTag('a~b')", "'a~b'"),
        ("seriesByTag('name')", "'name'"),
        ("seriesByTag('name!=bounds')", "at least one"),
        ("seriesByTag('name=~(')", "'('"),
        ("bounds.one;half", "bounds.one;half"),
        ("bounds.\0one", "\\x00"),
    ],
)
def test_a_target_that_means_nothing_is_refused_by_name(bounded, target, word):
    assert_sentence(asked(bounded, target), word)


@pytest.mark.parametrize(
    "target", ["scale(bounds.one", "scale bounds.one)", "bounds..one", "'bounds.one'", "(((", "template(", "\\"]
)
def test_a_target_that_cannot_be_read_is_refused(bounded, target):
    assert_sentence(asked(bounded, target))


# -- regular expressions -------------------------------------------------------------------------------------------------

BY_REGEX = [
    "grep(bounds.many.*,'{}')",
    "exclude(bounds.many.*,'{}')",
    "aliasSub(bounds.many.*,'{}','')",
    "seriesByTag('name=~{}')",
]


@pytest.mark.parametrize("target", BY_REGEX)
@pytest.mark.parametrize(
    "regex", ["(", "[", "*", "(?P<", "a{2,1}", "(?=b)", "(" * 5_000, "(a|b)*" * 5_000, "((a{0,99}){0,99}){0,99}"]
)
def test_a_bad_regex_is_refused(bounded, target, regex):
    assert_sentence(asked(bounded, target.format(regex)), "regex")


@pytest.mark.parametrize("target", BY_REGEX)
@pytest.mark.parametrize("regex", ["(.+)+!", "(.*.*)*!", "(([a-z0-9._])+.)+[A-Z]([a-z])+$", "(.|.)*(.|.)*(.|.)*!"])
def test_a_regex_that_would_take_for_ever_takes_no_time(bounded, target, regex):
    """An engine that goes back takes 2 to the power of the length of a name."""
    assert asked(bounded, target.format(regex)).status == 200


@pytest.mark.parametrize("group", ["\\3", "\\g<none>", "\\99", f"\\{DIGITS}"])
def test_a_replacement_by_a_group_that_is_not_there_is_refused(bounded, group):
    assert_sentence(asked(bounded, f"aliasSub(bounds.one,'one','{group}')"))


# -- targets that are much too long --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "absolute(" * 10_000 + "bounds.one" + ")" * 10_000,
        "bounds.one" + "|absolute()" * 10_000,
        "a" * 1_000_000,
        "a." * 500_000 + "a",
        "sumSeries(" + "bounds.one," * 100_000 + "bounds.one)",
        "(" * 100_000,
        "{" * 100_000,
        "'" * 200_000,
        "\\" * 200_000,
        "{a,b}" * 40,
        "bounds.many." + "[a-z]" * 20_000,
    ],
    ids=lambda target: f"{target[:20]}... of {len(target)}",
)
def test_a_target_that_is_too_long_or_too_deep_is_refused(bounded, target):
    assert_sentence(asked(bounded, target))


@pytest.mark.parametrize(
    "target",
    ["{bounds,b}." + "{a,b}." * 40 + "c", "*." * 1_000 + "a", "bounds.many." + "*n" * 2_000, "bounds.*{*n,*n}*{*n,*1}*[0-9]*"],
    ids=lambda target: f"{target[:20]}... of {len(target)}",
)
def test_a_glob_that_could_match_in_many_ways_is_matched_in_no_time(bounded, target):
    assert_no_failure(asked(bounded, target))


@pytest.mark.parametrize(
    "targets",
    [
        ["bounds.one"] * 10_000,
        [f"scale(bounds.one,{number})" for number in range(10_000)],
        [f"bounds.nothing.n{number}" for number in range(10_000)],
    ],
    ids=["the same", "all different", "of nothing"],
)
def test_ten_thousand_targets_are_answered_or_refused(bounded, targets):
    assert_no_failure(asked(bounded, *targets))
    assert_no_failure(asked(bounded, *targets, **{"from": "-1d"}))
    assert_no_failure(asked(bounded, *targets, **{"from": "-1d", "maxDataPoints": 3}))


# -- targets that make much of little ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "useSeriesAbove(bounds.many.*,-1,'.*bounds.many.n.*','bounds.many.*')",
        "applyByNode(bounds.many.*,2,'bounds.many.*')",
        "timeStack(bounds.one,'1d',0,100000)",
        "group(" + "scale(bounds.many.*,2)," * 1_000 + "bounds.one)",
    ],
    ids=lambda target: target[:60],
)
def test_a_target_that_multiplies_series_is_refused(bounded, target):
    assert_sentence(asked(bounded, target))


@pytest.mark.parametrize(
    "target",
    [
        "applyByNode(bounds.many.*,2,'randomWalk(\"%\",1)')",
        "applyByNode(bounds.many.*,0,'movingAverage(%.many.*,100)')",
        "applyByNode(bounds.many.*,2,'nothing(%')",
        "applyByNode(bounds.many.*,99,'%.x')",
        "aliasQuery(bounds.many.*,'.*','sin(\"x\",1,1)','%d')",
        "aliasQuery(bounds.one,'^.*$','bounds.one','%1000000000d')",
        "groupByNode(bounds.many.*,7,'sum')",
        f"groupByNode(bounds.many.*,{'9' * 30},'sum')",
        "groupByNodes(bounds.many.*,'sum',0,9,-7)",
        "aliasByNode(bounds.one,1000000)",
        f"aliasByNode(bounds.one,{DIGITS})",
        "sumSeriesWithWildcards(bounds.many.*,0,1,2,3)",
        "reduceSeries(mapSeries(bounds.many.*,2),'timeStack',2,'n1','n2')",
        "mapSeries(bounds.many.*,2)",
        "asPercent(bounds.many.*,bounds.many.*)",
    ],
)
def test_a_target_that_makes_others_is_answered_or_refused(bounded, target):
    assert_no_failure(asked(bounded, target))


# -- numbers and times beyond all bounds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [HOUR, CENTURY], ids=["an hour", "a century"])
@pytest.mark.parametrize(
    "target",
    [
        "movingAverage(bounds.one,1000000000)",
        f"movingAverage(bounds.one,{'9' * 30})",
        "movingAverage(bounds.one,'100000d')",
        "movingMedian(bounds.one,'9999y')",
        "stdev(bounds.one,1000000000)",
        f"stdev(bounds.one,1{'0' * 400})",
        "exponentialMovingAverage(bounds.one,1000000000)",
        "exponentialMovingAverage(bounds.one,'100000d')",
        "holtWintersForecast(bounds.one,'1d','100000d')",
        "holtWintersForecast(bounds.one,'100000d','1d')",
        "holtWintersConfidenceBands(bounds.one,1e300)",
        f"holtWintersAberration(bounds.one,3,'7d','{'9' * 20}y')",
        "timeShift(bounds.one,'100000d')",
        "timeShift(timeShift(smartSummarize(bounds.one,'1h','sum','years'),'1899y'),'1899y')",
        "movingAverage(smartSummarize(bounds.one,'1h','sum','years'),'9000y')",
        "summarize(bounds.one,'1s')",
        f"summarize(bounds.one,'{'9' * 20}y')",
        f"summarize(bounds.one,'{DIGITS}s')",
        "smartSummarize(bounds.one,'1s')",
        "hitcount(bounds.one,'1s')",
        f"hitcount(bounds.one,'{'9' * 16}y',true)",
        "integralByInterval(bounds.one,'1s')",
        f"integralByInterval(bounds.one,'{DIGITS}d')",
        "constantLine(1e999)",
        "sin('x',1,1)",
        "randomWalk('x',1)",
        "timeFunction('x',1)",
        "identity('x')",
        "events('*')",
        f"delay(bounds.one,{'9' * 30})",
        f"scale(bounds.one,{DIGITS})",
        f"log(bounds.one,1{'0' * 400})",
        f"round(bounds.one,1{'0' * 400})",
        "round(bounds.one,-400)",
        "pow(bounds.one,1e300)",
        "interpolate(bounds.one,1e300)",
        f"limit(bounds.many.*,{'9' * 30})",
        "linearRegression(bounds.one,'-100000d')",
    ],
    ids=lambda target: target[:60],
)
def test_a_number_beyond_all_bounds_is_answered_or_refused(bounded, target, times):
    assert_no_failure(asked(bounded, target, maxDataPoints=100, **times))


@pytest.mark.parametrize(
    "target", ["bounds.one", "constantLine(1)", "threshold(1)", "events('*')", "smartSummarize(bounds.one,'1d')"]
)
@pytest.mark.parametrize(
    "times",
    [
        {"from": "0"},
        {"from": "-2000y", "until": "-1999y"},
        {"from": "0", "until": "9" * 20},
        {"from": "-99999999999999d"},
        {"from": "253402300000", "until": "253402390000"},
        {"now": "9" * 30},
        {"now": "-9999y"},
    ],
    ids=str,
)
@pytest.mark.parametrize("most", [{}, {"maxDataPoints": 100}], ids=str)
def test_a_time_beyond_all_calendars_is_refused_and_one_without_points_is_empty(bounded, target, times, most):
    assert_no_failure(asked(bounded, target, **times, **most))


@pytest.mark.parametrize("text", ["yesterdays", "-1z", "1e400", "nan", "\0", "٣", "-1" * 5_000, "00:00_99999999", "-", DIGITS])
@pytest.mark.parametrize("name", ["from", "until", "now"])
def test_what_is_no_time_is_refused(bounded, name, text):
    assert_sentence(asked(bounded, "bounds.one", **{name: text}), "is not a time")


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../../etc/passwd", "\0", "x" * 10_000])
def test_a_time_zone_that_does_not_exist_is_refused(bounded, zone):
    assert_sentence(asked(bounded, "bounds.one", tz=zone), "is not a known time zone")


# -- other parameters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", ["0", "-1", "1e9", "nan", "9" * 30, "x", "1.5", "", "٣"])
def test_what_is_no_number_of_points_is_passed_over(bounded, most):
    (series,) = asked(bounded, "bounds.one", maxDataPoints=most).json
    assert series["datapoints"]


@pytest.mark.parametrize("share", ["nan", "inf", "x", "1e400"])
def test_what_is_no_share_is_refused(bounded, share):
    assert_sentence(asked(bounded, "bounds.one", xFilesFactor=share), "xFilesFactor")


@pytest.mark.parametrize("function", ["alert(1)//", "a b", "é", "<script>", "a.b[0];x"])
def test_what_is_no_name_of_a_function_is_refused(bounded, function):
    assert_sentence(asked(bounded, "bounds.one", jsonp=function), "is not the name of a function")


@pytest.mark.parametrize("value", ["a,(", "$x", "{a,b}", "x" * 100_000, "'", "..", "1e400", "\0", DIGITS, "one)|scale(2"])
@pytest.mark.parametrize(
    "target", ["template(bounds.$x)", "template(scale(bounds.one,$x))", "template(bounds.$x$x$x,x='$x$x$x')"]
)
def test_a_value_of_a_template_is_text_and_nothing_else(bounded, target, value):
    assert_no_failure(asked(bounded, target, **{"template[x]": value}))


@pytest.mark.parametrize("name", ["template[", "template[]", "template[x", "template"])
def test_a_template_without_a_name_is_passed_over(bounded, name):
    assert len(asked(bounded, "bounds.one", **{name: "x"}).json) == 1


@pytest.mark.parametrize("form", ["..%2f", "../x", "\0", "x" * 10_000, "png", "svg"])
@pytest.mark.parametrize("size", ["1000000", "0", "-5", "x", DIGITS, None])
def test_a_picture_has_a_size_that_fits_into_memory(bounded, form, size):
    """An unknown format is a picture, too."""
    sizes = {} if size is None else {"width": size, "height": size}
    answer = asked(bounded, "bounds.one", format=form, **sizes)
    assert_no_failure(answer)
    assert len(answer.body) < 10_000_000


# -- bodies --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        rb'{"target": "bounds.\ud800"}',
        rb'{"target": "alias(bounds.one,\u0027\ud800\u0027)"}',
        rb'{"target": "bounds.one", "jsonp": "\udfff"}',
        b'{"target": "bounds.\xff"}',
        b'{"target": ' + b"[" * 100_000,
        b'{"target": {"a": 1}}',
        b'{"target": null}',
        b"[1]",
        b"{",
        b"\0",
    ],
    ids=lambda body: repr(body[:50]),
)
def test_a_json_body_that_holds_no_targets_is_refused(bounded, body):
    assert_sentence(bounded.web.ask("/render", body, "application/json"))


@pytest.mark.parametrize(
    "content_type", ["application/pickle", "application/python-pickle", "application/octet-stream", "text/plain"]
)
def test_no_pickle_is_read(bounded, content_type):
    marker = bounded.folder / "unpickled"
    pickled = f"cos\nsystem\n(S'touch {marker}'\ntR.".encode()
    assert_sentence(bounded.web.ask("/render", pickled, content_type), "target is missing")
    assert not marker.exists()


@pytest.mark.parametrize("query", ["target=%ff", "target=%", "target=bounds.one&format=..%2f", "target=bounds.one%00", "&&&==&"])
def test_a_query_string_that_is_no_text_is_answered_or_refused(bounded, query):
    assert_no_failure(bounded.web.ask(f"/render?{query}"))


# -- the limits of [query] -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["bounds.more.*", "sumSeries(bounds.more.*)", "*.*.*", "bounds.*.{n*,x}"])
def test_a_glob_of_more_series_than_a_query_may_read_is_refused_with_the_way_out(bounded, target):
    assert_sentence(asked(bounded, target), "raise [query] max_series")


@pytest.mark.parametrize("times", [{"from": "-1d"}, {"from": "-1y"}, {"from": 0}], ids=str)
def test_more_points_than_a_query_may_read_are_refused_with_the_way_out(bounded, times):
    assert_sentence(asked(bounded, "bounds.many.*", **times), "raise [query] max_points")

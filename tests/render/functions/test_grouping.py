import numpy as np
import pytest
from cadent.render.coarse import Coarse
from cadent.render.table import functions
from cadent.schema.errors import QueryError
from recorded import Recorded, evaluate


def constant(value):
    return (60, lambda _: value)


TREE = Recorded(
    {
        "s.a.in": constant(1.0),
        "s.a.out": constant(2.0),
        "s.b.in": constant(4.0),
        "s.b.out": constant(8.0),
        "s.c.in": constant(16.0),
    }
)
TAGGED = Recorded({"m;dc=e;host=1": constant(1.0), "m;dc=e;host=2": constant(2.0), "n;dc=w": constant(4.0)})


def levels(source, target):
    """The one value that each series has all along."""
    found = {one.name: set(one.values.tolist()) for one in evaluate(source, target)}
    assert all(len(values) == 1 for values in found.values())
    return {name: values.pop() for name, values in found.items()}


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("groupByNode(*,1,'sum')", {"a": 3.0, "b": 12.0, "c": 16.0}),
        ("groupByNode(*,-1,'maxSeries')", {"in": 16.0, "out": 8.0}),
        ("groupByNode(*,1)", {"a": 1.5, "b": 6.0, "c": 16.0}),
        ("groupByNode(scale(*,2),1,'sum')", {"a": 6.0, "b": 24.0, "c": 32.0}),
        ("groupByNodes(*,'diff',0,2)", {"s.in": -19.0, "s.out": -6.0}),
        ("groupByNode(*,1,'countSeries')", {"a": 2.0, "b": 2.0, "c": 1.0}),
        ("aggregateWithWildcards(*,'multiply',1)", {"s.in": 64.0, "s.out": 16.0}),
        ("sumSeriesWithWildcards(*,1,2)", {"s": 31.0}),
        ("averageSeriesWithWildcards(*,2)", {"s.a": 1.5, "s.b": 6.0, "s.c": 16.0}),
        ("multiplySeriesWithWildcards(*,0,2)", {"a": 2.0, "b": 32.0, "c": 16.0}),
        (
            "reduceSeries(mapSeries(group(s.a.in,s.a.out,s.b.in,s.b.out),1),'divideSeries',2,'in','out')",
            {"s.a.reduce.divideSeries": 0.5, "s.b.reduce.divideSeries": 0.5},
        ),
        ("reduce(map(*,1),'sumSeries',-2,'c')", {"s.reduce.sumSeries": 16.0}),
        (
            "applyByNode(*,1,'scale(%.in,0)')",
            {"scale(s.a.in,0)": 0.0, "scale(s.b.in,0)": 0.0, "scale(s.c.in,0)": 0.0},
        ),
        ("applyByNode(s.a.in,1,'scale(%.out,2)','% twice')", {"s.a twice": 4.0}),
        ("applyByNode(s.a.in,1,'template($x.out,x=\"%\")')", {"s.a.out": 2.0}),
    ],
)
def test_series_that_belong_together_become_one(target, wanted):
    assert levels(TREE, target) == wanted


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("groupByTags(*,'sum','dc')", {"sum;dc=e": 3.0, "sum;dc=w": 4.0}),
        ("groupByTags(*,'sum','name')", {"m": 3.0, "n": 4.0}),
        ("groupByTags(*,'max','name','dc')", {"m;dc=e": 2.0, "n;dc=w": 4.0}),
        ("groupByTags(*,'sum','host')", {"sum;host=1": 1.0, "sum;host=2": 2.0, "sum;host=": 4.0}),
        ("groupByNode(*,'dc','sum')", {"e": 3.0, "w": 4.0}),
    ],
)
def test_tags_say_what_belongs_together(target, wanted):
    assert levels(TAGGED, target) == wanted


def test_what_is_grouped_by_tags_has_these_alone():
    tags = [one.tags for one in evaluate(TAGGED, "groupByTags(*,'sum','dc')")]
    assert tags == [{"name": "sum", "dc": "e"}, {"name": "sum", "dc": "w"}]


def test_all_that_is_applied_by_node_is_read_at_once():
    source = Recorded(dict(TREE.paths))
    evaluate(source, "applyByNode(*,1,'sumSeries(%.in)')")
    assert len(source.windows) == 2


@pytest.mark.parametrize(
    ("callback", "allowed"),
    [
        ("sum", {"average", "sum"}),
        ("maxSeries", {"max"}),
        ("min", {"min"}),
        ("median", None),
        ("asPercent", None),
        ("noSuch", None),
    ],
)
def test_coarser_points_may_be_read_as_the_callback_allows(callback, allowed):
    leave = Coarse(100).below(functions()["groupByNode"], {"seriesList": None, "nodeNum": 1, "callback": callback})
    assert (leave and leave.allowed) == allowed


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("groupByNode(*,1,'noSuch')", "'noSuch' is not an aggregation"),
        ("groupByNode(*,1,'mapSeries')", "mapSeries lacks its argument mapNodes"),
        ("groupByNode(*,1,'percentileOfSeries')", "percentileOfSeries lacks its argument n"),
        ("groupByNode(*,1,'movingAverage')", "movingAverage cannot be applied to series that are read already"),
        ("groupByNode(*,1,'seriesByTag')", "seriesByTag"),
        ("groupByTags(*,'sum')", "groupByTags lacks its argument tags"),
        ("aggregateWithWildcards(*,'sum','a')", "aggregateWithWildcards: position='a' is not a whole number"),
        ("applyByNode(*,'a','x')", "applyByNode: nodeNum='a' is not a whole number"),
        ("applyByNode(*,1,'sumSeries(')", "the target cannot be read here"),
        ("reduceSeries(mapSeries(*,1),'asPercent',2,'in','out')", "no series for reduceMatchers='out' beside 's.c.in'"),
        ("reduceSeries(mapSeries(*,1),'sumSeries',3,'in')", "'s.a.in' has no node reduceNode=3"),
        ("reduceSeries(mapSeries(*,1),'noSuch',2,'in')", "the function noSuch is not known"),
        ("reduceSeries(*,'sumSeries',2,'in')", "reduceSeries: seriesLists=a list of series is not a list of lists of series"),
        ("mapSeries(*,1)", "the target is no list of series"),
    ],
)
def test_what_cannot_be_grouped_is_said(target, words):
    with pytest.raises(QueryError) as refused:
        evaluate(TREE, target)
    assert words in str(refused.value)


def test_a_function_that_leaves_nothing_of_a_group_is_named():
    source = Recorded({"s.a": constant(np.nan)})
    with pytest.raises(QueryError, match="removeEmptySeries makes no series of its arguments here"):
        evaluate(source, "groupByNode(*,1,'removeEmptySeries')")

"""What is asked of the store, and when."""

from datetime import timezone

import numpy as np
import pytest
from cadent.render.coarse import Coarse
from cadent.render.context import Context
from cadent.render.evaluator import Evaluator
from cadent.render.source import Read
from cadent.render.table import functions
from cadent.render.time_series import TimeSeries
from cadent.schema.errors import LimitExceeded, QueryError

AFTER, UNTIL = 1_700_000_000, 1_700_003_600


class Lists:
    """A source whose every pattern matches one series at 10 seconds; it notes what it is asked."""

    def __init__(self, step_s=10):
        self.asked = []
        self.step_s = step_s
        self.late = False

    def fetch(self, reads):
        self.asked.append(list(reads))
        return {read: [self.series(read)] for read in reads}

    def series(self, read):
        start = read.after - read.after % self.step_s + self.step_s
        slots = (read.until - read.after) // self.step_s
        values = np.arange(slots, dtype=float)
        values.flags.writeable = False
        return TimeSeries.of(read.pattern, start, start + slots * self.step_s, self.step_s, values)

    def steps(self, patterns, after, until):
        return {self.step_s} if patterns else set()

    def event_times(self, tags, after, until):
        return np.empty(0)

    def check(self):
        if self.late:
            raise LimitExceeded("too late")


@pytest.fixture
def source():
    return Lists()


def evaluate(source, *targets, max_points=None, **more):
    evaluator = Evaluator(source, functions())
    coarse = Coarse(max_points) if max_points else None
    return evaluator.evaluate(targets, Context(AFTER, UNTIL, UNTIL, timezone.utc, evaluator, coarse=coarse, **more))


def windows(source):
    return [{(read.after - AFTER, read.until - UNTIL) for read in reads} for reads in source.asked]


def patterns(source):
    return [[read.pattern for read in reads] for reads in source.asked]


def test_all_targets_of_a_request_are_read_at_once(source):
    found = evaluate(source, "sumSeries(a,b)", "alias(c,'x')", "a")
    assert [one.name for one in found] == ["sumSeries(a,b)", "x", "a"]
    assert patterns(source) == [["a", "b", "c"]]


def test_earlier_data_are_asked_for_up_front(source):
    evaluate(source, "movingAverage(a,6)", "movingAverage(b,'1min')", "c", "movingAverage(d,6)")
    assert windows(source) == [{(-60, 0)}, {(0, 0)}]
    assert patterns(source) == [["a", "b", "d"], ["c"]]


def test_another_window_is_one_more_read(source):
    evaluate(source, "timeShift(a,'1h')", "a", "timeShift(b,'1h')")
    assert sorted(map(sorted, windows(source))) == [[(-3_600, -3_600)], [(0, 0)]]


def test_windows_within_windows_add_up(source):
    evaluate(source, "timeShift(movingAverage(a,'1min'),'1h')")
    assert {(-3_660, -3_600)} in windows(source)


def test_what_a_call_says_by_name_counts(source):
    evaluate(source, "movingAverage(a,windowSize='2min')")
    assert windows(source) == [{(-120, 0)}]


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("nowhere(a)", "nowhere"),
        ("sumSeriez(a)", "did you mean sumSeries"),
        ("scale(a,'x')", "factor='x'"),
        ("scale(a)", "factor"),
        ("scale(a,1,2)", "at most 2"),
        ("scale(a,factor=1,factr=2)", "factr"),
        ("scale(a,1,factor=2)", "factor"),
        ("scale(5,1)", "seriesList=5"),
        ("alias(a,b)", "newName"),
        ("scale(a,a)", "a list of series"),
        ("5", "cannot be read"),
        ("movingAverage(a,'soon')", "windowSize='soon'"),
        ("movingAverage()", "movingAverage"),
        ("timeShift(a,'1x')", "timeShift='1x'"),
    ],
)
def test_a_wrong_call_is_a_sentence(source, target, word):
    if target == "5":
        assert evaluate(source, target)[0].name == "5"  # a path
        return
    with pytest.raises(QueryError, match=word.replace("(", r"\(")):
        evaluate(source, target)


def test_deep_is_no_crash(source):
    found = evaluate(source, "absolute(" * 32 + "a" + ")" * 32 + "|absolute()" * 64)
    assert found[0].name.count("absolute") == 96


def test_the_time_limit_holds_between_calls(source):
    source.late = True
    with pytest.raises(LimitExceeded):
        evaluate(source, "absolute(a)")


def test_no_function_writes_into_what_was_read(source):
    """Arrays of the source cannot be written to, and two targets share them."""
    targets = [f"{name}(a)" for name in ("absolute", "derivative", "integral", "keepLastValue", "transformNull", "offsetToZero")]
    first = evaluate(source, "a", *targets, "a")
    assert np.array_equal(first[0].values, first[-1].values)


def leave(source, target, max_points=100):
    evaluate(source, target, max_points=max_points)
    return {read.pattern: read.coarse for reads in source.asked for read in reads}


EVERY = frozenset({"average", "sum", "max", "min"})
LINEAR = frozenset({"average", "sum"})


@pytest.mark.parametrize(
    ("target", "allowed", "consolidation"),
    [
        ("a", EVERY, None),
        ("alias(a,'x')", EVERY, None),
        ("scale(a,2)", EVERY, None),
        ("sumSeries(a)", LINEAR, None),
        ("alias(scale(sumSeries(a),2),'x')", LINEAR, None),
        ("maxSeries(a)", {"max"}, None),
        ("consolidateBy(a,'max')", {"max"}, "max"),
        ("consolidateBy(a,'avg')", {"average"}, "average"),
        ("consolidateBy(scale(a,-1),'max')", {"min"}, "min"),
        ("scale(consolidateBy(a,'max'),-1)", {"min"}, "min"),
        ("consolidateBy(consolidateBy(a,'min'),'max')", {"max"}, "max"),
        ("consolidateBy(maxSeries(a),'max')", {"max"}, "max"),
    ],
)
def test_leave_to_read_coarser_points(source, target, allowed, consolidation):
    coarse = leave(source, target)["a"]
    assert (set(coarse.allowed), coarse.consolidation, coarse.max_points) == (set(allowed), consolidation, 100)


@pytest.mark.parametrize(
    "target",
    [
        "derivative(a)",
        "scale(derivative(a),2)",
        "derivative(scale(a,2))",
        "movingAverage(a,5)",
        "consolidateBy(a,'last')",
        "consolidateBy(a,'first')",
        "consolidateBy(sumSeries(a),'max')",
        "sumSeries(maxSeries(a))",
        "maxSeries(sumSeries(a))",
        "summarize(a,'1min')",
        "absolute(a)",
        "sumSeries(consolidateBy(a,'max'))",
        "averageSeries(consolidateBy(a,'sum'))",
    ],
)
def test_no_leave(source, target):
    assert leave(source, target)["a"] is None


def test_leave_is_given_for_each_path_on_its_own(source):
    given = leave(source, "group(scale(a,2),derivative(b))")
    assert given["a"] is not None
    assert given["b"] is None


def test_what_is_consolidated_in_its_own_way_takes_the_leave_from_what_it_is_combined_with(source):
    given = leave(source, "sumSeries(consolidateBy(a,'max'),b)")
    assert given == {"a": None, "b": None}


def test_without_a_number_of_points_every_point_is_read(source):
    evaluate(source, "scale(a,2)")
    assert source.asked == [[Read("a", AFTER, UNTIL)]]


@pytest.fixture
def room_for(monkeypatch):
    """room_for(n): a request may hold n of the series that the source gives at a time, and not one more."""

    def limit(series):
        monkeypatch.setattr("cadent.render.holding._MOST_VALUES", series * (360 + 64))

    return limit


def test_a_request_holds_the_series_of_all_its_targets(source, room_for):
    room_for(3)
    assert len(evaluate(source, "a", "b", "scale(c,2)")) == 3
    with pytest.raises(LimitExceeded, match="at the same time"):
        evaluate(source, "a", "b", "c", "d")


def test_a_call_holds_its_arguments_until_it_is_done(source, room_for):
    room_for(3)
    assert len(evaluate(source, "sumSeries(a,b,c)", "scale(scale(scale(scale(scale(d,2),2),2),2),2)")) == 2
    with pytest.raises(LimitExceeded, match="at the same time"):
        evaluate(source, "sumSeries(a,b,c,d)")


def test_what_a_function_reads_itself_is_held_too(source, room_for):
    room_for(6)
    assert len(evaluate(source, "timeStack(a,'1h',0,2)")) == 2
    with pytest.raises(LimitExceeded, match="at the same time"):
        evaluate(source, "timeStack(a,'1h',0,9)")

import math
import random

import numpy as np
import pytest
from cadent.schema.errors import QueryError
from hypothesis import given
from hypothesis import strategies as st
from recorded import Recorded, evaluate


def noise(seed, gaps=0.0):
    def value(at):
        chance = random.Random(seed * 1_000_003 + at)
        return None if chance.random() < gaps else chance.uniform(1, 10)

    return value


def names(source, target):
    return [one.name for one in evaluate(source, target)]


@given(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=1, max_size=5))
def test_percents_of_the_sum_add_up_to_a_hundred(gaps):
    source = Recorded({f"a.{at}": (60, noise(at, share)) for at, share in enumerate(gaps)})
    (total,) = evaluate(source, "sumSeries(asPercent(*))")
    assert np.allclose(total.values[~np.isnan(total.values)], 100.0)
    assert bool(np.isnan(total.values).all()) == all(share == 1.0 for share in gaps)


@given(st.integers(0, 99), st.floats(0.1, 1e6))
def test_a_percent_of_a_number_is_plain_arithmetic(seed, total):
    value = noise(seed, 0.2)
    (found,) = evaluate(Recorded({"a": (60, value)}), f"asPercent(a,{total!r})")
    for at, percent in zip(range(found.start, found.stop, 60), found.values, strict=True):
        wanted = math.nan if value(at) is None else 100 * value(at) / total
        assert percent == pytest.approx(wanted, rel=1e-12, nan_ok=True)


PARTS = Recorded({path: (60, noise(at)) for at, path in enumerate(["a.in", "a.out", "b.in", "b.out", "c.in", "d.out"])})


def test_nodes_say_what_is_a_share_of_what():
    (one, other, lonely, *rest) = evaluate(PARTS, "asPercent(group(a.in,b.in,c.in),group(a.out,b.out,d.out),0)")
    assert [one.name, other.name, lonely.name] == ["asPercent(a.in,a.out)", "asPercent(b.in,b.out)", "asPercent(c.in,MISSING)"]
    assert [two.name for two in rest] == ["asPercent(MISSING,d.out)"]
    assert not np.isnan([one.values, other.values]).any()
    assert np.isnan([lonely.values, rest[0].values]).all()


def test_without_totals_the_series_of_a_node_are_added():
    assert names(PARTS, "asPercent(group(a.in,a.out,c.in),none,0)") == [
        "asPercent(a.in,sumSeries(a.in,a.out))",
        "asPercent(a.out,sumSeries(a.in,a.out))",
        "asPercent(c.in,c.in)",
    ]


def test_as_many_totals_are_matched_by_name():
    assert names(PARTS, "asPercent(group(b.in,a.in),group(b.out,a.out))") == ["asPercent(a.in,a.out)", "asPercent(b.in,b.out)"]


def test_what_is_divided_by_zero_or_a_gap_is_a_gap():
    source = Recorded({"a": (60, lambda _: 6.0), "b": (60, lambda at: [0.0, None, 2.0][at // 60 % 3])})
    (found,) = evaluate(source, "divideSeries(a,b)")
    quotients = {at // 60 % 3: value for at, value in zip(range(found.start, found.stop, 60), found.values.tolist(), strict=True)}
    assert math.isnan(quotients[0])
    assert math.isnan(quotients[1])
    assert quotients[2] == 3.0


def test_the_finer_series_is_consolidated_before_it_is_divided():
    source = Recorded({"a": (60, lambda at: at // 60 % 2), "b": (120, lambda _: 2.0)})
    (found,) = evaluate(source, "divideSeries(a,b)")
    assert (found.step_s, set(found.values[:-1].tolist())) == (120, {0.25})


@given(st.floats(0.5, 9), st.floats(0.5, 9))
def test_a_weighted_average_leans_to_the_heavier(light, heavy):
    values = {"v.a": 10.0, "v.b": 20.0, "w.a": light, "w.b": heavy}
    source = Recorded({path: (60, lambda _, value=value: value) for path, value in values.items()})
    (found,) = evaluate(source, "weightedAverage(group(v.a,v.b),group(w.b,w.a),1)")
    assert found.values == pytest.approx((10 * light + 20 * heavy) / (light + heavy), rel=1e-12)


def test_no_weights_that_match_are_no_series():
    assert evaluate(PARTS, "weightedAverage(a.in,b.in,0)") == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("divideSeries(a.in,*)", "divideSeries: divisorSeries is 6 series, want one"),
        ("divideSeries(a.in,5)", "divideSeries: divisorSeries=5 is not a list of series"),
        ("asPercent(a.in,'many')", "asPercent: total='many' is not a number"),
        ("asPercent(a.in,*)", "asPercent: total is 6 series; want a number, one series, or as many as the 1"),
        ("asPercent(a.in,100,0)", "asPercent: total=100 is no list of series"),
    ],
)
def test_what_cannot_be_divided_is_said(target, words):
    with pytest.raises(QueryError) as refused:
        evaluate(PARTS, target)
    assert words in str(refused.value)

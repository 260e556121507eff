import math

import pytest
from cadent.schema.errors import QueryError
from recorded import AFTER, UNTIL, Recorded, evaluate, slots

SEASON_S = 600


def steady(_):
    return 5.0


def daily(at):
    """The same every ten minutes."""
    return 100 + 10 * math.sin(2 * math.pi * (at % SEASON_S) / SEASON_S)


def surprising(at):
    """An hour at 0 or 1 in turns, which is what is usual; then one slot far above and one far below."""
    if at < AFTER + 1_000:
        return float(at // 10 % 2)
    return {AFTER + 1_000: 90.0, AFTER + 2_000: -70.0}.get(at - at % 1_000 if at % 1_000 < 10 else 0, 0.5)


def forecast(value, target, step_s=10):
    return evaluate(Recorded({"a": (step_s, value)}), target.format("'1h','10min'"))


def test_what_never_changes_is_expected_to_stay():
    (found,) = forecast(steady, "holtWintersForecast(a,{})")
    assert found.values.tolist() == pytest.approx([5.0] * 360)
    assert (found.start, found.stop) == (slots(AFTER, UNTIL, 10).start, slots(AFTER, UNTIL, 10).stop)


def test_what_comes_again_every_season_is_expected_to():
    (found,) = evaluate(Recorded({"a": (10, daily)}), "holtWintersForecast(a,'1d','10min')")
    assert found.values == pytest.approx(list(map(daily, slots(AFTER, UNTIL, 10))), abs=1.0)


def test_earlier_data_are_read_once():
    source = Recorded({"a": (10, steady)})
    evaluate(source, "holtWintersForecast(a)")
    assert source.windows == [(AFTER - 7 * 86_400, UNTIL)]


def test_the_bands_lie_as_far_from_the_forecast_as_they_are_told_to():
    (expected,) = forecast(surprising, "holtWintersForecast(a,{})")
    once = forecast(surprising, "holtWintersConfidenceBands(a,1,{})")
    thrice = forecast(surprising, "holtWintersConfidenceBands(a,3,{})")
    half = forecast(surprising, "holtWintersConfidenceBands(a,0.5,{})")
    assert [one.name for one in once] == ["holtWintersConfidenceLower(a)", "holtWintersConfidenceUpper(a)"]
    distance = once[1].values - expected.values
    assert distance.max() > 1
    for bands, factor in ((once, 1), (thrice, 3), (half, 0.5)):
        assert bands[0].values == pytest.approx(expected.values - factor * distance)
        assert bands[1].values == pytest.approx(expected.values + factor * distance)


def test_aberration_is_what_lies_outside_the_bands():
    (found,) = forecast(surprising, "holtWintersAberration(a,3,{})")
    lower, upper = forecast(surprising, "holtWintersConfidenceBands(a,3,{})")
    values = list(map(surprising, slots(AFTER, UNTIL, 10)))
    expected = [
        value - high if value > high else min(0.0, value - low)
        for value, low, high in zip(values, lower.values, upper.values, strict=True)
    ]
    assert found.values == pytest.approx(expected)
    # A surprise counts a tenth of what is usual at once, so thrice that takes away three tenths of it.
    assert 55 < found.values.max() < 63
    assert -50 < found.values.min() < -40


def test_gaps_are_no_aberration():
    (found,) = forecast(lambda at: None if at % 100 < 30 else surprising(at), "holtWintersAberration(a,0,{})")
    assert [value for at, value in zip(slots(AFTER, UNTIL, 10), found.values, strict=True) if at % 100 < 30] == [0.0] * 108


def test_a_gap_takes_the_forecast_after_it_away():
    (found,) = forecast(lambda at: None if at == AFTER + 1_000 else 5.0, "holtWintersForecast(a,{})")
    gaps = [at for at, value in zip(slots(AFTER, UNTIL, 10), found.values, strict=True) if math.isnan(value)]
    assert gaps == [AFTER + 1_010]


def test_an_area_is_between_the_bands():
    area = forecast(surprising, "holtWintersConfidenceArea(a,3,{})")
    bands = forecast(surprising, "holtWintersConfidenceBands(a,3,{})")
    assert [one.name for one in area] == ["holtWintersConfidenceArea(a)"] * 2
    for one, band in zip(area, bands, strict=True):
        assert one.values.tolist() == band.values.tolist()
        assert one.style.filled
    assert area[0].style.invisible


@pytest.mark.parametrize("name", ["Forecast", "ConfidenceBands", "ConfidenceArea", "Aberration"])
def test_of_nothing_nothing_comes(name):
    assert evaluate(Recorded({}), f"holtWinters{name}(a)") == []


def test_only_one_series_has_an_area():
    with pytest.raises(QueryError, match="holtWintersConfidenceArea takes one series, got 2"):
        evaluate(Recorded({"a": (10, steady), "b": (10, steady)}), "holtWintersConfidenceArea(*)")


@pytest.mark.parametrize("season", ["10s", "19s", "", "-1d"])
def test_a_season_is_longer_than_a_step(season):
    with pytest.raises(QueryError, match=f"seasonality='{season}' is shorter than two steps of a, which are 10 s each"):
        evaluate(Recorded({"a": (10, steady)}), f"holtWintersForecast(a,'1h','{season}')")


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("holtWintersForecast(a,'x')", "holtWintersForecast: bootstrapInterval='x' is not an interval"),
        ("holtWintersForecast(a,'1h','x')", "holtWintersForecast: seasonality='x' is not an interval"),
        ("holtWintersConfidenceBands(a,'x')", "holtWintersConfidenceBands: delta='x' is not"),
        ("holtWintersAberration()", "holtWintersAberration lacks its first argument"),
    ],
)
def test_what_is_wrong_is_said(target, complaint):
    with pytest.raises(QueryError, match=complaint):
        evaluate(Recorded({"a": (10, steady)}), target)

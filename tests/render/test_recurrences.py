"""The kernel against plain Python."""

import math
import statistics

import numpy as np
import pytest
from cadent.render import _recurrences
from hypothesis import given
from hypothesis import strategies as st

GAP = math.nan
values = st.lists(st.one_of(st.just(GAP), st.floats(-1e6, 1e6)), max_size=80)
filled = st.one_of(st.just(GAP), st.floats(allow_nan=False), st.sampled_from([0.0, -0.0, 1.0, 1.0, math.inf]))


@given(st.lists(filled, min_size=1, max_size=60), st.data())
def test_medians_are_those_of_the_values_that_are_there(row, data):
    width = data.draw(st.integers(1, len(row)))
    out = np.empty(len(row) - width + 1)
    _recurrences.medians(np.array(row), width, out)
    for at, found in enumerate(out):
        there = [value for value in row[at : at + width] if not math.isnan(value)]
        assert found == pytest.approx(statistics.median(there) if there else GAP, rel=0, abs=0, nan_ok=True)


@given(values, st.floats(-1e6, 1e6), st.floats(0, 1))
def test_exponential_averages_pass_over_gaps(row, before, share):
    out = np.empty(len(row))
    _recurrences.exponential(np.array(row, float), before, share, out)
    for value, found in zip(row, out, strict=True):
        if math.isnan(value):
            assert math.isnan(found)
            continue
        before = share * value + (1 - share) * before
        assert found == pytest.approx(before, rel=1e-12, abs=1e-9)


def plain_forecast(row, season):
    """Predictions and deviations as Holt and Winters have them; a gap forgets level, trend, and that time of its season."""
    levels, trends, seasonals, predictions, deviations = [], [], [], [], []
    expected = None
    for at, value in enumerate(row):
        predictions.append(value if at == 0 and not math.isnan(value) else expected)
        if math.isnan(value):
            expected = None
            for column, missing in ((levels, None), (trends, 0.0), (seasonals, 0.0), (deviations, 0.0)):
                column.append(missing)
            continue
        level_before = levels[-1] if levels and levels[-1] is not None else value
        trend_before = trends[-1] if trends else 0.0
        seasonal = seasonals[at - season] if at >= season else 0.0
        deviation = deviations[at - season] if at >= season else 0.0
        levels.append(0.1 * (value - seasonal) + 0.9 * (level_before + trend_before))
        trends.append(0.0035 * (levels[-1] - level_before) + 0.9965 * trend_before)
        seasonals.append(0.1 * (value - levels[-1]) + 0.9 * seasonal)
        deviations.append(0.1 * abs(value - (predictions[-1] or 0.0)) + 0.9 * deviation)
        expected = levels[-1] + trends[-1] + (seasonals[at + 1 - season] if at + 1 >= season else 0.0)
    return [GAP if one is None else one for one in predictions], deviations


@given(values, st.integers(2, 90))
def test_forecasts_follow_level_trend_and_season(row, season):
    seasonals, predictions, deviations = np.empty((3, len(row)))
    _recurrences.holt_winters(np.array(row, float), season, 0.1, 0.0035, 0.1, seasonals, predictions, deviations)
    expected, distances = plain_forecast(row, season)
    assert predictions == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)
    assert deviations == pytest.approx(distances, rel=1e-9, abs=1e-6)


def test_what_would_write_beyond_an_array_is_refused():
    row, short = np.zeros(5), np.zeros(4)
    with pytest.raises(ValueError, match="medians of 0 neighbours"):
        _recurrences.medians(row, 0, np.zeros(6))
    with pytest.raises(ValueError, match="medians of 6 neighbours"):
        _recurrences.medians(row, 6, np.zeros(0))
    with pytest.raises(ValueError, match="into 4"):
        _recurrences.medians(row, 1, short)
    with pytest.raises(ValueError, match="5 slots into 4"):
        _recurrences.exponential(row, 0.0, 0.5, short)
    with pytest.raises(ValueError, match="a season of 1 slots"):
        _recurrences.holt_winters(row, 1, 0.1, 0.1, 0.1, row.copy(), row.copy(), row.copy())
    for place in range(3):
        arrays = [np.zeros(5), np.zeros(5), np.zeros(5)]
        arrays[place] = short
        with pytest.raises(ValueError, match="not all of 5"):
            _recurrences.holt_winters(row, 2, 0.1, 0.1, 0.1, *arrays)


def test_no_slots_are_no_forecast():
    empty = np.empty(0)
    _recurrences.holt_winters(empty, 2, 0.1, 0.1, 0.1, empty.copy(), empty.copy(), empty.copy())
    _recurrences.exponential(empty, 0.0, 0.5, empty.copy())

"""Series that differ from the others."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from ...schema.errors import QueryError
from ...schema.grid import Floats
from .. import aggregation
from ..context import Context
from ..function import function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_N: Final = Param("n", Kind.FLOAT, required=True)


@function("averageOutsidePercentile", group="Filter Series", params=[_SERIES, _N])
def average_outside_percentile(_: Context, series: list[TimeSeries], n: float) -> list[TimeSeries]:
    """Series with an average that is not between the percentiles `n` and 100 - `n` of all averages."""
    percent = _upper("averageOutsidePercentile", n)
    averages = [np.array([aggregation.of_all("average", one.values)]) for one in series]
    return _not_between(series, averages, percent) if series else []


@function("removeBetweenPercentile", group="Filter Series", params=[_SERIES, _N])
def remove_between_percentile(_: Context, series: list[TimeSeries], n: float) -> list[TimeSeries]:
    """Series that have a value which is not between the percentiles `n` and 100 - `n` of all values at that time."""
    percent = _upper("removeBetweenPercentile", n)
    return _not_between(series, [one.values for one in series], percent) if series else []


def _not_between(series: list[TimeSeries], columns: list[Floats], percent: float) -> list[TimeSeries]:
    """Those whose column has a value at or beyond a percentile of its row."""
    low, high = (aggregation.by_blocks(columns, partial(_percentile, of)) for of in (100 - percent, percent))
    beyond = [(values <= low[: len(values)]) | (values >= high[: len(values)]) for values in columns]
    return [one for one, there in zip(series, beyond, strict=True) if there.any()]


def _percentile(percent: float, values: Floats, axis: int) -> Floats:
    return aggregation.percentile(values, percent, axis)


def _upper(function: str, n: float) -> float:
    """The higher of two percentiles."""
    if not 0 <= n <= 100:
        raise QueryError(f"{function}: n={n:g} is not a number from 0 to 100")
    return max(n, 100 - n)


FUNCTIONS: Final = (average_outside_percentile, remove_between_percentile)

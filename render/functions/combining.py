"""Many series become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from .. import aggregation
from ..context import Context
from ..function import LINEAR, function
from ..grids import align
from ..parameters import Kind, Param
from ..time_series import TimeSeries


def aggregate(context: Context, series: Sequence[TimeSeries], how: str, x_files_factor: float | None = None) -> list[TimeSeries]:
    """One series, of the aggregation ``how`` of each slot; none of none."""
    if not series:
        return []
    share = context.x_files_factor if x_files_factor is None else x_files_factor
    short = how.removesuffix("Series")
    aligned = align(series)
    values = aggregation.across(how, [one.values for one in aligned.series], share)
    name = f"{short}Series({expressions(series)})"
    tags = {"name": name, **common_tags(series), "aggregatedBy": short}
    return [TimeSeries(name, aligned.start, aligned.stop, aligned.step_s, values, tags, expression=name, x_files_factor=share)]


def expressions(series: Iterable[TimeSeries]) -> str:
    """What stands in the brackets of a combined series' name."""
    return ",".join(dict.fromkeys(one.expression for one in series))


def common_tags(series: Sequence[TimeSeries]) -> dict[str, str]:
    """Tags that all of them have, with one value."""
    first, *others = (one.tags for one in series)
    return {tag: value for tag, value in first.items() if all(tags.get(tag) == value for tags in others)}


_LISTS: Final = Param("seriesLists", Kind.SERIES, required=True, multiple=True)


@function("sumSeries", "sum", group="Combine", params=[_LISTS], commutes=LINEAR, resets=True)
def sum_series(context: Context, *lists: list[TimeSeries]) -> list[TimeSeries]:
    """The sum of all series, slot by slot. Gaps are passed over."""
    return aggregate(context, [one for series in lists for one in series], "sum")


FUNCTIONS: Final = (sum_series,)

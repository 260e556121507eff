"""Series that functions make of a series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...schema.grid import Floats
from ..time_series import Style, TimeSeries


def edited(series: TimeSeries, name: str, tags: Mapping[str, object], **more: Any) -> TimeSeries:
    """``series`` under another name, which is its expression, too, and with more tags; drawn as before."""
    texts = {tag: str(value) for tag, value in tags.items()}
    return replace(series, name=name, expression=name, tags={**series.tags, **texts}, **more)


def derived(series: TimeSeries, name: str, tags: Mapping[str, object], **more: Any) -> TimeSeries:
    """As ``edited``, but drawn in no style of its own."""
    return edited(series, name, tags, style=Style(), **more)


def each(
    series: Sequence[TimeSeries], function: str, compute: Callable[[Floats], Floats], arguments: str = "", **tags: object
) -> list[TimeSeries]:
    """Every series edited, and called ``function(its name arguments)``. ``compute`` makes a new array of its values, and may
    overflow or divide by 0."""
    with np.errstate(all="ignore"):
        return [edited(one, f"{function}({one.name}{arguments})", tags, values=compute(one.values)) for one in series]

"""Series that are not stored anywhere."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..context import Context
from ..function import ALWAYS, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries


@function("constantLine", group="Special", params=[Param("value", Kind.FLOAT, required=True)], commutes=ALWAYS)
def constant_line(context: Context, value: float) -> list[TimeSeries]:
    """A line at `value`, over the whole graph."""
    step_s = (context.until - context.after) // 2
    return [TimeSeries.of(str(value), context.after, context.until, step_s, np.full(3, value))]


FUNCTIONS: Final = (constant_line,)

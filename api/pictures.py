"""``/render`` as a picture: what every format is that is none of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from types import ModuleType
from typing import TypeAlias

import numpy as np
import orjson

from ..query.limits import Deadline
from ..render import aggregation
from ..render.pictures.options import Options
from ..render.pictures.slices import Slice
from ..render.time_series import TimeSeries
from ..schema.errors import QueryError
from . import jsonp
from .encode import Piece
from .params import Params

PNG = "image/png"
SVG = "image/svg+xml"

# The series of these targets.
Evaluate: TypeAlias = Callable[[Sequence[str]], list[TimeSeries]]


def picture(
    params: Params, targets: Sequence[str], zone: tzinfo, evaluate: Evaluate, deadline: Deadline
) -> tuple[list[Piece], str]:
    """The file and its type; an SVG may be asked as a call of a function, too. Raises QueryError, LimitExceeded, and what
    ``evaluate`` does."""
    kind = "svg" if params.text("format") == "svg" else "png"
    options = Options.of(params.last())
    drawing = _drawing()
    if params.choice("graphType", "line", "pie") == "pie":
        mode = params.choice("pieMode", "average", "maximum", "minimum")
        file = drawing.pie_graph(kind, list(_slices(targets, mode, evaluate)), options)
    else:
        file = drawing.line_graph(kind, evaluate(targets), options, zone, deadline.check)
    if kind == "svg" and params.text("jsonp"):
        return jsonp.call(params.text("jsonp"), [orjson.dumps(file.decode())]), jsonp.MIMETYPE
    return [file], SVG if kind == "svg" else PNG


def _drawing() -> ModuleType:
    """With the library it draws with, which takes its time to load and need not be there."""
    try:
        from ..render.pictures import picture  # noqa: PLC0415 - with the first picture
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"matplotlib", "PIL"}:
            raise QueryError(
                "pictures want a library that is not here: pip install 'cadent-graphite[png]'; or ask format=json"
            ) from None
        raise
    return picture


def _slices(targets: Sequence[str], mode: str, evaluate: Evaluate) -> Iterator[Slice]:
    """``name:value`` is a slice as it stands; of any other target each series is one."""
    for target in targets:
        name, _, number = target.rpartition(":")
        try:
            yield Slice(name, float(number if name else ""))
        except ValueError:
            yield from (Slice(one.name, _size(one, mode)) for one in evaluate([target]))


def _size(series: TimeSeries, mode: str) -> float:
    """0 without values."""
    if not series.has_values():
        return 0.0
    how = {"maximum": "max", "minimum": "min", "average": "average"}[mode]
    return float(aggregation.reduce(how, series.values[np.newaxis])[0])

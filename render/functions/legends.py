"""Names that show values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ...schema.grid import Floats
from .. import aggregation
from ..context import Context
from ..function import function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_SYSTEMS: Final = ("si", "binary")
_VALUE_TYPES: Final = (*aggregation.NAMES, *(f"{name}Series" for name in aggregation.NAMES), *_SYSTEMS)
_PREFIXES: Final[Mapping[str | None, Sequence[tuple[str, float]]]] = {
    "binary": [("Pi", 2.0**50), ("Ti", 2.0**40), ("Gi", 2.0**30), ("Mi", 2.0**20), ("Ki", 2.0**10)],
    "si": [("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)],
    None: [],
}

# What cactiStyle takes for the width of a column if there is no value or a 0.
_USUAL: Final = 3


@function(
    "legendValue",
    group="Alias",
    params=[_SERIES, Param("valuesTypes", Kind.STRING, multiple=True, options=_VALUE_TYPES)],
)
def legend_value(_: Context, series: list[TimeSeries], *types: str) -> list[TimeSeries]:
    """Appends to every name some aggregations of its values: `valuesTypes` such as `'avg', 'max'`. If the last of them is `si`
    or `binary`, they are shown with that system's prefixes."""
    system = types[-1] if types and types[-1] in _SYSTEMS else None
    shown = types[:-1] if system else types
    return [replace(one, name=_with_values(one, shown, system)) for one in series]


def _with_values(series: TimeSeries, types: Sequence[str], system: str | None) -> str:
    name = series.name
    for one in types:
        value = _value(one, series.values)
        if system is None:
            name += f" ({one}: {value})"
        else:
            name = f"{name:<20}{one:<5}{value if isinstance(value, str) else _scaled(value, system):<10}"
    return name


def _value(how: str, values: Floats) -> float | str:
    """Graphite's words stand for what is not there, and for what it does not know."""
    if how not in aggregation.NAMES:
        return "(?)"
    kind = aggregation.canonical(how)
    if kind == "count":
        return int(aggregation.filled(values))
    with np.errstate(all="ignore"):
        value = _IN_ORDER[kind](values) if kind in _IN_ORDER and len(values) else aggregation.of_all(kind, values)
    return "None" if math.isnan(value) else value


def _total(values: Floats) -> float:
    """From 0 and the first to the last, as Graphite adds: a name shows all digits, and the sign of a zero."""
    there = values[~np.isnan(values)]
    return 0.0 + float(there.cumsum()[-1]) if len(there) else math.nan


def _mean(values: Floats) -> float:
    return _total(values) / max(1, int(aggregation.filled(values)))


def _deviation(values: Floats) -> float:
    distance = values - _mean(values)
    return math.sqrt(_mean(distance * distance))


def _difference(values: Floats) -> float:
    there = values[~np.isnan(values)]
    return _total(np.concatenate([there[:1], -there[1:]]))


_IN_ORDER: Final[Mapping[str, Callable[[Floats], float]]] = {
    "sum": _total,
    "average": _mean,
    "avg_zero": lambda values: _mean(np.where(np.isnan(values), 0.0, values)),
    "stddev": _deviation,
    "diff": _difference,
    "multiply": lambda values: float(np.multiply.accumulate(values)[-1]),
}


@function(
    "cactiStyle",
    group="Special",
    params=[_SERIES, Param("system", Kind.STRING, options=_SYSTEMS), Param("units", Kind.STRING)],
)
def cacti_style(_: Context, series: list[TimeSeries], system: str | None, units: str | None) -> list[TimeSeries]:
    """Appends to every name its last value, maximum and minimum, in columns, with the prefixes of the `system` `si` or
    `binary` and with `units`."""
    names = _column([one.name for one in series])
    columns = [names]
    for title, how in (("Current", "last"), ("Max", "max"), ("Min", "min")):
        values = [aggregation.of_all(how, one.values) for one in series]
        width = max((len(_scaled(_whole(value), system, units)) for value in values), default=0) + 3
        columns.append([f"{title}:{_scaled(value, system, units):<{width}}" for value in values])
    return [replace(one, name=f"{' '.join(words)} ") for one, *words in zip(series, *columns, strict=True)]


def _column(names: Sequence[str]) -> list[str]:
    width = max(map(len, names), default=0)
    return [f"{name:<{width}}" for name in names]


def _whole(value: float) -> float:
    if math.isinf(value):
        return value
    return math.trunc(_USUAL if math.isnan(value) else value or _USUAL)


def _scaled(value: float, system: str | None, units: str | None = None) -> str:
    """Two decimals and the prefix that makes them few."""
    if math.isnan(value):
        return "nan"
    for prefix, size in _PREFIXES[system]:
        if abs(value) >= size:
            return f"{value / size:.2f}{' ' if units else ''}{prefix}{units or ''}"
    return f"{value:.2f}{' ' if units else ''}{units or ''}"


FUNCTIONS: Final = (legend_value, cacti_style)

"""Other names for series."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ...schema import regex
from ..context import Context
from ..function import ALWAYS, function
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)


@function("alias", group="Alias", params=[_SERIES, Param("newName", Kind.STRING, required=True)], commutes=ALWAYS)
def alias(_: Context, series: list[TimeSeries], name: str) -> list[TimeSeries]:
    """Every series is called `newName`."""
    return [replace(one, name=name) for one in series]


@function(
    "aliasSub",
    group="Alias",
    params=[_SERIES, Param("search", Kind.STRING, required=True), Param("replace", Kind.STRING, required=True)],
    commutes=ALWAYS,
)
def alias_sub(_: Context, series: list[TimeSeries], search: str, new: str) -> list[TimeSeries]:
    r"""In every name, what the regular expression `search` matches becomes `replace`, in which `\1` is its first group."""
    pattern = regex.compile(search)
    return [replace(one, name=pattern.sub(new, one.name)) for one in series]


FUNCTIONS: Final = (alias, alias_sub)

"""Other names for series."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Final

from ...schema import regex
from ...schema.errors import LimitExceeded, QueryError
from .. import aggregation
from ..context import Context
from ..function import ALWAYS, function
from ..nodes import key_of
from ..parameters import Kind, Param
from ..time_series import TimeSeries

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_SEARCH: Final = Param("search", Kind.STRING, required=True)
_REPLACE: Final = Param("replace", Kind.STRING, required=True)
_POSITIONS: Final = Param("pos", Kind.INTEGER, multiple=True)

# A hundred for each of a hundred thousand series.
_MOST_CHARACTERS: Final = 10_000_000

# A number padded to a thousand digits is no name.
_TOO_WIDE: Final = re.compile(r"%[-#0 +]*(?:\d{4}|\d*\.\d{4})")


@function("alias", group="Alias", params=[_SERIES, Param("newName", Kind.STRING, required=True)], commutes=ALWAYS)
def alias(_: Context, series: list[TimeSeries], name: str) -> list[TimeSeries]:
    """Every series is called `newName`."""
    return _called(series, repeat(name))


@function("aliasSub", group="Alias", params=[_SERIES, _SEARCH, _REPLACE], commutes=ALWAYS)
def alias_sub(_: Context, series: list[TimeSeries], search: str, new: str) -> list[TimeSeries]:
    r"""In every name, what the regular expression `search` matches becomes `replace`, in which `\1` is its first group."""
    pattern = regex.compile(search)
    return _called(series, (pattern.sub(new, one.name) for one in series))


@function(
    "aliasQuery",
    group="Alias",
    params=[_SERIES, _SEARCH, _REPLACE, Param("newName", Kind.STRING, required=True)],
    commutes=ALWAYS,
)
def alias_query(context: Context, series: list[TimeSeries], search: str, new: str, name: str) -> list[TimeSeries]:
    r"""Names every series by the last value of another one: its target is the name of the first, in which the regular
    expression `search` is replaced by `replace`. The value stands in `newName` where that has `%d`, `%.2f` or the like."""
    pattern = regex.compile(search)
    targets = [pattern.sub(new, one.name) for one in series]
    found = replace(context, coarse=None).targets(targets)
    return _called(series, (_filled(name, last) for last in map(_last, targets, found)))


def _last(target: str, found: Sequence[TimeSeries]) -> float:
    if not found:
        raise QueryError(f"aliasQuery: there is no series {target[:200]!r}")
    last = aggregation.of_all("last", found[0].values)
    if math.isnan(last):
        raise QueryError(f"aliasQuery: {target[:200]!r} has no value")
    return last


def _filled(name: str, value: float) -> str:
    if not _TOO_WIDE.search(name.replace("%%", "")):
        try:
            return name % value
        except (TypeError, ValueError, OverflowError):
            pass
    raise QueryError(f"aliasQuery: newName={name[:200]!r} has no place for the number {value}; want one such as %d or %.2f")


@function(
    "aliasByNode",
    group="Alias",
    params=[_SERIES, Param("nodes", Kind.NODE_OR_TAG, required=True, multiple=True)],
    commutes=ALWAYS,
)
def alias_by_node(_: Context, series: list[TimeSeries], *nodes: object) -> list[TimeSeries]:
    """Every series is called by some `nodes` of its name, counted from 0 or, below 0, from the end. A word among them is
    the name of a tag and stands for its value."""
    return _called(series, (key_of(one, nodes) for one in series))


@function(
    "aliasByTags",
    group="Alias",
    params=[_SERIES, Param("tags", Kind.NODE_OR_TAG, required=True, multiple=True)],
    commutes=ALWAYS,
)
def alias_by_tags(_: Context, series: list[TimeSeries], *tags: object) -> list[TimeSeries]:
    """Every series is called by the values of its `tags`. A number among them is a node of its name."""
    return _called(series, (key_of(one, tags) for one in series))


@function("aliasByMetric", group="Alias", params=[_SERIES], commutes=ALWAYS)
def alias_by_metric(_: Context, series: list[TimeSeries]) -> list[TimeSeries]:
    """Every series is called by the last node of its name."""
    return _called(series, (_part(one.name, -1, 0) for one in series))


@function(
    "substr",
    group="Special",
    params=[_SERIES, Param("start", Kind.NODE, default=0), Param("stop", Kind.NODE, default=0)],
    commutes=ALWAYS,
)
def substr(_: Context, series: list[TimeSeries], start: int, stop: int) -> list[TimeSeries]:
    """Every series is called by the nodes of its name from `start` to before `stop`, counted from 0 or, below 0, from the
    end; a `stop` of 0 is the end. Functions around the name are left out."""
    return _called(series, (_part(one.name, start, stop) for one in series))


def _part(name: str, start: int, stop: int) -> str:
    """Of what stands in the innermost brackets, before a comma."""
    end = name.find(")")
    inner = name[name.rfind("(") + 1 : None if end < 0 else end]
    return ".".join(inner.split(".")[start : stop or None]).partition(",")[0]


@function("upper", group="Alias", params=[_SERIES, _POSITIONS], commutes=ALWAYS)
def upper(_: Context, series: list[TimeSeries], *positions: int) -> list[TimeSeries]:
    """Names in capital letters, or only the letters at the positions `pos`, counted from 0 or, below 0, from the end."""
    return _called(series, (_changed(one.name, positions, str.upper) for one in series))


@function("lower", group="Alias", params=[_SERIES, _POSITIONS], commutes=ALWAYS)
def lower(_: Context, series: list[TimeSeries], *positions: int) -> list[TimeSeries]:
    """Names in small letters, or only the letters at the positions `pos`, counted from 0 or, below 0, from the end."""
    return _called(series, (_changed(one.name, positions, str.lower) for one in series))


def _changed(name: str, positions: Sequence[int], change: Callable[[str], str]) -> str:
    """A position that the name does not have changes nothing."""
    if not positions:
        return change(name)
    letters = list(name)
    there = range(-len(letters), len(letters))
    for position in [one for one in positions if one in there]:
        letters[position] = change(letters[position])
    return "".join(letters)


def _called(series: Sequence[TimeSeries], names: Iterable[str]) -> list[TimeSeries]:
    """By these names, one each. LimitExceeded if they are too long together."""
    called, characters = [], 0
    for one, name in zip(series, names, strict=False):
        characters += len(name)
        if characters > _MOST_CHARACTERS:
            raise LimitExceeded(f"{len(series):,} series get names of more than {_MOST_CHARACTERS:,} characters")
        called.append(replace(one, name=name))
    return called


FUNCTIONS: Final = (
    alias,
    alias_sub,
    alias_query,
    alias_by_node,
    alias_by_tags,
    alias_by_metric,
    substr,
    upper,
    lower,
)

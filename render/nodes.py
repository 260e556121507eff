"""The nodes of a series' name, and its tags: what series are grouped and named by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from ..schema.errors import QueryError
from .expression import Call, Path
from .grammar import parse_beginning
from .time_series import TimeSeries

_CACHED_NAMES: Final = 16_384

_PLAIN: Final = r"[^\s(){},'\"\\|]+"
_WORD: Final = r"[^\s(){},'\"\\|.]+"
_PATH: Final = rf"{_WORD}(?:\.{_WORD})*(?=[,)])"
_ARGUMENT: Final = rf"(?:{_PLAIN}|'[^'\"\\()]*'|\"[^'\"\\()]*\")"
_INNER_CALL: Final = rf"[A-Za-z_]\w*\({_ARGUMENT}(?:, ?{_ARGUMENT})*\)"
_NO_PATH: Final = r"(?:[-\d]|(?i:true|false|none|inf)[,)])"
# Reading a name as a target takes 0.2 ms; nearly all that functions give have this shape, and take a hundredth of that.
_USUAL: Final = re.compile(rf"(?:[A-Za-z_]\w*\()+(?!{_NO_PATH})({_PATH})(?:(?:, ?(?:{_INNER_CALL}|{_ARGUMENT}))*\))+")
_LEADING_PATH: Final = re.compile(_PLAIN)


def key_of(series: TimeSeries, nodes: Sequence[object]) -> str:
    """What ``nodes`` stand for, joined by dots."""
    return ".".join([node_or_tag(series, node) for node in nodes])


def grouped(series: Iterable[TimeSeries], nodes: Sequence[object]) -> dict[str, list[TimeSeries]]:
    """Those with the same ``nodes`` together, by what these stand for; all in the order in which they come."""
    groups: dict[str, list[TimeSeries]] = {}
    for one in series:
        groups.setdefault(key_of(one, nodes), []).append(one)
    return groups


def node_or_tag(series: TimeSeries, node: object) -> str:
    """The node of that number, counted from 0 or, below 0, from the end; else the value of the tag of that name; else nothing.

    The nodes of a function's result are those of the first path in its name: ``scale(a.b,2)`` has ``a`` and ``b``."""
    if isinstance(node, int):
        nodes = path_in(series.name).split(";", 1)[0].split(".")
        if -len(nodes) <= node < len(nodes):
            return nodes[node]
    return series.tags.get(str(node), "")


def path_in(name: str) -> str:
    """The first path in ``name`` if that looks like a function's result and has one, else all of it."""
    return first_path(name) or name if name.endswith(")") else name


@lru_cache(_CACHED_NAMES)
def first_path(name: str) -> str | None:
    """The path that the innermost first argument of ``name`` is. None if that is something else."""
    usual = _USUAL.fullmatch(name)
    if usual and name.count("(") == name.count(")"):
        return usual[1]
    return _parsed(name)


def _parsed(name: str) -> str | None:
    try:
        expression = parse_beginning(name)
    except QueryError:
        leading = _LEADING_PATH.match(name)
        return leading and leading[0]
    while isinstance(expression, Call) and expression.args:
        expression = expression.args[0]
    return expression.pattern if isinstance(expression, Path) and not expression.pattern.startswith("seriesByTag(") else None

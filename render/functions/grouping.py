"""Series that belong together become one, group by group."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from ...schema.errors import QueryError
from ..context import Context
from ..function import LINEAR, Commutes, Given, function
from ..nodes import grouped
from ..parameters import Kind, Param
from ..time_series import TimeSeries
from .combining import combine, commuting, joined

_SERIES: Final = Param("seriesList", Kind.SERIES, required=True)
_POSITIONS: Final = Param("position", Kind.NODE, multiple=True)
_NODES: Final = Param("nodes", Kind.NODE_OR_TAG, multiple=True)
_CALLBACK: Final = Param("callback", Kind.AGGREGATION_OR_FUNCTION, required=True)

_grouping: Final = partial(function, group="Combine", resets=True)


def _callback_commutes(given: Given) -> Commutes:
    return commuting(given["callback"] or "")


@_grouping(
    "groupByNode",
    params=[
        _SERIES,
        Param("nodeNum", Kind.NODE_OR_TAG, required=True),
        Param("callback", Kind.AGGREGATION_OR_FUNCTION, default="average"),
    ],
    commutes=_callback_commutes,
)
def group_by_node(context: Context, series: list[TimeSeries], node: object, callback: str) -> list[TimeSeries]:
    """Combines series with the same node `nodeNum`, counted from 0, or the same value of that tag, by the aggregation `callback`.
    They are called by what they have in common.
    """
    return _combined(context, grouped(series, [node]), callback)


@_grouping("groupByNodes", params=[_SERIES, _CALLBACK, _NODES], commutes=_callback_commutes)
def group_by_nodes(context: Context, series: list[TimeSeries], callback: str, *nodes: object) -> list[TimeSeries]:
    """Combines series that have all of `nodes` in common, numbers of nodes or tags, by the aggregation `callback`."""
    return _combined(context, grouped(series, nodes), callback)


@_grouping(
    "groupByTags",
    params=[_SERIES, _CALLBACK, Param("tags", Kind.TAG, required=True, multiple=True)],
    commutes=_callback_commutes,
)
def group_by_tags(context: Context, series: list[TimeSeries], callback: str, *tags: str) -> list[TimeSeries]:
    """Combines series that have the same values of `tags` by the aggregation `callback`. What comes out has these tags alone."""
    names = {one.tags["name"] for one in series}
    common = names.pop() if len(names) == 1 else callback
    groups: dict[str, list[TimeSeries]] = {}
    for one in series:
        groups.setdefault(_tagged(one.tags["name"] if "name" in tags else common, one, tags), []).append(one)
    return [replace(one, expression=one.name, tags=_tags_in(one.name)) for one in _combined(context, groups, callback)]


def _tagged(name: str, series: TimeSeries, tags: Collection[str]) -> str:
    return ";".join([name, *sorted(f"{tag}={series.tags.get(tag, '')}" for tag in tags if tag != "name")])


def _tags_in(key: str) -> dict[str, str]:
    name, *tags = key.split(";")
    return {"name": name, **{tag: value for tag, _, value in (one.partition("=") for one in tags)}}


def _combined(context: Context, groups: Mapping[str, list[TimeSeries]], callback: str) -> list[TimeSeries]:
    return [replace(_called_back(context, callback, group), name=key) for key, group in groups.items()]


def _called_back(context: Context, callback: str, series: list[TimeSeries]) -> TimeSeries:
    """The first that the function or aggregation ``callback`` makes of ``series``."""
    if context.evaluator.has(callback):
        return _first(context.call(callback, series), callback)
    return _first(combine(context, series, callback), callback)


def _first(result: Sequence[object], function: str) -> TimeSeries:
    if not result or not isinstance(result[0], TimeSeries):
        raise QueryError(f"{function} makes no series of its arguments here, where one is wanted")
    return result[0]


@_grouping(
    "aggregateWithWildcards",
    params=[_SERIES, Param("func", Kind.AGGREGATION, required=True), _POSITIONS],
    commutes=lambda given: commuting(given["func"] or ""),
)
def aggregate_with_wildcards(context: Context, series: list[TimeSeries], how: str, *positions: int) -> list[TimeSeries]:
    """Combines series whose names differ in the nodes `position` alone by the aggregation `func`. They are called by the nodes
    that are left.
    """
    return _with_wildcards(context, series, how, *positions)


def _with_wildcards(context: Context, series: list[TimeSeries], how: str, *positions: int) -> list[TimeSeries]:
    groups: dict[str, list[TimeSeries]] = {}
    for one in series:
        nodes = enumerate(one.name.split("."))
        groups.setdefault(".".join(node for at, node in nodes if at not in positions), []).append(one)
    return [replace(combined, name=key) for key, group in groups.items() for combined in combine(context, group, how)]


@_grouping("sumSeriesWithWildcards", params=[_SERIES, _POSITIONS], commutes=LINEAR)
def sum_with_wildcards(context: Context, series: list[TimeSeries], *positions: int) -> list[TimeSeries]:
    """Adds series whose names differ in the nodes `position` alone."""
    return _with_wildcards(context, series, "sum", *positions)


@_grouping("averageSeriesWithWildcards", params=[_SERIES, _POSITIONS], commutes=LINEAR)
def average_with_wildcards(context: Context, series: list[TimeSeries], *positions: int) -> list[TimeSeries]:
    """The mean of series whose names differ in the nodes `position` alone."""
    return _with_wildcards(context, series, "average", *positions)


@_grouping("multiplySeriesWithWildcards", params=[_SERIES, _POSITIONS])
def multiply_with_wildcards(context: Context, series: list[TimeSeries], *positions: int) -> list[TimeSeries]:
    """The product of series whose names differ in the nodes `position` alone."""
    return _with_wildcards(context, series, "multiply", *positions)


@function(
    "applyByNode",
    group="Combine",
    params=[
        _SERIES,
        Param("nodeNum", Kind.NODE, required=True),
        Param("templateFunction", Kind.STRING, required=True),
        Param("newName", Kind.STRING),
    ],
    keeps_step=False,
)
def apply_by_node(context: Context, series: list[TimeSeries], node: int, template: str, new_name: str | None) -> list[TimeSeries]:
    """Evaluates the target `templateFunction` once for each beginning of the series' names up to the node `nodeNum`, which stands
    for `%` in the target and in `newName`.
    """
    prefixes = sorted({".".join(one.name.split(".")[: node + 1]) for one in series})
    # What it reads is not what it is applied to, so leave to read that coarser says nothing.
    results = replace(context, coarse=None).targets([template.replace("%", prefix) for prefix in prefixes])
    return [
        # As in Graphite all have the range of the last series.
        replace(
            one,
            name=new_name.replace("%", prefix) if new_name else one.name,
            expression=prefix,
            start=series[-1].start,
            stop=series[-1].stop,
        )
        for prefix, found in zip(prefixes, results, strict=True)
        for one in found
    ]


@function(
    "mapSeries", "map", group="Combine", params=[_SERIES, Param("mapNodes", Kind.NODE_OR_TAG, required=True, multiple=True)]
)
def map_series(_: Context, series: list[TimeSeries], *nodes: object) -> Any:  # lists of series
    """A list for each group of series that have all of `mapNodes` in common. Only `reduceSeries` takes such lists."""
    return list(grouped(series, nodes).values())


@function(
    "reduceSeries",
    "reduce",
    group="Combine",
    params=[
        Param("seriesLists", Kind.SERIES_LISTS, required=True),
        Param("reduceFunction", Kind.STRING, required=True),
        Param("reduceNode", Kind.NODE, required=True),
        Param("reduceMatchers", Kind.STRING, required=True, multiple=True),
    ],
)
def reduce_series(context: Context, lists: list[list[TimeSeries]], function: str, node: int, *matchers: str) -> list[TimeSeries]:
    """Calls `reduceFunction` once for each of the lists that `mapSeries` makes. Its arguments are the series whose node
    `reduceNode` is the first of `reduceMatchers`, the second, and so on.
    """
    groups: dict[str, dict[str, TimeSeries]] = {}
    for one in joined(lists):
        before, name = _split(one.name, node)
        if name in matchers:
            groups.setdefault(f"{before}.reduce.{function}", {})[name] = one
    return [replace(_reduced(context, function, group, matchers), name=key) for key, group in groups.items()]


def _split(name: str, node: int) -> tuple[str, str]:
    """What stands before a node, and that itself."""
    nodes = name.split(".")
    if not -len(nodes) <= node < len(nodes):
        raise QueryError(f"reduceSeries: {name[:200]!r} has no node reduceNode={node}")
    return ".".join(nodes[:node]), nodes[node]


def _reduced(context: Context, function: str, group: Mapping[str, TimeSeries], matchers: Sequence[str]) -> TimeSeries:
    missing = [matcher for matcher in matchers if matcher not in group]
    if missing:
        beside = next(iter(group.values())).name
        raise QueryError(f"reduceSeries: there is no series for reduceMatchers={missing[0][:200]!r} beside {beside[:200]!r}")
    return _first(context.call(function, *[[group[matcher]] for matcher in matchers]), function)


@function("seriesByTag", group="Special", params=[Param("tagExpressions", Kind.STRING, required=True, multiple=True)])
def series_by_tag(_: Context, *questions: str) -> list[TimeSeries]:
    """Series that answer all of `tagExpressions`: `tag=value`, `tag!=value`, and with a regular expression `tag=~value` and
    `tag!=~value`. At least one of them must ask for a value.
    """
    # A target's seriesByTag(...) is read as a path, and never called.
    raise QueryError(f"seriesByTag cannot be called by another function: {', '.join(questions)[:200]}")


FUNCTIONS: Final = (
    aggregate_with_wildcards,
    apply_by_node,
    average_with_wildcards,
    group_by_node,
    group_by_nodes,
    group_by_tags,
    map_series,
    multiply_with_wildcards,
    reduce_series,
    series_by_tag,
    sum_with_wildcards,
)

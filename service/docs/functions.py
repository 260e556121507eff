"""docs/functions.md: what targets may call, from the table of functions."""

from __future__ import annotations

from typing import Final, NamedTuple

from ...render.function import ALWAYS, Function
from ...render.parameters import Kind
from ...render.table import functions

_HEAD: Final = """\
# Functions

Targets may call every function of graphite-web 1.1.10, by the same names and with the same arguments: `sumSeries(a.*)`, or
`a.*|sumSeries()`. The same target gives the same series: names, tags, times and values. `/functions` has this list for
query editors.

*Coarser points* says when a graph of fewer points than there are values may be drawn from the points of a coarser step below the
function. That is so where it shows the same: always, or if several values become one by `average`, `sum`, `max` or `min`. A
path is read at a coarser step only if all functions around it agree, and never with `[query] coarse_reads = false`.
"""

_DIFFERENCES_HEAD: Final = """
## Differences to graphite-web 1.1.10

Only where graphite-web is wrong. Each example is sent to both by the test suite, which looks whether they still differ.

| graphite-web | Cadent | for example |
|---|---|---|
"""


class Difference(NamedTuple):
    """``examples``: targets at which the two differ, and after `` ## `` what else the request asks."""

    theirs: str
    ours: str
    examples: tuple[str, ...]


DIFFERENCES: Final = (
    Difference(
        "It reads a target as far as that makes sense to it and leaves the rest out. A call of named arguments alone makes none.",
        "The rest is refused, with the place. Named arguments alone are taken.",
        ("scale(d.host1.cpu.user,)", "constantLine(value=123.456)"),
    ),
    Difference(
        "It finds no series for a path that is given by name.",
        "An argument that is given by name is read like any other.",
        ("fallbackSeries(d.nothing, fallback=d.const.*)", "movingAverage(seriesList=d.host1.cpu.user,windowSize=5)"),
    ),
    Difference(
        "A function that reads its argument for other times loses the pipes in it.",
        "The argument is the same for all times.",
        ("timeShift(d.host1.cpu.user|scale(2),'10min')",),
    ),
    Difference(
        "Times in a target count from its own clock, and some in its own zone, whatever `now` and `tz` the request has.",
        "They count from `now`, in the request's zone.",
        ("timeSlice(d.host1.cpu.user,'-30min')", "verticalLine('-5min', 'x')", "time('x') ## tz=Europe/Berlin"),
    ),
    Difference(
        "It compares gaps, and series or tags that are not there, as if they were: an internal error.",
        "A gap is no value, a tag that is not there is empty.",
        (
            "useSeriesAbove(d.*.cpu.user, 10, 'user$', 'system')",
            "removeBetweenPercentile(d.*.cpu.*, 80)",
            "perSecond(d.counter.gaps,minValue=0)",
            "groupByTags(seriesByTag('name=disk.free'), 'sum', 'rack')",
        ),
    ),
    Difference(
        "Arguments and values at the end of their range are an internal error.",
        "They give the number that they lead to, or a sentence that says what is wrong.",
        ("exp(d.size.huge)", "timeShift(d.host1.cpu.user,'')", "percentileOfSeries(d.host*.cpu.*, 100, true)"),
    ),
    Difference(
        "`delay` by 0 slots loses all values.",
        "It changes nothing.",
        ("delay(d.host1.cpu.user,0)",),
    ),
    Difference(
        "`transformNull` loses the values of a series that has fewer slots than its reference.",
        "A series keeps its values.",
        ("transformNull(d.slow.gaps,5,d.host1.cpu.user)",),
    ),
    Difference(
        "Once a huge value has gone through `stdev`, what rounding left of it stays in all later points.",
        "Each point is computed from the values of its window alone.",
        ("stdev(d.size.tiny_after_huge,5)",),
    ),
    Difference(
        "A `verticalLine` without a label has `null` for its name.",
        "Its name is empty.",
        ("verticalLine('12:00_20131108')",),
    ),
)


def functions_page() -> str:
    """docs/functions.md."""
    groups: dict[str, dict[tuple[str, ...], Function]] = {}
    for one in functions().values():
        groups.setdefault(one.group, {})[one.names] = one
    tables = [_group(name, list(groups[name].values())) for name in sorted(groups)]
    return _HEAD + "".join(tables) + _DIFFERENCES_HEAD + "".join(map(_difference, DIFFERENCES))


def _group(name: str, members: list[Function]) -> str:
    rows = "".join(map(_row, sorted(members, key=lambda one: one.names[0].lower())))
    return f"\n## {name}\n\n| function | what it gives | coarser points |\n|---|---|---|\n{rows}"


def _row(function: Function) -> str:
    calls = "<br>".join(f"`{function.signature(name)}`" for name in function.names)
    return f"| {calls} | {_cell(function.description)} | {_coarser(function)} |\n"


def _coarser(function: Function) -> str:
    if not any(param.kind in (Kind.SERIES, Kind.SERIES_LISTS) for param in function.params):
        return ""
    if callable(function.commutes):
        return "by its arguments"
    if function.commutes == ALWAYS:
        return "always"
    return ", ".join(function.commutes)


def _difference(one: Difference) -> str:
    examples = "<br>".join(f"`{_cell(example)}`".replace(" ## ", "` with `") for example in one.examples)
    return f"| {_cell(one.theirs)} | {_cell(one.ours)} | {examples} |\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")

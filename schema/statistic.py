"""Which statistic of a point a query shows when it does not say."""

from __future__ import annotations

import enum
import re


class Statistic(str, enum.Enum):
    """A statistic of a point. ``mean`` is derived: sum / count."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    MEAN = "mean"

    __str__ = str.__str__


_SUFFIX_WORDS = {
    Statistic.SUM: ("count", "counts", "sum", "errors", "requests", "total"),
    Statistic.MAX: ("max", "upper"),
    Statistic.MIN: ("min", "lower"),
    Statistic.LAST: ("last", "gauge"),
}
_PREFIX_WORDS = {
    Statistic.SUM: ("sum", "count"),
    Statistic.MAX: ("upper",),
    Statistic.MIN: ("lower",),
}
_SUFFIX = {word: statistic for statistic, words in _SUFFIX_WORDS.items() for word in words}
_PREFIX = {word: statistic for statistic, words in _PREFIX_WORDS.items() for word in words}
_LOWER_TO_UPPER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def guess_statistic(path: str) -> Statistic:
    """The statistic that the last segment of ``path`` names, else mean."""
    named = named_statistic(path)
    return Statistic.MEAN if named is None else named[1]


def named_statistic(path: str) -> tuple[str, Statistic] | None:
    """The word in the last segment of ``path`` that names a statistic, and which: the last word, else the first.

    A word ends at ``_``, ``-`` or ``.`` and where lower case turns to upper (``errorCount``), so that
    ``account``, ``discount`` and ``admin`` name none. Tags do not count.
    """
    segment = path.partition(";")[0].rpartition(".")[2]
    last = re.split(r"[_-]", _LOWER_TO_UPPER.sub("_", segment).lower())[-1]
    if last in _SUFFIX:
        return last, _SUFFIX[last]
    first, underscore, _ = segment.lower().partition("_")
    if underscore and first in _PREFIX:
        return first, _PREFIX[first]
    return None

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
    """The statistic that the last segment of ``path`` names as its last word, else its first word, else mean.

    A word ends at ``_``, ``-`` or ``.`` and where lower case turns to upper (``errorCount``), so that
    ``account``, ``discount`` and ``admin`` stay means. Tags do not count.
    """
    segment = path.partition(";")[0].rpartition(".")[2]
    words = re.split(r"[_-]", _LOWER_TO_UPPER.sub("_", segment).lower())
    if words[-1] in _SUFFIX:
        return _SUFFIX[words[-1]]
    prefix, underscore, _ = segment.lower().partition("_")
    if underscore and prefix in _PREFIX:
        return _PREFIX[prefix]
    return Statistic.MEAN

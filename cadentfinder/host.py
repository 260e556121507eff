"""The program the finder runs in, graphite-web or graphite-api, and its words for nodes, intervals and bad queries."""

from __future__ import annotations

import sys
from typing import Any, Callable, NamedTuple

# Cadent answers for any time; finite, because graphite-web writes intervals as JSON.
_ALL_TIME = (0, 2**32 - 1)


class Host(NamedTuple):
    """``bad_query(sentence)`` is the exception that the host shows as a 400. ``finds_by_time``: it finds to list paths, not to
    fetch them afterwards, which must give nulls for one that is silent."""

    branch: Callable[[str], Any]
    leaf: Callable[[str, Any], Any]
    all_time: Any
    bad_query: Callable[[str], Exception]
    finds_by_time: bool


def base_class() -> Any:
    """What a finder derives from: graphite-web overwrites ``fetch`` of one that is no BaseFinder."""
    if _inside_graphite_api():
        return object
    try:
        from graphite.finders.utils import BaseFinder  # type: ignore[import-not-found]
    except ImportError:
        return object
    return BaseFinder


def current() -> Host:
    """Raises RuntimeError where there is neither graphite-web nor graphite-api."""
    if _inside_graphite_api():
        return _graphite_api()
    try:
        return _graphite_web()
    except ImportError:
        raise RuntimeError("CadentFinder runs inside graphite-web or graphite-api; neither can be imported here") from None


def _inside_graphite_api() -> bool:
    # Both may be installed side by side; graphite-api has loaded itself by the time it loads its finders.
    return "graphite_api" in sys.modules


def _graphite_web() -> Host:
    from graphite.errors import InputParameterError  # type: ignore[import-not-found]
    from graphite.intervals import Interval, IntervalSet  # type: ignore[import-not-found]
    from graphite.node import BranchNode, LeafNode  # type: ignore[import-not-found]

    return Host(BranchNode, LeafNode, IntervalSet([Interval(*_ALL_TIME)]), InputParameterError, True)


def _graphite_api() -> Host:
    from graphite_api.intervals import Interval, IntervalSet  # type: ignore[import-not-found]
    from graphite_api.node import BranchNode, LeafNode  # type: ignore[import-not-found]
    from werkzeug.exceptions import BadRequest

    class CadentLeaf(LeafNode):  # type: ignore[misc]
        """graphite-api hands all leaves with one key to the finder with that key, in one call."""

        __slots__ = ()
        __fetch_multi__ = "cadent"

    class BadQueryError(BadRequest, ValueError):
        """graphite-api has no error of its own for this; Flask answers 400 instead of a traceback."""

    return Host(BranchNode, CadentLeaf, IntervalSet([Interval(*_ALL_TIME)]), BadQueryError, False)

"""CadentFinder, which graphite-web 1.1 and graphite-api 1.1 load by name."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, Sequence, Tuple

from . import host, settings
from .binary import Values
from .client import Client
from .errors import QueryError

TimeInfo = Tuple[int, int, int]  # start, end, step in unix seconds; end - start is a multiple of step

_Base: Any = host.base_class()


class CadentFinder(_Base):  # type: ignore[misc]
    """Finds and fetches from Cadent. Threads and requests share one; nothing is asked before the first query."""

    __fetch_multi__ = "cadent"
    tags = True  # graphite-web hands over seriesByTag as it is, and asks for completions

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        """graphite-api hands over its whole yaml ``config``; graphite-web hands over nothing."""
        super().__init__()
        self._host = host.current()
        self._client = Client(settings.load((config or {}).get("cadent")))

    def find_nodes(self, query: Any) -> Iterable[Any]:
        """The nodes that match ``query.pattern``, a path that is both leaf and branch twice."""
        times = (query.startTime, query.endTime) if self._host.finds_by_time else ()
        try:
            found = self._client.find(query.pattern, *times)
        except QueryError as error:
            return _Postponed(self._host.bad_query(str(error)))
        branches = [self._host.branch(node.path) for node in found if node.branch]
        leaves = [self._host.leaf(node.path, Reader(self, node.path)) for node in found if node.leaf]
        return branches + leaves

    def fetch(
        self,
        patterns: Sequence[str],
        start_time: int,
        end_time: int,
        now: int | None = None,
        requestContext: Any = None,
    ) -> Iterable[dict[str, Any]]:
        """graphite-web's batch: all patterns of a graph in one request, each series with its own grid. A pattern may be a call of
        ``seriesByTag``."""
        if not patterns:
            return []
        try:
            answer = self._client.metrics(patterns, start_time, end_time)
        except QueryError as error:
            return _Postponed(self._host.bad_query(str(error)))
        return [
            {
                "pathExpression": series.target,
                "name": series.path,
                "path": series.path,
                "time_info": (series.start, series.end, series.step),
                "values": series.values,
            }
            for series in answer
        ]

    def fetch_multi(
        self,
        nodes: Iterable[Any],
        start_time: int,
        end_time: int,
        now: int | None = None,
        requestContext: Any = None,
    ) -> tuple[TimeInfo, dict[str, Values]]:
        """graphite-api's batch. It knows one grid for all series, so Cadent brings them to their common step."""
        try:
            answer = self._client.aligned_metrics([node.path for node in nodes], start_time, end_time)
        except QueryError as error:
            raise self._host.bad_query(str(error)) from None
        if not answer:
            return (start_time, start_time, 1), {}
        first = answer[0]
        return (first.start, first.end, first.step), {series.path: series.values for series in answer}

    def fetch_one(self, path: str, start_time: int, end_time: int) -> tuple[TimeInfo, Values] | None:
        """What a node's reader gives; None for a path that is not there."""
        try:
            answer = self._client.metrics([path], start_time, end_time)
        except QueryError as error:
            raise self._host.bad_query(str(error)) from None
        if not answer:
            return None
        series = answer[0]
        return (series.start, series.end, series.step), series.values

    def get_index(self, requestContext: Any = None) -> list[str]:
        """Every path, one request for each depth of the tree: a pattern matches at its own depth alone."""
        paths: list[str] = []
        pattern = "*"
        while pattern:
            found = self._client.find(pattern)
            paths += [node.path for node in found if node.leaf]
            pattern = pattern + ".*" if any(node.branch for node in found) else ""
        return sorted(paths)

    def auto_complete_tags(
        self,
        exprs: Sequence[str],
        tagPrefix: str | None = None,
        limit: int | None = None,
        requestContext: Any = None,
    ) -> Iterable[str]:
        """Tags of the series that the expressions select, without those they are about."""
        try:
            return self._client.complete_tags(exprs, tagPrefix, limit)
        except QueryError as error:
            return _Postponed(self._host.bad_query(str(error)))

    def auto_complete_values(
        self,
        exprs: Sequence[str],
        tag: str,
        valuePrefix: str | None = None,
        limit: int | None = None,
        requestContext: Any = None,
    ) -> Iterable[str]:
        """Values that those series have for ``tag``."""
        try:
            return self._client.complete_values(exprs, tag, valuePrefix, limit)
        except QueryError as error:
            return _Postponed(self._host.bad_query(str(error)))

    def all_time(self) -> Any:
        """The host's interval set of a leaf."""
        return self._host.all_time


class Reader:
    """The data of one leaf, for those who fetch node by node."""

    __slots__ = ("_finder", "_path")

    def __init__(self, finder: CadentFinder, path: str) -> None:
        self._finder = finder
        self._path = path

    def __repr__(self) -> str:
        return "<cadent Reader {}>".format(self._path)

    def get_intervals(self) -> Any:
        return self._finder.all_time()

    def fetch(
        self,
        start_time: int,
        end_time: int,
        now: int | None = None,
        requestContext: Any = None,
    ) -> tuple[TimeInfo, Values] | None:
        return self._finder.fetch_one(self._path, start_time, end_time)


class _Postponed:
    """Raises when it is iterated. graphite-web runs a finder as a job and turns whatever the job raises into a 500;
    it iterates the job's result later, in the request's own thread, where a bad query becomes a 400."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        raise self._error

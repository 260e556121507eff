"""Cadent's find, metrics and completions of tags, from the first of its URLs that answers."""

from __future__ import annotations

import http.client
import json
import time
from typing import Callable, Iterable, List, NamedTuple, Tuple, TypeVar
from urllib.parse import urlencode

from . import binary
from .errors import NoAnswerError, QueryError
from .server import Server
from .settings import Settings

T = TypeVar("T")
Form = List[Tuple[str, object]]

# Of the 4xx these speak of the URL or of the moment; the others, of the query.
_NOT_THE_QUERY = frozenset([401, 403, 404, 405, 407, 408, 425, 429])

_FIRST_SHARE = 0.75  # of the time left, while another URL remains to be tried
_CONNECT_SHARE = 0.2  # of the whole: a host that is gone does not say so


class Node(NamedTuple):
    """A node of the tree: a leaf has data, a branch has children; a path may be both."""

    path: str
    leaf: bool
    branch: bool


class Client:
    """Any thread. Every call ends within ``settings.timeout_s``, with an answer, QueryError or NoAnswerError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._servers = [Server(url) for url in settings.urls]
        self._preferred = 0

    def find(self, pattern: str, start: int | None = None, end: int | None = None) -> list[Node]:
        """The nodes at exactly the pattern's depth."""
        form: Form = [("query", pattern)]
        form += [(name, int(value)) for name, value in (("from", start), ("until", end)) if value is not None]
        return self._ask("/find", form, _read_nodes)

    def metrics(self, targets: Iterable[str], start: int, end: int) -> list[binary.Series]:
        """The series that match, each on its own grid; a path once for each target that matches it."""
        return self._ask("/metrics", _metrics_form(targets, start, end), binary.read_series)

    def aligned_metrics(self, targets: Iterable[str], start: int, end: int) -> list[binary.Series]:
        """As ``metrics``, all series on one common grid."""
        return self._ask("/metrics", [*_metrics_form(targets, start, end), ("align", 1)], binary.read_series)

    def complete_tags(self, expressions: Iterable[str], prefix: str | None, limit: int | None) -> list[str]:
        """Tags of the series that the expressions select, sorted; Cadent's own limit if there is none."""
        form = _completion_form(expressions, ("tagPrefix", prefix), ("limit", limit))
        return self._ask("/tags/autoComplete/tags", form, _read_texts)

    def complete_values(self, expressions: Iterable[str], tag: str, prefix: str | None, limit: int | None) -> list[str]:
        """Values of ``tag`` in those series, sorted."""
        form = _completion_form(expressions, ("tag", tag), ("valuePrefix", prefix), ("limit", limit))
        return self._ask("/tags/autoComplete/values", form, _read_texts)

    def _ask(self, route: str, form: Form, read: Callable[[bytes], T]) -> T:
        if self._settings.timezone:
            form = [*form, ("tz", self._settings.timezone)]
        encoded = urlencode(form).encode("ascii")
        deadline = time.monotonic() + self._settings.timeout_s
        failures = []
        for left, number in self._order():
            server = self._servers[number]
            try:
                answer = self._ask_one(server, route, encoded, read, _by(deadline, left))
            except QueryError:
                raise
            except (OSError, http.client.HTTPException, LookupError, TypeError, ValueError) as error:
                failures.append("{}: {}".format(server.url, _reason(error)))
            else:
                self._preferred = number
                return answer
        raise NoAnswerError("no Cadent answered {}: {}".format(route, "; ".join(failures)))

    def _order(self) -> Iterable[tuple[int, int]]:
        """(how many remain after this one, its number), the last that answered first."""
        count, first = len(self._servers), self._preferred
        return [(count - turn - 1, (first + turn) % count) for turn in range(count)]

    def _ask_one(self, server: Server, route: str, form: bytes, read: Callable[[bytes], T], deadline: float) -> T:
        connect_s = max(0.001, min(deadline - time.monotonic(), self._settings.timeout_s * _CONNECT_SHARE))
        status, body = server.post(route, form, connect_s, deadline)
        if status == http.client.OK:
            return read(body)
        sentence = _sentence(body)
        if 400 <= status < 500 and status not in _NOT_THE_QUERY:
            raise QueryError(sentence or "HTTP {}".format(status))
        raise http.client.HTTPException("HTTP {} {}".format(status, sentence).strip())


def _by(deadline: float, others_left: int) -> float:
    if not others_left:
        return deadline
    now = time.monotonic()
    return now + (deadline - now) * _FIRST_SHARE


def _metrics_form(targets: Iterable[str], start: int, end: int) -> Form:
    form: Form = [("target", target) for target in targets]
    return [*form, ("from", int(start)), ("to", int(end)), ("format", "binary")]


def _completion_form(expressions: Iterable[str], *more: Tuple[str, object]) -> Form:
    form: Form = [("expr", expression) for expression in expressions]
    return [*form, *((name, value) for name, value in more if value is not None)]


def _read_texts(body: bytes) -> list[str]:
    return ["".join(text) for text in json.loads(body.decode("utf-8"))]


def _read_nodes(body: bytes) -> list[Node]:
    return [Node(node["path"], bool(node["leaf"]), bool(node["expandable"])) for node in json.loads(body.decode("utf-8"))]


def _reason(error: Exception) -> str:
    if isinstance(error, (OSError, http.client.HTTPException)):
        return str(error) or type(error).__name__
    return "its answer makes no sense: {!r}".format(error)


def _sentence(body: bytes) -> str:
    """What an error answer says, short enough for a log line."""
    text = body[:1_000].decode("utf-8", "replace").strip()
    return " ".join(text.split())[:500]

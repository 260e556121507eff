"""Graphite's routes for tags, at the root."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from ..schema import regex
from ..schema.changes import Changes, Deletion
from ..schema.errors import WriterGone
from ..schema.tags import TagExpression, canonical, parse_expressions
from .admin import refusal
from .answer import answer, refuse
from .backend import METHODS, Backend
from .params import Params

# Values of which a completion shows so many, unless it is asked for more.
_COMPLETIONS = 100

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS

_MANY = ("expr", "expr[]")  # of the second kind are those that some programs make of a list
_PATHS = ("path", "path[]")

T = TypeVar("T")


def routes(backend: Backend, changes: Changes, token: str) -> Blueprint:
    """``/tags`` and what lies below. To delete needs the ``token``."""
    blueprint = Blueprint("tags", __name__, url_prefix="/tags")
    blueprint.register_error_handler(WriterGone, lambda error: refuse(503, str(error)))
    _add_questions(blueprint, backend)
    _add_completions(blueprint, backend)
    _add_changes(blueprint, changes, token)
    return blueprint


def completions(backend: Backend) -> Blueprint:
    """Those alone, for the finder, which knows nothing but the base path."""
    blueprint = Blueprint("completions", __name__)
    _add_completions(blueprint, backend)
    return blueprint


def _add_questions(blueprint: Blueprint, backend: Backend) -> None:
    index = backend.index

    @blueprint.route("/")
    def tags() -> Response:
        params = Params.of(request)
        wanted = regex.compile(params.text("filter"))
        return _json(params, [{"tag": tag} for tag in _first(filter(wanted.match, index.tags([])), params)])

    @blueprint.route("/<path:tag>")
    def details(tag: str) -> Response:
        params = Params.of(request)
        if tag not in index.tags([]):
            return _json(params, None)
        wanted = [TagExpression(tag, "=~", pattern) for pattern in [params.text("filter")] if pattern]
        values = [{"value": value, "count": count} for value, count in _first(index.tag_values(tag, wanted), params)]
        return _json(params, {"tag": tag, "values": values})

    @blueprint.route("/findSeries", methods=METHODS)
    def find_series() -> Response:
        params = Params.of(request)
        expressions = parse_expressions(params.every(*_MANY))
        found = index.tagged(expressions, backend.reader.limits.max_nodes)
        return _json(params, [match.path for match in _first(found, params)])


def _add_completions(blueprint: Blueprint, backend: Backend) -> None:
    index = backend.index

    @blueprint.route("/autoComplete/tags", methods=METHODS)
    def complete_tags() -> Response:
        params = Params.of(request)
        expressions, prefix = _expressions(params), params.text("tagPrefix")
        asked = {expression.tag for expression in expressions}
        fitting = (tag for tag in index.tags(expressions) if tag.startswith(prefix) and tag not in asked)
        return _json(params, list(_first(fitting, params, _COMPLETIONS)))

    @blueprint.route("/autoComplete/values", methods=METHODS)
    def complete_values() -> Response:
        params = Params.of(request)
        tag = params.every("tag")[-1]
        found = index.tag_values(tag, _expressions(params, f"{tag}!="), params.text("valuePrefix"))
        return _json(params, [value for value, _ in _first(found, params, _COMPLETIONS)])


def _add_changes(blueprint: Blueprint, changes: Changes, token: str) -> None:
    @blueprint.route("/tagSeries", methods=["POST"])
    def tag_series() -> Response:
        params = Params.of(request)
        return _json(params, changes.create([canonical(params.every("path")[-1])])[0])

    @blueprint.route("/tagMultiSeries", methods=["POST"])
    def tag_multi_series() -> Response:
        params = Params.of(request)
        return _json(params, changes.create([canonical(path) for path in params.every(*_PATHS)]))

    @blueprint.route("/delSeries", methods=["POST"])
    def delete_series() -> Response:
        params = Params.of(request)
        refused = refusal(token)
        if refused is not None:
            return refused
        changes.delete(Deletion([canonical(path) for path in params.every(*_PATHS)]))
        return _json(params, content=True)

    # Otherwise they would be taken for tags.
    @blueprint.route("/<any(tagSeries, tagMultiSeries, delSeries):change>")
    def refuse_get(change: str) -> Response:  # noqa: ARG001 -- Flask hands over what stands in the URL
        raise MethodNotAllowed(["POST"])


def _expressions(params: Params, *more: str) -> list[TagExpression]:
    """Those that were given and ``more``; none at all if none was given."""
    given = params.some(*_MANY)
    return parse_expressions([*given, *more]) if given else []


def _first(found: Iterable[T], params: Params, most: int | None = None) -> Iterable[T]:
    """As many as ``limit`` says, or else at most ``most``; 0 is no limit, as in Graphite."""
    limit = params.whole("limit", least=0)
    return islice(found, (most if limit is None else limit) or None)


def _json(params: Params, content: object) -> Response:
    return answer([orjson.dumps(content, option=_PRETTY if params.text("pretty") else None)])

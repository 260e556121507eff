"""Graphite's own routes, at the root."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from ..schema.errors import QueryError
from . import encode
from .answer import TEXT, answer
from .backend import METHODS, Backend
from .params import Params, day_range, fetch_query

# The release whose routes and answers these are; clients look here for what they may ask.
GRAPHITE_VERSION = "1.1.10"

_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")


def routes(backend: Backend) -> Blueprint:
    """``/metrics/find``, ``/metrics/expand``, ``/render`` and ``/version``."""
    blueprint = Blueprint("graphite", __name__)
    limit = backend.reader.limits.max_nodes

    @blueprint.route("/metrics/find", methods=METHODS)
    def find() -> Response:
        params = Params.of(request)
        query = params.every("query")[-1]
        seen = day_range(params, backend.now(), backend.timezone)
        if params.choice("format", "treejson", "json") == "json":
            return answer([backend.index.find_json(query, limit, seen)])
        return answer([backend.index.tree_json(query, limit, seen)])

    @blueprint.route("/metrics/expand", methods=METHODS)
    def expand() -> Response:
        params = Params.of(request)
        leaves_only = params.flag("leavesOnly")
        paths = {
            query: {node.path for node in backend.index.find(query, limit) if node.id is not None or not leaves_only}
            for query in params.every("query")
        }
        if params.flag("groupByExpr"):
            return answer(encode.results_json({query: sorted(found) for query, found in paths.items()}))
        return answer(encode.results_json(sorted(set().union(*paths.values()))))

    @blueprint.route("/render", methods=METHODS)
    def render() -> Response:
        params = Params.of(request)
        params.choice("format", "json")
        query = fetch_query(params, backend.now(), backend.timezone, align=False, default_from="-24h")
        for target in query.targets:
            _refuse_calls(target)
        deadline = backend.deadline()
        found = backend.reader.fetch(query, deadline)
        return answer(encode.render_json(found, deadline), missing=found.missing)

    @blueprint.route("/version", methods=METHODS)
    def version() -> Response:
        return answer([GRAPHITE_VERSION.encode()], TEXT)

    return blueprint


def _refuse_calls(target: str) -> None:
    call = _CALL.search(target)
    if call:
        raise QueryError(f"the function {call[1]} is not known; a target is a path or a glob, got {target[:200]!r}")

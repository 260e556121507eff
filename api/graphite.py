"""Graphite's own routes, at the root."""

from __future__ import annotations

from flask import Blueprint, Response, request

from . import encode
from .answer import TEXT, answer
from .backend import METHODS, Backend
from .params import Params, day_range

# The release whose routes and answers these are; clients look here for what they may ask.
GRAPHITE_VERSION = "1.1.10"


def routes(backend: Backend) -> Blueprint:
    """``/metrics/find``, ``/metrics/expand`` and ``/version``."""
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

    @blueprint.route("/version", methods=METHODS)
    def version() -> Response:
        return answer([GRAPHITE_VERSION.encode()], TEXT)

    return blueprint

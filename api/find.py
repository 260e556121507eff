"""Routes below the base path that list paths."""

from __future__ import annotations

from flask import Blueprint, Response, request

from .answer import answer
from .backend import METHODS, Backend
from .encode import results_json
from .params import Params, day_range


def routes(backend: Backend) -> Blueprint:
    """``find`` and its alias ``paths``; ``expand``."""
    blueprint = Blueprint("find", __name__)
    limit = backend.reader.limits.max_nodes

    @blueprint.route("/find", methods=METHODS)
    @blueprint.route("/paths", methods=METHODS)
    def find() -> Response:
        params = Params.of(request)
        seen = day_range(params, backend.now(), backend.timezone)
        return answer([backend.index.find_json(params.every("query")[-1], limit, seen)])

    @blueprint.route("/expand", methods=METHODS)
    def expand() -> Response:
        queries = Params.of(request).every("query")
        paths = {match.path for query in queries for match in backend.index.find(query, limit)}
        return answer(results_json(sorted(paths)))

    return blueprint

"""Routes below the base path that answer with points."""

from __future__ import annotations

from flask import Blueprint, Response, request

from . import encode
from .answer import BINARY, answer
from .backend import METHODS, Backend
from .params import Params, fetch_query


def routes(backend: Backend) -> Blueprint:
    """``metrics`` and ``rawrender``."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.route("/metrics", methods=METHODS)
    def metrics() -> Response:
        params = Params.of(request)
        as_json = params.choice("format", "json", "binary") == "json"
        query = fetch_query(params, backend.now(), backend.timezone, align=as_json or params.flag("align"))
        deadline = backend.deadline()
        found = backend.reader.fetch(query, deadline)
        if as_json:
            return answer(encode.series_json(query, found, deadline), missing=found.missing)
        return answer(encode.binary(query, found), BINARY, missing=found.missing)

    @blueprint.route("/rawrender", methods=METHODS)
    def rawrender() -> Response:
        params = Params.of(request)
        params.choice("format", "json")
        query = fetch_query(params, backend.now(), backend.timezone, align=params.flag("align"))
        deadline = backend.deadline()
        found = backend.reader.points(query, deadline)
        return answer(encode.points_json(query, found, deadline), missing=found.missing)

    return blueprint

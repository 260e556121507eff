"""``/functions``: what a target may call, for query editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from ..render import aggregation
from ..render.function import Function
from ..render.parameters import Kind, Param
from ..render.table import functions
from .answer import answer, refuse
from .params import Params

# JSON has no infinity, but every reader takes so large a number for one.
_INFINITY: Final = '"default": Infinity'
_LARGE: Final = '"default": 1e9999'

# What an editor offers where a function combines series by an aggregation or by another function.
_COMBINING: Final = (
    "asPercent",
    "averageSeries",
    "averageSeriesWithWildcards",
    "countSeries",
    "diffSeries",
    "diffSeriesLists",
    "maxSeries",
    "minSeries",
    "multiplySeries",
    "multiplySeriesLists",
    "multiplySeriesWithWildcards",
    "pct",
    "powSeries",
    "rangeOfSeries",
    "stddevSeries",
    "sumSeries",
    "sumSeriesLists",
    "sumSeriesWithWildcards",
)
# How large a series' slice of a pie is.
_SLICES: Final = {
    "average": "The average of a series.",
    "maximum": "The maximum of a series.",
    "minimum": "The minimum of a series.",
}

_OPTIONS: Final = {
    Kind.AGGREGATION: aggregation.NAMES,
    Kind.AGGREGATION_OR_FUNCTION: (*aggregation.NAMES, *_COMBINING),
}


def routes() -> Blueprint:
    """``/functions`` and ``/functions/<name>``."""
    blueprint = Blueprint("functions", __name__)

    @blueprint.route("/functions", methods=["GET"])
    def every() -> Response:
        params = Params.of(request)
        group = params.text("group")
        found = {name: one for name, one in _known(params).items() if group in ("", one["group"])}
        return _json(_grouped(found) if params.flag("grouped") else found, params)

    @blueprint.route("/functions/<name>", methods=["GET"])
    def one(name: str) -> Response:
        params = Params.of(request)
        known = _known(params)
        if name not in known:
            return refuse(404, f"there is no function {name}")
        return _json(known[name], params)

    return blueprint


def _known(params: Params) -> dict[str, dict[str, Any]]:
    if params.text("type") == "pie":
        return {name: _described_slice(name, description) for name, description in _SLICES.items()}
    return {name: _described(name, one) for name, one in functions().items()}


def _described(name: str, function: Function) -> dict[str, Any]:
    """As graphite-web 1.1.10 describes it."""
    return {
        "name": name,
        "function": function.signature(name),
        "description": function.description,
        "module": function.run.__module__,
        "group": function.group,
        "params": [_described_param(param) for param in function.params],
    }


def _described_slice(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "function": f"{name}(series)",
        "description": description,
        "module": __name__,
        "group": "Pie",
        "params": [{"name": "series", "type": "series", "required": True}],
    }


def _grouped(found: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for name, one in found.items():
        groups.setdefault(one["group"], {})[name] = one
    return groups


def _described_param(param: Param) -> dict[str, Any]:
    """What is usual is left out."""
    default = param.default if param.listed_default is None and not param.required else param.listed_default
    said = {
        "required": param.required or None,
        "default": default,
        "multiple": param.multiple or None,
        "options": sorted({*param.options, *_OPTIONS.get(param.kind, ())}, key=str) or None,
        "suggestions": list(param.suggestions) or None,
    }
    return {"name": param.name, "type": param.kind.value, **{key: value for key, value in said.items() if value is not None}}


def _json(described: object, params: Params) -> Response:
    text = json.dumps(described, indent=2 if params.text("pretty") else None, sort_keys=bool(params.text("pretty")))
    return answer([text.replace(_INFINITY, _LARGE).encode()])

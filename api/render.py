"""``/render``: Graphite's graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from ..render.coarse import Coarse
from ..render.context import Context
from ..render.evaluator import Evaluator
from ..render.table import functions
from ..render.time_series import TimeSeries
from ..schema.errors import QueryError
from ..schema.times import parse_time
from . import jsonp
from .answer import revalidated
from .backend import METHODS, Backend
from .formats.form import Form, Wish
from .formats.table import form
from .params import Params, time_zone
from .recent import Body, Recent
from .stored_series import StoredSeries

if TYPE_CHECKING:
    from .pictures import Evaluate

# A point shows within a second of being sent, so no answer is given again after that.
_KEEP_S = 1.0

# What browsers and dashboards add so that an address is a new one.
_SALTS = {"_salt", "_uniq", "_t", "_", "cacheTimeout"}


@dataclass(frozen=True, slots=True)
class RenderQuery:
    """What a request asks. Times are unix seconds; ``max_points`` None for as many as there are."""

    targets: Sequence[str]
    after: int
    until: int
    now: int
    zone: tzinfo
    x_files_factor: float
    max_points: int | None
    template: dict[str, str]

    @classmethod
    def of(cls, params: Params, now: float, timezone: tzinfo) -> RenderQuery:
        """Raises QueryError."""
        zone = time_zone(params, timezone)
        now = parse_time(params.text("now"), now, zone) if params.text("now") else int(now)
        texts = params.text("from", default="-1d"), params.text("until", "to", default="now")
        times = [parse_time(text, now, zone) for text in texts]
        if times[0] == times[1]:
            raise QueryError(f"from={texts[0][:200]} is the same time as until={texts[1][:200]}")
        return cls(
            targets=params.every("target", "target[]"),
            after=min(times),
            until=max(times),
            now=now,
            zone=zone,
            x_files_factor=params.number("xFilesFactor", default=0.0),
            max_points=_max_points(params.text("maxDataPoints")),
            template=params.inside("template"),
        )


def routes(backend: Backend) -> Blueprint:
    """``/render``."""
    blueprint = Blueprint("render", __name__)
    recent = Recent(_KEEP_S, backend.monotonic)

    @blueprint.route("/render", methods=METHODS)
    def render() -> Response:
        params = Params.of(request)
        query = RenderQuery.of(params, backend.now(), backend.timezone)
        if params.has("noCache"):
            return revalidated(_body(params, query, backend))
        key = params.without(_SALTS), query.after, query.until, query.now
        return revalidated(recent.get(key, lambda: _body(params, query, backend)))

    return blueprint


def _body(params: Params, query: RenderQuery, backend: Backend) -> Body:
    shape = form(params)
    source = StoredSeries(backend, query.now, query.x_files_factor)
    if not shape:
        from .pictures import picture  # noqa: PLC0415 -- 10 ms of every start

        return Body.of(*picture(params, query.targets, query.zone, _of_targets(query, source), source.deadline), source.missing)
    series = evaluate(query, source, coarse=backend.coarse_reads and shape.thinned)
    return _written(series, shape, query, params, source)


def _of_targets(query: RenderQuery, source: StoredSeries) -> Evaluate:
    return lambda targets: evaluate(replace(query, targets=targets), source)


def _written(series: list[TimeSeries], shape: Form, query: RenderQuery, params: Params, source: StoredSeries) -> Body:
    source.check_points(_shown(series, query.max_points if shape.thinned else None), query.after, query.until)
    wish = Wish(query.zone, source.deadline, query.max_points, params.has("noNullPoints"), bool(params.text("pretty")))
    pieces = shape.encode(series, wish)
    function = params.text("jsonp") if shape.script else ""
    if function:
        return Body.of(jsonp.call(function, pieces), jsonp.MIMETYPE, source.missing)
    return Body.of(pieces, shape.mimetype, source.missing)


def _shown(series: Sequence[TimeSeries], max_points: int | None) -> int:
    """How many points an answer has, at most."""
    return sum(len(one.values) if max_points is None else min(len(one.values), max_points) for one in series)


def evaluate(query: RenderQuery, source: StoredSeries, *, coarse: bool = False) -> list[TimeSeries]:
    """The series of all targets. Raises QueryError, LimitExceeded, Unavailable."""
    evaluator = Evaluator(source, functions())
    leave = Coarse(query.max_points) if coarse and query.max_points and not query.x_files_factor else None
    context = Context(query.after, query.until, query.now, query.zone, evaluator, query.x_files_factor, leave, query.template)
    return evaluator.evaluate(query.targets, context)


def _max_points(text: str) -> int | None:
    """What is no number is passed over, as in Graphite."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None

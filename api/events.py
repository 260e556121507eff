"""Events, as graphite-web takes and gives them."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any, cast

import orjson
from flask import Blueprint, Response, request

from ..schema.errors import LimitExceeded, QueryError
from ..schema.event import MOST_EVENTS, MOST_TAGS, Event, TagSet
from . import jsonp
from .answer import JSON, answer, refuse
from .backend import METHODS, Backend
from .params import Params, moment

_BETWEEN_TAGS = re.compile(r"[\s,]+")


def routes(backend: Backend) -> Blueprint:
    """``/events``, ``/events/<id>`` and ``/events/get_data``."""
    blueprint = Blueprint("events", __name__)

    @blueprint.route("/events", methods=["POST"])
    def add() -> Response:
        # Read before the form is: curl -d sends JSON and calls it a form.
        event = _posted(request.get_data(), int(backend.now()))
        return answer([orjson.dumps({"id": backend.events.add(event)})])

    @blueprint.route("/events", methods=["GET"])
    @blueprint.route("/events/get_data", methods=METHODS)
    def find() -> Response:
        params = Params.of(request)
        found = _found(backend, params)
        pieces = [orjson.dumps([asdict(event) for event in found[-MOST_EVENTS:]])]
        function = params.text("jsonp")
        response = answer(jsonp.call(function, pieces), jsonp.MIMETYPE) if function else answer(pieces, JSON)
        if len(found) > MOST_EVENTS:
            response.headers["X-Cadent-Limited"] = f"the last {MOST_EVENTS} of more events"
        return response

    @blueprint.route("/events/<int:number>", methods=["GET"])
    def get(number: int) -> Response:
        event = backend.events.get(number)
        return answer([orjson.dumps(asdict(event))]) if event else refuse(404, f"there is no event {number}")

    return blueprint


def _found(backend: Backend, params: Params) -> list[Event]:
    """One more than an answer holds if there are more."""
    now = backend.now()
    start, until = (moment(params, now, backend.timezone, name) for name in ("from", "until"))
    # Graphite's range has both its ends in it.
    stop = int(now if until is None else until) + 1
    tags = _tags(params.text("tags"))
    if len(tags) > MOST_TAGS:
        raise LimitExceeded(f"tags has {len(tags):,} tags; at most {MOST_TAGS} can be asked for")
    tag_set = cast("TagSet", params.choice("set", "intersection", "union"))
    return list(backend.events.find(start or 0, stop, tags, tag_set, MOST_EVENTS + 1))


def _posted(body: bytes, now: int) -> Event:
    """Raises InputError."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the event is not JSON: {error}; got {body[:200]!r}") from None
    if not isinstance(fields, dict):
        raise QueryError(f"the event is not a JSON object; got {body[:200]!r}")
    return Event.new(_when(fields, now), _text(fields, "what"), _posted_tags(fields), _text(fields, "data"))


def _when(fields: dict[str, Any], now: int) -> int:
    when = fields.get("when", now)
    if isinstance(when, bool) or not isinstance(when, int | float):
        raise QueryError(f"when is not a number of unix seconds; got {_shown(when)}")
    return int(when)


def _text(fields: dict[str, Any], name: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str | None):
        raise QueryError(f"{name} is not a text; got {_shown(text)}")
    return text or ""


def _posted_tags(fields: dict[str, Any]) -> list[str]:
    tags = fields.get("tags")
    words = tags if isinstance(tags, list) else [tags or ""]
    if not all(isinstance(word, str) for word in words):
        raise QueryError(f"tags is neither a list of texts nor a text with blanks between tags; got {_shown(tags)}")
    return _tags(" ".join(words))


def _tags(text: str) -> list[str]:
    return [word for word in _BETWEEN_TAGS.split(text) if word]


def _shown(value: object) -> str:
    return repr(value)[:200]

"""Routes that change what is stored, for those who have the token."""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict

from flask import Blueprint, Response, request

from ..schema.changes import Changes, Deletion
from ..schema.errors import WriterGone
from ..schema.times import parse_time
from .answer import answer, refuse
from .backend import Backend
from .params import Params


def routes(backend: Backend, changes: Changes, token: str) -> Blueprint:
    """``delete`` and ``rename``. Without a ``token`` both are off."""
    blueprint = Blueprint("admin", __name__)
    blueprint.before_request(lambda: refusal(token))
    blueprint.register_error_handler(WriterGone, lambda error: refuse(503, str(error)))

    @blueprint.route("/delete", methods=["POST"])
    def delete() -> Response:
        wanted = _deletion(Params.of(request), backend)
        deleted = changes.delete(wanted)
        erased = [asdict(one) for one in deleted.erased]
        return _json({"dry_run": wanted.dry_run, "paths": list(deleted.paths), "erased": erased})

    @blueprint.route("/rename", methods=["POST"])
    def rename() -> Response:
        params = Params.of(request)
        pairs = changes.rename(params.every("old")[-1], params.every("new")[-1])
        return _json({"renamed": [{"old": old, "new": new} for old, new in pairs]})

    return blueprint


def refusal(token: str) -> Response | None:
    """None for a request that has the token."""
    if not token:
        return refuse(403, "deleting and renaming over HTTP is off; set [http] admin_token to allow it")
    given = request.headers.get("Authorization", "")
    if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return None
    refused = refuse(401, "this needs the header Authorization: Bearer and the token that [http] admin_token is set to")
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def _deletion(params: Params, backend: Backend) -> Deletion:
    def seconds(*names: str) -> int | None:
        text = params.text(*names)
        return parse_time(text, backend.now(), backend.timezone) if text else None

    return Deletion(params.every("query", "pattern"), seconds("from"), seconds("to", "until"), params.flag("dry_run"))


def _json(content: object) -> Response:
    return answer([json.dumps(content).encode()])

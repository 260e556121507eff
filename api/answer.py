"""HTTP answers and errors."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from ..query.missing import NOTHING, Missing
from ..schema.errors import CadentError, InputError, InvalidTarget, Unavailable
from .encode import Piece, join
from .recent import Body

_log = logging.getLogger(__name__)

JSON = "application/json"
BINARY = "application/x-cadent-series"
TEXT = "text/plain"


def answer(pieces: Sequence[Piece], mimetype: str = JSON, missing: Missing = NOTHING) -> Response:
    """200 with these bytes; headers say what is missing in them."""
    response = Response(join(pieces), mimetype=mimetype)
    response.content_length = sum(map(len, pieces))
    if missing.writer_gone:
        response.headers["X-Cadent-Writer"] = "gone"
    if missing.damaged:
        response.headers["X-Cadent-Damaged"] = _in_header(missing.damaged)
    if missing.unreachable:
        response.headers["X-Cadent-Unreachable"] = _in_header(missing.unreachable)
    return response


def revalidated(body: Body) -> Response:
    """200 with these bytes, or 304 to a client that says it has them."""
    response = answer(body.pieces, body.mimetype, body.missing)
    if not body.tag:
        return response
    response.set_etag(body.tag)
    response.make_conditional(request)
    return response


def refuse(status: int, *lines: str) -> Response:
    """An error: a sentence of plain text, and below it perhaps more lines. They hold what a client sent, of which what cannot be
    shown is escaped."""
    return Response("\n".join(map(_shown, lines)), status, mimetype=TEXT)


def _in_header(sentence: str) -> str:
    """One line of ASCII, whatever names a disk or server has."""
    return _shown(sentence).encode("ascii", "backslashreplace").decode("ascii")


def _shown(line: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def handle_errors(app: Flask) -> None:
    """Every error becomes a sentence and is never cached; what no one expected goes to the log with its traceback."""
    app.register_error_handler(InvalidTarget, lambda error: refuse(400, *str(error).split("\n")))
    app.register_error_handler(InputError, lambda error: refuse(400, str(error)))
    app.register_error_handler(Unavailable, lambda error: refuse(503, str(error)))
    app.register_error_handler(CadentError, _failed)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_with_headers)


def _failed(error: CadentError) -> Response:
    _log.error("%s %s: %s", request.method, request.path, error)
    return refuse(500, str(error))


def _http(error: HTTPException) -> Response:
    response = refuse(error.code or 500, _sentence(error))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)
    return response


def _sentence(error: HTTPException) -> str:
    if isinstance(error, RequestEntityTooLarge):
        return "the request is too large"
    if error.code == 404:
        return f"there is nothing at {request.path}"
    if error.code == 405:
        return f"{request.method} is not allowed at {request.path}"
    return f"{error.name}: {error.description}"


def _unexpected(error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return refuse(500, "internal error; the log of this process has its traceback")


def _with_headers(response: Response) -> Response:
    """New points may come at any second; and what clients named, in whatever form, is never taken for a page."""
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

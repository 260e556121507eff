"""Is there a writer, and are the data fresh."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from .answer import answer
from .backend import METHODS, Backend, WriterState


def routes(backend: Backend) -> Blueprint:
    """``/health``: 200 when all is well, else 503; the same JSON in both cases."""
    blueprint = Blueprint("health", __name__)

    @blueprint.route("/health", methods=METHODS)
    def health() -> Response:
        writer = backend.writer()
        age_s = _age_s(backend, writer)
        trouble = _trouble(writer, age_s, backend.stale_after_s)
        state = {"writer": writer.word, "pid": writer.pid, "age_s": age_s, "warnings": writer.warnings}
        report = {"status": trouble or "ok", **state}
        response = answer([orjson.dumps(report)])
        response.status_code = 503 if trouble else 200
        return response

    return blueprint


def _age_s(backend: Backend, writer: WriterState) -> float | None:
    """Seconds since the newest point's window began; None when there is no point. What comes from the future is 0 old."""
    times = [time for time in (backend.reader.newest(), writer.newest) if time is not None]
    return max(0.0, round(backend.now() - max(times), 3)) if times else None


def _trouble(writer: WriterState, age_s: float | None, stale_after_s: float) -> str | None:
    """What is wrong, in words; None when nothing is."""
    if writer.word == "dead":
        return "the writer is dead"
    if writer.word == "alive":
        return f"the writer cannot write: {writer.trouble}" if writer.trouble else None
    if age_s is None:
        return "there are no points"
    return f"the newest point is {age_s:.0f} s old" if age_s > stale_after_s else None

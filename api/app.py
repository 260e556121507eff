"""The application factory."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from ..query.reader import Reader
from ..schema.changes import Changes
from ..schema.errors import ConfigError
from ..schema.protocols import Events
from ..schema.times import zone
from . import admin, find, graphite, health, metrics, render, tags
from . import events as event_routes
from . import functions as function_routes
from .answer import handle_errors
from .backend import Backend, Index, WriterState

# Ten thousand targets of a kilobyte fit into a form.
_MAX_REQUEST_BYTES = 16 << 20

_BASE_PATH = re.compile(r"/*(?:[A-Za-z0-9._~-]+(?:/+|$))*")

# Graphite's own routes lie there.
_TAKEN = {"/metrics", "/render", "/version", "/health", "/events", "/functions", "/tags"}


@dataclass(frozen=True, slots=True)
class Settings:
    """``timezone``: of times that do not say. ``admin_token``: what changes over HTTP need, empty if there are none.
    ``stale_after_s``: without a writer, data older than this are not healthy. ``coarse_reads``: graphs may be drawn from coarser
    points than Graphite would read, where that shows the same."""

    base_path: str = "/graphite"
    timezone: str = "UTC"
    stale_after_s: float = 300.0
    admin_token: str = ""
    coarse_reads: bool = True


def create_app(
    reader: Reader,
    index: Index,
    writer: Callable[[], WriterState],
    changes: Changes,
    events: Events,
    settings: Settings,
    *,
    now: Callable[[], float],
    monotonic: Callable[[], float],
) -> Flask:
    """The WSGI application. ``writer`` says how the writer is; ``now`` gives unix seconds, ``monotonic`` seconds that never
    go back. Raises ConfigError for a base path that cannot be one, QueryError for an unknown time zone."""
    zone_of_times = zone(settings.timezone)
    backend = Backend(reader, index, writer, events, now, monotonic, zone_of_times, settings.stale_after_s, settings.coarse_reads)
    app = Flask("cadent", static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=_MAX_REQUEST_BYTES, MAX_FORM_MEMORY_SIZE=_MAX_REQUEST_BYTES)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    prefix = _prefix(settings.base_path)
    for part in (find, metrics):
        app.register_blueprint(part.routes(backend), url_prefix=prefix)
    app.register_blueprint(admin.routes(backend, changes, settings.admin_token), url_prefix=prefix)
    app.register_blueprint(tags.routes(backend, changes, settings.admin_token))
    app.register_blueprint(tags.completions(backend), url_prefix=f"{prefix or ''}/tags")
    for part in (graphite, render, health, event_routes):
        app.register_blueprint(part.routes(backend))
    app.register_blueprint(function_routes.routes())
    handle_errors(app)
    return app


def _prefix(base_path: str) -> str | None:
    """``base_path`` with a slash before it and none after; None for the root."""
    prefix = "".join(f"/{word}" for word in base_path.split("/") if word)
    if not _BASE_PATH.fullmatch(base_path) or prefix in _TAKEN:
        raise ConfigError(f"base_path {base_path!r} cannot be used; want a path such as /graphite")
    return prefix or None

"""Where Cadent is and how long to wait for it, as the host's settings or the environment say."""

from __future__ import annotations

import os
from typing import Any, Mapping, NamedTuple
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8083/graphite"
DEFAULT_TIMEOUT_S = 5.0  # below graphite-web's FETCH_TIMEOUT of 6, so that our error is the one that shows


class Settings(NamedTuple):
    """``timeout_s`` bounds one request over all ``urls``."""

    urls: tuple[str, ...]
    timeout_s: float
    timezone: str | None


def load(section: Mapping[str, Any] | None = None) -> Settings:
    """Settings from graphite-api's yaml ``section``, else Django's settings, else the environment, else the defaults.

    Raises ValueError for a URL or timeout that cannot be used.
    """
    urls = _lookup("urls", section) or DEFAULT_URL
    if isinstance(urls, str):
        urls = urls.split(",")
    return Settings(
        tuple(_checked_url(url) for url in urls if str(url).strip()),
        _checked_timeout(_lookup("timeout", section)),
        _lookup("timezone", section) or None,
    )


def _lookup(name: str, section: Mapping[str, Any] | None) -> Any:
    if section and section.get(name) is not None:
        return section[name]
    variable = "CADENT_" + name.upper()
    value = _from_django(variable)
    return os.environ.get(variable) if value is None else value


def _from_django(variable: str) -> Any:
    try:
        from django.conf import settings  # type: ignore[import-not-found]
    except ImportError:
        return None
    return getattr(settings, variable, None) if settings.configured else None


def _checked_url(raw: Any) -> str:
    url = str(raw).strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("CADENT_URLS has {!r}; want http(s)://host:port/base_path, such as {}".format(url, DEFAULT_URL))
    return url


def _checked_timeout(value: Any) -> float:
    if value is None or value == "":
        return DEFAULT_TIMEOUT_S
    try:
        timeout_s = float(value)
    except (TypeError, ValueError):
        timeout_s = 0.0
    if not 0.0 < timeout_s < float("inf"):
        raise ValueError("CADENT_TIMEOUT is {!r}; want seconds above 0, such as {}".format(value, DEFAULT_TIMEOUT_S))
    return timeout_s

"""The driver's errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator

import cassandra
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionBusy, ConnectionException
from cassandra.pool import NoConnectionsAvailable
from cassandra.protocol import (
    ConfigurationException,
    IsBootstrappingErrorMessage,
    OverloadedErrorMessage,
    SyntaxException,
    TruncateError,
)

from ...schema.errors import CadentError, ConfigError, Refused, Unavailable

_LONGEST = 300

_PASSING = (
    cassandra.OperationTimedOut,
    cassandra.Timeout,
    cassandra.Unavailable,
    cassandra.CoordinationFailure,
    ConnectionException,
    ConnectionBusy,
    NoConnectionsAvailable,
    IsBootstrappingErrorMessage,
    OverloadedErrorMessage,
    TruncateError,
)
_REFUSING = (cassandra.RequestValidationException, cassandra.FunctionFailure, cassandra.UnsupportedOperation, SyntaxException)
# With a table that is not there nothing is wrong with the content.
_MISSING = ("does not exist", "unconfigured table")
_SERVER_MESSAGE = re.compile(r'message="(.*)"', re.DOTALL)
_CONNECT_MESSAGE = re.compile(r"Last error: (.*)", re.DOTALL)


def passes(error: BaseException) -> bool:
    """Whether the same request may well succeed a moment later."""
    return isinstance(error, _PASSING)


def translated(error: BaseException, place: str) -> CadentError:
    """``error`` of the driver as ours, for ``place`` (``ClusterSettings.place``)."""
    if isinstance(error, CadentError):
        return error
    causes = list(_causes(error))
    said = "; ".join(dict.fromkeys(map(_said, causes))) or "no host is up"
    kind = next(filter(None, map(_kind, causes)), Unavailable)
    return kind(f"{place}: {said}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What each host said, if several were asked."""
    if isinstance(error, NoHostAvailable) and isinstance(error.errors, dict):
        yield from error.errors.values()
    else:
        yield error


def _kind(error: BaseException) -> type[CadentError] | None:
    """None for what may pass."""
    if isinstance(error, (cassandra.AuthenticationFailed, cassandra.Unauthorized, ConfigurationException)):
        return ConfigError
    if isinstance(error, _REFUSING):
        return ConfigError if any(text in str(error) for text in _MISSING) else Refused
    return None


def _said(error: BaseException) -> str:
    if isinstance(error, cassandra.OperationTimedOut):
        return "no answer in time"
    text = " ".join(_message(error).split()) or type(error).__name__
    if isinstance(error, cassandra.AuthenticationFailed):
        return f"the login is refused ({text})"
    return text


def _message(error: BaseException) -> str:
    """Without what the driver writes around it."""
    text = str(error)
    found = _SERVER_MESSAGE.search(text) or _CONNECT_MESSAGE.search(text)
    return (found[1] if found else text)[:_LONGEST]

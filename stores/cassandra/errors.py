"""The driver's errors as ours."""

from __future__ import annotations

from collections.abc import Iterator

import cassandra
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionBusy, ConnectionException
from cassandra.pool import NoConnectionsAvailable
from cassandra.protocol import (
    ErrorMessageSub,
    IsBootstrappingErrorMessage,
    OverloadedErrorMessage,
    SyntaxException,
    TruncateError,
)

from ...schema.errors import CadentError, ConfigError, Refused, Unavailable

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
# Nothing is wrong with the content when the table is not there.
_MISSING = ("unconfigured table", "does not exist", "keyspace does not exist")


def passes(error: BaseException) -> bool:
    """Whether the same request may well succeed a moment later."""
    return isinstance(error, _PASSING)


def translated(error: BaseException, place: str) -> CadentError:
    """``error`` of the driver as ours, for ``place`` (``ClusterSettings.place``)."""
    if isinstance(error, CadentError):
        return error
    found = list(_causes(error))
    for cause in found:
        if isinstance(cause, cassandra.AuthenticationFailed) or "requires authentication" in str(cause):
            return ConfigError(f"{place}: the user name or password is wrong: {_said(cause)}")
        if isinstance(cause, cassandra.Unauthorized):
            return ConfigError(f"{place}: this user lacks a right: {_said(cause)}")
        if isinstance(cause, cassandra.InvalidRequest) and any(text in str(cause) for text in _MISSING):
            return ConfigError(f"{place}: {_said(cause)}")
        if isinstance(cause, _REFUSING):
            return Refused(f"{place}: {_said(cause)}")
    return Unavailable(f"{place}: {'; '.join(dict.fromkeys(map(_said, found))) or 'no host is up'}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What each host said, if several were asked."""
    if isinstance(error, NoHostAvailable) and isinstance(error.errors, dict):
        yield from error.errors.values()
    else:
        yield error


def _said(error: BaseException) -> str:
    if isinstance(error, cassandra.OperationTimedOut):
        return "no answer in time"
    text = error.summary_msg() if isinstance(error, ErrorMessageSub) else str(error)
    return " ".join(text.split())[:300] or type(error).__name__

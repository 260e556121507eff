"""Every error Cadent raises on purpose.

CadentError
├── ConfigError            a setting, flag or file that cannot be used
├── InputError             what a client sent cannot be taken (HTTP 400, or a refused line)
│   ├── InvalidPath
│   ├── InvalidLine
│   ├── QueryError
│   │   └── InvalidTarget  a target makes no sense; shows the place
│   └── LimitExceeded      the message names the limit and how to raise it
│       └── TooManyMatches a pattern matches more nodes than the caller wants
├── StoreError             the data folder or a chunk store
│   ├── Damaged            bytes fail their checksum; names file and offset
│   ├── FolderLocked       another writer holds the data folder
│   ├── Refused            the store does not take this, however often it is asked
│   └── Unavailable        the store or its disk cannot take or give data now
│       └── Outdated       what a snapshot holds is gone; a new one has it elsewhere
└── ServiceError           processes and sockets
    ├── PortInUse
    ├── KernelMissing      a compiled module is not there
    └── WriterGone         no writer answers on the control socket

Drivers translate their vendor's errors into these at their border.
"""

from __future__ import annotations


class CadentError(Exception):
    """Root of the tree. ``str(error)`` is one sentence fit for a user."""


class ConfigError(CadentError):
    """A setting, flag or configuration file that cannot be used."""


class InputError(CadentError):
    """Something a client sent cannot be taken."""


class InvalidPath(InputError):
    """A metric path breaks a rule of ``schema.path``; ``reason`` is the counter's word."""

    def __init__(self, reason: str, path: bytes) -> None:
        super().__init__(f"path refused ({reason}): {path[:200]!r}")
        self.reason = reason


class InvalidLine(InputError):
    """A line is not ``path value time``; ``reason`` is the counter's word."""

    def __init__(self, reason: str, line: bytes) -> None:
        super().__init__(f"line refused ({reason}): {line[:200]!r}")
        self.reason = reason


class QueryError(InputError):
    """A query parameter cannot be read or makes no sense."""


class InvalidTarget(QueryError):
    """A target cannot be read; the message ends with two lines: the part around the place, and a caret below it."""


class LimitExceeded(InputError):
    """A query asks for more than a limit allows."""


class TooManyMatches(LimitExceeded):
    """A pattern matches more nodes than the caller wants."""


class StoreError(CadentError):
    """The data folder or a chunk store failed."""


class Damaged(StoreError):
    """Stored bytes fail their checksum or make no sense."""

    def __init__(self, file: str, offset: int, what: str) -> None:
        super().__init__(f"{file} is damaged at byte {offset}: {what}")
        self.file = file
        self.offset = offset


class FolderLocked(StoreError):
    """Another process writes to this data folder."""


class Refused(StoreError):
    """The store does not take this for what it is, however often it is asked."""


class Unavailable(StoreError):
    """The store, or the disk below it, cannot take or give data now."""


class Outdated(Unavailable):
    """What a snapshot of another process's store holds was replaced and is gone: a new snapshot has it elsewhere."""


class ServiceError(CadentError):
    """A process or socket of the service failed."""


class PortInUse(ServiceError):
    """A listener's address is taken."""


class KernelMissing(ServiceError):
    """A compiled module is missing; the message says what to install."""


class WriterGone(ServiceError):
    """No writer answers on the control socket of the data folder."""

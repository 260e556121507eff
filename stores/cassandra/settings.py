"""Which cluster is asked, and how; written ``cassandra://host[:port][,host[:port]]/keyspace``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ...schema.errors import ConfigError

PORT = 9042
SCHEME = "cassandra://"

CONSISTENCIES = ("ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM")

LAYOUTS = ("chunks", "rows", "seed")

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
# What needs no quotes in CQL, and is there what it looks like.
_KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}")

# Replicas by their number (SimpleStrategy) or by data centre (NetworkTopologyStrategy).
Replication: TypeAlias = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM. Without ``ca`` the system's authorities are trusted; ``certificate`` and ``key`` are ours, for servers that
    ask for them. ``check_hostname``: a server's certificate must be made out to its IP address, for that is how the driver
    knows it, whatever name was written."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    check_hostname: bool = True


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """``hosts``: any of the cluster, the others are learnt from them. ``datacenter``: whose hosts are asked; "": that of the
    first host that answers.

    ``write_consistency``, ``read_consistency``: how many replicas must have answered. With LOCAL_QUORUM for both a read finds
    what was written before, whatever the number of replicas; with one it is that one, and of three one may be away. With ONE a
    replica that was away answers with holes and nobody notices. Of two replicas LOCAL_QUORUM needs both: there ALL and ONE is as
    safe, and reads go on with one of them. Writes wait in the log meanwhile, so it is the reads that should.

    ``layout``: the tables that points are in, one of LAYOUTS.
    ``replication``: of a keyspace that is made, if ``create`` allows it: one copy, unless it says otherwise.
    ``request_timeout_s``: after that a request has failed, with all that it was tried again. Less than the 10 s of the driver:
    a query waits for it. ``least_requests``, ``most_requests``: bounds of how many are under way at a time.
    ``commitlog_period_s``: what a host acknowledged so long ago it still has after a crash (its ``commitlog_sync_period``).
    """

    hosts: tuple[tuple[str, int], ...]
    keyspace: str
    username: str = ""
    password: str = field(default="", repr=False)
    datacenter: str = ""
    write_consistency: str = "LOCAL_QUORUM"
    read_consistency: str = "LOCAL_QUORUM"
    replication: Replication = field(default_factory=lambda: {"class": "SimpleStrategy", "replication_factor": 1})
    create: bool = True
    layout: str = "chunks"
    tls: Tls | None = None
    connect_timeout_s: float = 5.0
    request_timeout_s: float = 8.0
    least_requests: int = 8
    most_requests: int = 128
    commitlog_period_s: float = 10.0

    def __post_init__(self) -> None:
        for name in (self.write_consistency, self.read_consistency):
            if name not in CONSISTENCIES:
                raise ConfigError(f"consistency {name!r} is none of {', '.join(CONSISTENCIES)}")
        if not 1 <= self.least_requests <= self.most_requests:
            raise ConfigError(f"got {self.least_requests} to {self.most_requests} requests at a time; want 1 or more, ascending")

    @classmethod
    def of_address(cls, text: str, **others: Any) -> ClusterSettings:
        """The settings that ``text`` stands for; ``others`` are those that it cannot hold. Raises ConfigError with ``text``."""
        if "@" in text:
            shown = f"{SCHEME}...{text[text.rindex('@') :]}"
            raise ConfigError(
                f"{shown} holds a user name or password, which everybody could read there; write them in the configuration file"
            )
        if not text.startswith(SCHEME):
            raise _unfit(text, f"it does not begin with {SCHEME}")
        hosts, _, keyspace = text.removeprefix(SCHEME).partition("/")
        if not _KEYSPACE.fullmatch(keyspace):
            raise _unfit(text, f"keyspace {keyspace!r} is not a letter and up to 47 letters, digits and _, all of them small")
        return cls(tuple(_host(part, text) for part in hosts.split(",")), keyspace, **others)

    @property
    def address(self) -> str:
        """The text that ``of_address`` reads back."""
        return f"{SCHEME}{','.join(_show(host, port, default=PORT) for host, port in self.hosts)}/{self.keyspace}"

    @property
    def place(self) -> str:
        """Who is meant, for messages."""
        return f"Cassandra at {', '.join(_show(*host) for host in self.hosts)}, keyspace {self.keyspace}"


def _host(part: str, text: str) -> tuple[str, int]:
    match = _HOST.fullmatch(part)
    if match is None:
        raise _unfit(text, f"{part!r} is not a host; an IPv6 address stands in brackets")
    port = int(match["port"] or PORT)
    if not 1 <= port <= 65_535:
        raise _unfit(text, f"port {port} is not 1 to 65535")
    return _ipv6(match["ipv6"], text) if match["ipv6"] else match["name"], port


def _ipv6(host: str, text: str) -> str:
    try:
        ipaddress.IPv6Address(host)
    except ValueError as error:
        raise _unfit(text, str(error)) from None
    return host


def _show(host: str, port: int, *, default: int | None = None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == default else f"{name}:{port}"


def _unfit(text: str, why: str) -> ConfigError:
    return ConfigError(f"{text!r} is not {SCHEME}host[:port][,host[:port]]/keyspace: {why}")

"""The driver's cluster and session, set up as we want them."""

from __future__ import annotations

import logging
import ssl
from typing import Any

from cassandra import ConsistencyLevel, UnresolvableContactPoints
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import (
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    FallthroughRetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import tuple_factory

from ...schema.errors import ConfigError
from .errors import translated
from .hosts import Hosts
from .settings import ClusterSettings, Tls

_log = logging.getLogger(__name__)

READ = EXEC_PROFILE_DEFAULT
WRITE = "write"

# Version 5 costs a quarter more for each request and brings nothing that we use.
_PROTOCOL = 4
# A host that hangs is found within seven seconds, and one that crashed long before its commit log period is over.
_HEARTBEAT_S = 2
_HEARTBEAT_TIMEOUT_S = 5
_RECONNECT_S = (0.5, 5.0)

_EXISTS = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s"


def connect(settings: ClusterSettings) -> tuple[Any, Any, Hosts]:
    """The driver's cluster and session, in a keyspace that is there. Raises ConfigError, Unavailable."""
    _tame_the_driver()
    cluster = _cluster(settings)
    hosts = Hosts(cluster, settings.keyspace)
    try:
        session = cluster.connect()
        _enter_keyspace(session, settings)
    except Exception as error:
        reason = _wrong_datacenter(cluster, settings) or translated(error, settings.place)
        cluster.shutdown()
        raise reason from error
    return cluster, session, hosts


def _tame_the_driver() -> None:
    """It writes pages about each lost connection. Who wants them sets a level before."""
    driver = logging.getLogger("cassandra")
    if driver.level == logging.NOTSET:
        driver.setLevel(logging.CRITICAL)


def _cluster(settings: ClusterSettings) -> Any:
    try:
        return Cluster(
            settings.hosts,
            port=settings.hosts[0][1],
            protocol_version=_PROTOCOL,
            compression=False,
            auth_provider=PlainTextAuthProvider(settings.username, settings.password) if settings.username else None,
            ssl_context=_tls(settings.tls) if settings.tls else None,
            execution_profiles={
                READ: _profile(settings, settings.read_consistency),
                WRITE: _profile(settings, settings.write_consistency),
            },
            reconnection_policy=ExponentialReconnectionPolicy(*_RECONNECT_S, max_attempts=None),
            connect_timeout=settings.connect_timeout_s,
            control_connection_timeout=settings.connect_timeout_s,
            max_schema_agreement_wait=settings.request_timeout_s / 2,
            idle_heartbeat_interval=_HEARTBEAT_S,
            idle_heartbeat_timeout=_HEARTBEAT_TIMEOUT_S,
            prepare_on_all_hosts=False,
            monitor_reporting_enabled=False,
        )
    except UnresolvableContactPoints:
        raise ConfigError(f"{settings.place}: no such host") from None


def _profile(settings: ClusterSettings, consistency: str) -> Any:
    return ExecutionProfile(
        TokenAwarePolicy(DCAwareRoundRobinPolicy(settings.datacenter), shuffle_replicas=True),
        FallthroughRetryPolicy(),  # we try again ourselves, with pauses
        ConsistencyLevel.name_to_value[consistency],
        request_timeout=settings.request_timeout_s,
        row_factory=tuple_factory,
    )


def _tls(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{tls.ca or tls.certificate}: {error}") from None
    context.check_hostname = tls.check_hostname
    return context


def _wrong_datacenter(cluster: Any, settings: ClusterSettings) -> ConfigError | None:
    """Why no host was asked, if that is why."""
    there = {host.datacenter for host in cluster.metadata.all_hosts() if host.datacenter}
    if not settings.datacenter or not there or settings.datacenter in there:
        return None
    return ConfigError(
        f"{settings.place}: no host is in data centre {settings.datacenter!r}; there is {', '.join(sorted(there))}"
    )


def _enter_keyspace(session: Any, settings: ClusterSettings) -> None:
    if not session.execute(_EXISTS, (settings.keyspace,)).one():
        _make_keyspace(session, settings)
    session.set_keyspace(settings.keyspace)


def _make_keyspace(session: Any, settings: ClusterSettings) -> None:
    if not settings.create:
        raise ConfigError(f"{settings.place}: there is no such keyspace, and create = false forbids to make it")
    replication = dict(settings.replication)
    session.execute(f"CREATE KEYSPACE IF NOT EXISTS {settings.keyspace} WITH replication = {replication!r}")
    _log.warning("%s: made, with replication %s", settings.place, replication)

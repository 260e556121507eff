"""From the configuration to the settings of the cluster that it names."""

from __future__ import annotations

from pathlib import Path

from ...stores.cassandra.settings import ClusterSettings, Tls
from ..config.kinds import parse_replication
from ..config.settings import CassandraSettings, Config


def cluster_settings(config: Config) -> ClusterSettings:
    """Those of the cluster that the configuration names."""
    cassandra = config.cassandra
    return ClusterSettings.of_address(
        config.store.chunks,
        username=cassandra.username,
        password=cassandra.password,
        datacenter=cassandra.datacenter,
        write_consistency=cassandra.write_consistency,
        read_consistency=cassandra.read_consistency,
        replication=parse_replication(cassandra.replication),
        create=cassandra.create,
        layout=cassandra.layout,
        tls=_tls(cassandra) if cassandra.tls else None,
        connect_timeout_s=cassandra.connect_timeout_s,
        request_timeout_s=cassandra.request_timeout_s,
        commitlog_period_s=cassandra.commitlog_period_s,
    )


def _tls(cassandra: CassandraSettings) -> Tls:
    ca, certificate, key = (
        Path(text) if text else None for text in (cassandra.tls_ca, cassandra.tls_certificate, cassandra.tls_key)
    )
    return Tls(ca, certificate, key, cassandra.tls_check_hostname)

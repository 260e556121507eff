"""The cassandra.yaml of a node of the tests: small, on loopback, and quick to start."""

from dataclasses import dataclass
from pathlib import Path

FOLDERS = {
    "commitlog_directory": "commitlog",
    "saved_caches_directory": "saved_caches",
    "hints_directory": "hints",
    "cdc_raw_directory": "cdc_raw",
}
LEAN = {
    "commitlog_segment_size": "16MiB",
    "commitlog_total_space": "256MiB",
    "memtable_allocation_type": "heap_buffers",
    "file_cache_size": "32MiB",
    "key_cache_size": "8MiB",
    "auto_snapshot": False,  # else each table that is dropped is copied first
}

# After a kill, the commit log is replayed up to its last sync: what was acknowledged later is lost.
PERIODIC = {"commitlog_sync": "periodic", "commitlog_sync_period": "1000ms"}
DURABLE = {"commitlog_sync": "batch"}

OPEN = {"authenticator": "AllowAllAuthenticator", "authorizer": "AllowAllAuthorizer"}
PASSWORD = {"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer"}


@dataclass(frozen=True)
class Ports:
    """``cql`` for clients, ``storage`` the same for all nodes of a ring, ``encrypted`` in its place where nodes use TLS."""

    cql: int
    storage: int
    encrypted: int


def cassandra_yaml(folder: Path, address: str, ports: Ports, seed: str) -> dict[str, object]:
    """``seed``: the address of the node whose ring this one joins, its own if it begins one."""
    return {
        "cluster_name": "tests",
        "num_tokens": 4,
        "allocate_tokens_for_local_replication_factor": 1,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "SimpleSnitch",
        "role_manager": "CassandraRoleManager",
        "auto_bootstrap": seed != address,
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": f"{seed}:{ports.storage}"}],
            }
        ],
        "listen_address": address,
        "rpc_address": address,
        "native_transport_port": ports.cql,
        "storage_port": ports.storage,
        "ssl_storage_port": ports.encrypted,
        "data_file_directories": [str(folder / "data")],
        **{setting: str(folder / name) for setting, name in FOLDERS.items()},
        **LEAN,
    }

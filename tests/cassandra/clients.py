"""What a test itself asks a server, with Cassandra's own driver."""

import contextlib
from collections.abc import Iterator

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import WhiteListRoundRobinPolicy
from server import Server

REQUEST_S = 60  # a table takes seconds to make where all cores are busy


@contextlib.contextmanager
def cql_session(server: Server, *login: str) -> Iterator[Session]:
    """A session with this server alone, be it one of a ring; ``login``: user and password. Rows are named tuples."""
    profile = ExecutionProfile(WhiteListRoundRobinPolicy([server.address]), request_timeout=REQUEST_S)
    cluster = Cluster(
        [server.address],
        server.port,
        auth_provider=PlainTextAuthProvider(*login) if login else None,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        connect_timeout=REQUEST_S,
        control_connection_timeout=REQUEST_S,
    )
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()

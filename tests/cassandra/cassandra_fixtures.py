"""Fixtures that give a test a real Cassandra.

A test that asks for one is skipped where none can be had, with a line that says what is missing.
"""

import contextlib
import os
import uuid
from itertools import count

import pytest
from jars import Missing, runtime
from node import CassandraNode
from server import Server, server_at

ON_LOOPBACK = ("127.0.0.1", "127.0.0.2")
ONE_COPY = "{'class': 'SimpleStrategy', 'replication_factor': 1}"


@pytest.fixture(scope="session")
def cassandra_runtime():
    """What nodes run on."""
    try:
        return runtime()
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def cassandra(request, tmp_path_factory):
    """The server that tests share: the one that CADENT_TEST_CASSANDRA (host:port) names, or a node that the first test starts."""
    if own := os.environ.get("CADENT_TEST_CASSANDRA"):
        yield server_at(own)
    else:
        folder = tmp_path_factory.mktemp("cassandra")
        # The tables of all tests' keyspaces are there to the end, and each takes some memory: 512M did not suffice.
        node = CassandraNode(request.getfixturevalue("cassandra_runtime"), folder, heap="1G")
        with running(node):
            yield node


@pytest.fixture(scope="session")
def cql(cassandra):
    """The driver's session with ``cassandra``."""
    with open_session(cassandra) as session:
        yield session


@pytest.fixture
def session_with():
    """session_with(node, "user", "password"): the driver's session with this node alone; closed with the test."""
    with contextlib.ExitStack() as sessions:
        yield lambda node, *login: sessions.enter_context(open_session(node, *login))


@pytest.fixture(scope="session")
def new_keyspace(cassandra, cql):
    """new_keyspace(): the name of an empty keyspace. It stays until all tests are done, for to drop one takes a second."""
    names = []

    def create() -> str:
        names.append(f"cadent_test_{uuid.uuid4().hex[:12]}")
        cql.execute(f"CREATE KEYSPACE {names[-1]} WITH replication = {ONE_COPY}")
        return names[-1]

    yield create
    if not isinstance(cassandra, CassandraNode):  # whose folder goes, and all of them with it
        for name in names:
            cql.execute(f"DROP KEYSPACE {name}")


@pytest.fixture
def keyspace(new_keyspace, cassandra, request):
    """The name of an empty keyspace for this test alone."""
    yield new_keyspace()
    show_if_failed(request.node, cassandra)


@pytest.fixture
def cassandra_node(cassandra_runtime, tmp_path, request):
    """cassandra_node(durable=True): a node for this test alone, started, to be killed or paused; see CassandraNode."""
    numbers = count()

    def start(**options: object) -> CassandraNode:
        node = CassandraNode(cassandra_runtime, tmp_path / f"cassandra-{next(numbers)}", **options)
        nodes.enter_context(running(node))
        nodes.callback(show_if_failed, request.node, node)
        return node

    with contextlib.ExitStack() as nodes:
        yield start


@pytest.fixture
def cassandra_ring(cassandra_node):
    """cassandra_ring(durable=True): two nodes that know each other, with the same port on 127.0.0.1 and 127.0.0.2."""

    def start(**options: object) -> tuple[CassandraNode, CassandraNode]:
        first = cassandra_node(address="127.0.0.1", **options)
        second = cassandra_node(address="127.0.0.2", seed=first, **options)
        first.wait_for_ring(2)
        return first, second

    return start


def open_session(server: Server, *login: str):
    """The driver is imported where it is wanted: a run without such tests needs none."""
    clients = pytest.importorskip("clients", reason="Cassandra's driver is missing: pip install cassandra-driver")
    return clients.cql_session(server, *login)


def show_if_failed(test: pytest.Item, server: Server) -> None:
    """The end of the server's log, beside what else pytest tells of a test that failed."""
    test.add_report_section("teardown", f"log of Cassandra on {server}", server.log_tail())


@contextlib.contextmanager
def running(node: CassandraNode):
    node.start()
    try:
        yield node
    finally:
        node.kill()

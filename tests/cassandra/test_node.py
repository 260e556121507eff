import signal
from pathlib import Path

import pytest
from cassandra import ConsistencyLevel
from cassandra.query import SimpleStatement
from node import NodeFailed
from programs import eventually

TELL_AND_WAIT = """
import signal
from pathlib import Path

def test_it(cassandra_node):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    Path("pid").write_text(str(cassandra_node().pid) + ".")
    signal.pause()
"""


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def make_table(session, copies=1):
    session.execute(f"CREATE KEYSPACE kept WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': {copies}}}")
    session.execute("CREATE TABLE kept.rows (id int PRIMARY KEY)")


def write_rows(session, ids):
    """Acknowledged by every node that keeps them."""
    for id_ in ids:
        session.execute(SimpleStatement(f"INSERT INTO kept.rows (id) VALUES ({id_})", consistency_level=ConsistencyLevel.ALL))


def read_rows(session):
    return sorted(row.id for row in session.execute("SELECT id FROM kept.rows"))


def test_what_is_durable_outlives_a_kill_at_once(cassandra_node, session_with):
    node = cassandra_node(durable=True)
    session = session_with(node)
    make_table(session)
    write_rows(session, range(10))
    node.kill()
    assert not node.answers()
    node.start()
    assert read_rows(session_with(node)) == list(range(10))


def test_a_stopped_node_keeps_all_that_was_acknowledged(cassandra_node, session_with):
    node = cassandra_node()
    session = session_with(node)
    make_table(session)
    write_rows(session, range(10))
    node.stop()
    assert not is_running(node.pid)
    node.start()
    assert read_rows(session_with(node)) == list(range(10))


def test_a_paused_node_answers_only_after_it_was_resumed(cassandra_node):
    node = cassandra_node()
    node.pause()
    assert not node.answers()
    node.resume()
    assert node.answers()


def test_a_node_with_a_password_takes_nobody_without_it(cassandra_node, session_with):
    node = cassandra_node(password=True)
    assert session_with(node, "cassandra", "cassandra").execute("SELECT cluster_name FROM system.local").one() == ("tests",)
    for login in ([], ["cassandra", "wrong"]):
        with pytest.raises(Exception, match=r"Bad credentials|requires authentication"):
            session_with(node, *login)


@pytest.mark.slow
def test_two_nodes_form_a_ring_that_outlives_one_of_them(cassandra_ring, session_with):
    first, second = cassandra_ring(durable=True)
    assert (first.address, second.address) == ("127.0.0.1", "127.0.0.2")
    session = session_with(first)
    make_table(session, copies=2)
    write_rows(session, range(10))
    first.kill()
    second.wait_for_ring(1)
    assert read_rows(session_with(second)) == list(range(10))


def test_a_node_that_does_not_start_shows_the_end_of_its_log(cassandra_node):
    with pytest.raises(NodeFailed, match=r"^ended with \d+:\n(.*\n)*.*no_such_setting"):
        cassandra_node(no_such_setting=True)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_node_outlives_a_test_run_that_is_interrupted(run_pytest, cassandra_runtime, tmp_path, number):
    run = run_pytest(TELL_AND_WAIT)
    told = tmp_path / "run/pid"
    pid = int(run.wait_until(lambda: told.exists() and told.read_text().endswith("."), "a node runs") and told.read_text()[:-1])
    assert is_running(pid)
    run.signal(number)
    run.wait()
    eventually(lambda: not is_running(pid), "the node has ended")

def test_a_node_answers(cassandra):
    assert cassandra.answers()


def test_a_keyspace_is_there_and_empty(cql, keyspace):
    named = cql.execute("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = %s", [keyspace])
    assert [row.keyspace_name for row in named] == [keyspace]
    assert not list(cql.execute("SELECT * FROM system_schema.tables WHERE keyspace_name = %s", [keyspace]))


def test_every_test_has_a_keyspace_of_its_own(keyspace, new_keyspace):
    assert keyspace != new_keyspace()


def test_what_is_durable_outlives_a_kill_without_a_pause(cassandra_node, session_with):
    node = cassandra_node(durable=True)
    session = session_with(node)
    session.execute("CREATE KEYSPACE kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute("CREATE TABLE kept.rows (id int PRIMARY KEY)")
    for id_ in range(10):
        session.execute("INSERT INTO kept.rows (id) VALUES (%s)", [id_])
    node.kill()
    assert not node.answers()
    node.start()
    assert sorted(row.id for row in session_with(node).execute("SELECT id FROM kept.rows")) == list(range(10))


def test_a_paused_node_answers_again_after_it_was_resumed(cassandra_node):
    node = cassandra_node()
    node.pause()
    assert not node.answers()
    node.resume()
    assert node.answers()

import re

import pytest
from server import server_at

USE_A_KEYSPACE = """
from pathlib import Path

def test_it(cassandra, cql, keyspace):
    cql.execute(f"CREATE TABLE {keyspace}.rows (id int PRIMARY KEY)")
    Path("used").write_text(f"{keyspace} on {cassandra}")
"""
FAIL = "def test_it(keyspace): assert not keyspace"
RUN_S = 60


def tables(cql, keyspace):
    return [
        row.table_name for row in cql.execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s", [keyspace])
    ]


def keyspaces(cql):
    return {row.keyspace_name for row in cql.execute("SELECT keyspace_name FROM system_schema.keyspaces")}


def test_the_shared_server_answers(cassandra):
    assert cassandra.answers()


def test_a_keyspace_is_there_and_empty(cql, keyspace):
    assert keyspace in keyspaces(cql)
    assert tables(cql, keyspace) == []


def test_every_test_has_a_keyspace_of_its_own(keyspace, new_keyspace):
    assert len({keyspace, new_keyspace(), new_keyspace()}) == 3


def test_a_server_of_ones_own_is_used_and_nothing_stays_there(run_pytest, cassandra, cql, tmp_path):
    run = run_pytest(USE_A_KEYSPACE, CADENT_TEST_CASSANDRA=str(cassandra))
    assert run.wait(RUN_S) == 0, run.output
    keyspace, _, server = (tmp_path / "run/used").read_text().partition(" on ")
    assert server == str(cassandra)
    assert keyspace not in keyspaces(cql)


def test_the_log_of_the_server_is_shown_with_a_test_that_failed(run_pytest, cassandra):
    run = run_pytest(FAIL, CADENT_TEST_CASSANDRA=str(cassandra))
    assert run.wait(RUN_S) == 1
    assert f"log of Cassandra on {cassandra}" in run.output


@pytest.mark.parametrize("text", ["", "9042", "host", "host:", ":9042", "host:cql"])
def test_what_names_no_server_is_said(text):
    with pytest.raises(ValueError, match=re.escape(f"got {text!r}; want host:port")):
        server_at(text)

"""``cadent schema``, as a user runs it."""

import pytest
from programs import run_cadent

NOBODY = "cassandra://127.0.0.1:1/metrics"  # nothing listens there


@pytest.fixture
def run(tmp_path):
    """run(action, address, text): the command with a configuration file of this text."""

    def run(action: str, address: str, text: str = ""):
        file = tmp_path / "cadent.toml"
        file.write_text(text)
        return run_cadent("schema", action, "--store", address, "--config", file, cwd=tmp_path)

    return run


def test_what_print_prints_makes_a_keyspace_from_which_nothing_differs(run, cassandra, cql, new_keyspace):
    keyspace = new_keyspace()
    cql.execute(f"DROP KEYSPACE {keyspace}")
    printed = run("print", cassandra.store(keyspace))
    assert printed.returncode == 0
    for statement in printed.stdout.split(";"):
        if statement.strip():
            cql.execute(statement)
    diff = run("diff", cassandra.store(keyspace))
    assert (diff.returncode, diff.stderr) == (0, "")
    assert "nothing differs" in diff.stdout


def test_print_asks_no_server_and_has_a_table_for_each_step_of_all_ladders(run):
    printed = run("print", NOBODY, "[store]\nladder = '5s:1d,1m:30d'\n[[policy]]\nmatch = 'x'\nladder = '15m:90d'\n")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert all(f"metrics.chunk_{step_s} (" in printed.stdout for step_s in (5, 60, 900))


def test_apply_makes_what_is_missing_once_even_where_serve_may_not(run, cassandra, keyspace):
    address, forbidding = cassandra.store(keyspace), "[cassandra]\ncreate = false\n"
    before = run("diff", address, forbidding)
    assert before.returncode == 1
    assert "table chunk_set is missing\n" in before.stdout
    first, again, after = (run(action, address, forbidding) for action in ("apply", "apply", "diff"))
    assert [one.returncode for one in (first, again, after)] == [0, 0, 0]
    assert "chunk_set" in first.stdout
    assert "nothing is missing" in again.stdout


def test_diff_names_what_differs_and_changes_nothing(run, cassandra, cql, keyspace):
    run("apply", cassandra.store(keyspace))
    cql.execute(f"ALTER TABLE {keyspace}.writer DROP epoch")
    for _ in range(2):
        diff = run("diff", cassandra.store(keyspace))
        assert (diff.returncode, diff.stdout) == (1, "column writer.epoch is missing; want bigint\n")


def test_diff_makes_no_keyspace(run, cassandra, cql):
    diff = run("diff", cassandra.store("cadent_nowhere"))
    assert diff.returncode == 1
    assert "cadent_nowhere" in diff.stderr
    assert not cql.execute("SELECT * FROM system_schema.keyspaces WHERE keyspace_name = 'cadent_nowhere'").one()


def test_files_need_no_schema_is_a_sentence(tmp_path):
    done = run_cadent("schema", "print", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "cadent: chunks in files need no schema; name a keyspace with --store cassandra://HOST/KEYSPACE\n"


def test_a_server_that_is_away_is_a_sentence(run):
    done = run("diff", NOBODY)
    assert done.returncode == 1
    assert done.stderr.startswith("cadent: ")
    assert "127.0.0.1:1" in done.stderr
    assert done.stderr.count("\n") == 1

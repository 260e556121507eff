"""What services do while their Cassandra is away, hangs, or cannot be used at all."""

import contextlib

import pytest
from points import lines_of, past_points, wait_until_shown, wait_until_written
from programs import eventually, run_cadent


def compact(service) -> None:
    service.program.wait_until(lambda: service.command("compact").returncode == 0, "all is in chunks")


def unreachable(service, pattern: str) -> str | None:
    """What an answer says that it lacks; None while there is no answer."""
    with contextlib.suppress(OSError):
        answer = service.web.post("/render", target=pattern, format="json", noCache=1)
        return (answer.headers["X-Cadent-Unreachable"] or "") if answer.status == 200 else None
    return None


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped"])
def test_nothing_is_lost_or_doubled_while_the_server_is_away(serve, cassandra_node, store_of, is_killed):
    node = cassandra_node()
    flags = store_of(node, "away", request_timeout_s=3)
    writer, reader = serve(*flags), serve(*flags, "--read-only")
    sealed, published, meanwhile = (past_points(name, 20, 100) for name in "abc")
    writer.send(lines_of(sealed))
    wait_until_written(writer, len(sealed))
    compact(writer)
    writer.send(lines_of(published))
    wait_until_shown(reader, ["a.*", "b.*"], {**sealed, **published})
    node.kill() if is_killed else node.pause()
    writer.send(lines_of(meanwhile))
    wait_until_shown(writer, ["b.*", "c.*"], {**published, **meanwhile})
    eventually(lambda: unreachable(writer, "a.*"), "what is in chunks is said to be missing")
    eventually(lambda: unreachable(reader, "a.*"), "so it is elsewhere")
    node.start() if is_killed else node.resume()
    want = {**sealed, **published, **meanwhile}
    wait_until_shown(reader, ["a.*", "b.*", "c.*"], want)
    compact(writer)
    for service in (writer, reader):
        wait_until_shown(service, ["a.*", "b.*", "c.*"], want)
        assert unreachable(service, "a.*") == ""
    assert "started again" not in writer.program.output + reader.program.output
    assert len(writer.program.output.splitlines()) < 60, "no flood of lines"


def refused(tmp_path, *flags: object) -> str:
    """What is said by a service that cannot start."""
    addresses = ["--graphite", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    ended = run_cadent("serve", "--data", tmp_path / "data", *addresses, *flags, cwd=tmp_path)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    return ended.stderr


def test_a_server_that_is_not_there_is_named(tmp_path):
    assert "127.0.0.1:1," in refused(tmp_path, "--store", "cassandra://127.0.0.1:1/cadent")


def test_a_keyspace_that_may_not_be_created_is_named(tmp_path, cassandra, store_of):
    sentence = refused(tmp_path, *store_of(cassandra, "nowhere", create=False))
    assert "nowhere" in sentence
    assert "create" in sentence


def test_a_keyspace_that_is_not_there_cannot_be_read(tmp_path, cassandra, store_of):
    assert "nowhere" in refused(tmp_path, *store_of(cassandra, "nowhere"), "--read-only")


def test_a_keyspace_of_another_layout_is_refused(tmp_path, cassandra, cql, keyspace, store_of):
    cql.execute(f"CREATE TABLE {keyspace}.layout (id int PRIMARY KEY, name text, version int)")
    cql.execute(f"INSERT INTO {keyspace}.layout (id, name, version) VALUES (0, 'other', 7)")
    sentence = refused(tmp_path, *store_of(cassandra, keyspace))
    assert "'other'" in sentence
    assert "'chunks'" in sentence


def test_reading_needs_a_store_that_others_write_to(tmp_path):
    assert "--store cassandra://" in refused(tmp_path, "--read-only")


def test_a_folder_with_chunks_in_files_does_not_change_sides(serve, tmp_path, cassandra, keyspace):
    service = serve()
    service.stop()
    addresses = ["--graphite", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    ended = run_cadent("serve", "--data", service.data, "--store", cassandra.store(keyspace), *addresses, cwd=tmp_path)
    assert ended.returncode == 1
    assert "has chunks in files" in ended.stderr

"""``cadent verify``: data folders and keyspaces that are the same, and some that are not."""

import pytest
from points import PAST, lines_of, past_points, wait_until_written
from programs import run_cadent

CHANGED = ("a.p003", PAST + 70)  # one of past_points


@pytest.fixture
def filled(serve, quiet):
    """filled(points, ...flags): the data folder of a service that took these points, and has ended."""

    def fill(points, *flags, config=quiet):
        service = serve("--config", config, *flags)
        service.send([*lines_of(points), f"tagged;dc=x 1 {PAST}"])
        wait_until_written(service, len(points) + 1)
        service.command("compact")
        service.stop()
        return service.data

    return fill


def verify(folder, one, other, *more):
    return run_cadent("verify", "--from", one, "--to", other, *more, cwd=folder)


def test_folders_with_the_same_points_are_equal(filled, tmp_path):
    points = past_points("a", 5, 100)
    done = verify(tmp_path, filled(points), filled(dict(reversed(points.items()))))
    assert (done.returncode, done.stderr) == (0, "")
    # 500 points of ten seconds and the tagged one, and coarser ones of them.
    assert done.stdout.startswith("6 paths and ")
    assert "0 paths missing, 0 points differ" in done.stdout


def test_a_single_changed_point_is_found_with_path_time_and_both_points(filled, tmp_path):
    points = past_points("a", 5, 100)
    count, total = points[CHANGED]
    done = verify(tmp_path, filled(points), filled({**points, CHANGED: (count, total + 0.5)}))
    assert (done.returncode, done.stderr) == (1, "")
    finest = [line for line in done.stdout.splitlines() if "step 10s" in line]
    assert len(finest) == 1
    assert finest[0].startswith(f"{CHANGED[0]} at ")
    assert f"({CHANGED[1]})" in finest[0]
    assert f"sum {total!r}" in finest[0]
    assert f"sum {total + 0.5!r}" in finest[0]


@pytest.mark.parametrize("turned", [False, True])
def test_a_point_that_only_one_has_is_found(filled, tmp_path, turned):
    points = past_points("a", 5, 100)
    one, other = filled(points), filled({key: point for key, point in points.items() if key != CHANGED})
    done = verify(tmp_path, *((other, one) if turned else (one, other)))
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if "step 10s" in line)
    assert "no point" in line
    assert f"({CHANGED[1]})" in line


def test_a_path_that_only_the_first_has_is_found(filled, tmp_path):
    more, points = past_points("b", 1, 1), past_points("a", 2, 3)
    one, other = filled({**points, **more}), filled(points)
    done = verify(tmp_path, one, other)
    assert done.returncode == 1
    assert done.stdout.startswith("b.p000: missing\n")
    assert verify(tmp_path, other, one).returncode == 0


def test_a_folder_and_a_keyspace_are_compared(filled, cassandra, keyspace, tmp_path):
    points = past_points("a", 5, 100)
    address = cassandra.store(keyspace)
    filled(points, "--store", address)
    same = verify(tmp_path, filled(points), address)
    assert (same.returncode, same.stderr) == (0, "")
    count, total = points[CHANGED]
    other = verify(tmp_path, address, filled({**points, CHANGED: (count, total + 0.5)}))
    assert other.returncode == 1
    assert f"({CHANGED[1]}), step 10s" in other.stdout


def test_what_is_no_data_folder_is_a_sentence(tmp_path):
    done = verify(tmp_path, tmp_path, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cadent: {tmp_path} has no data of cadent; say with --data where they are\n"


def test_a_keyspace_without_data_is_a_sentence_and_not_equal_to_anything(filled, cassandra, keyspace, tmp_path):
    done = verify(tmp_path, cassandra.store(keyspace), filled(past_points("a", 1, 1)))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"keyspace {keyspace}: there are no data of cadent" in done.stderr


def test_a_keyspace_without_a_writer_is_not_equal_to_anything(filled, cassandra, keyspace, tmp_path):
    address = cassandra.store(keyspace)
    assert run_cadent("schema", "apply", "--store", address, cwd=tmp_path).returncode == 0
    done = verify(tmp_path, address, filled(past_points("a", 1, 1)))
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no writer" in done.stderr


def test_a_keyspace_that_is_not_there_is_a_sentence(filled, cassandra, tmp_path):
    done = verify(tmp_path, filled(past_points("a", 1, 1)), cassandra.store("cadent_nowhere"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "cadent_nowhere" in done.stderr
